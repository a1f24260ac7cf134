import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/core/recipe.ts';
import { realDisk } from '../../src/files/disk.ts';
import type { RunNotice } from '../../src/core/progress.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { writeSmallPdf } from '../../src/renderers/write-small-pdf.ts';
import { makeScan } from './make-scan.ts';
import { digestFolder, pagesRead, run } from './run-support.ts';

describe('a run whose own files were damaged', () => {
  let base: string;
  let expected: Record<string, string>;
  let folder: string;
  let places: { input: string; output: string; workDir: string };
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'damaged-run-'));
    places = { input: join(base, 'in'), output: join(base, 'out'), workDir: join(base, 'runs') };
    await mkdir(places.input);
    await writeFile(join(places.input, 'a.pdf'), makeScan(3, 1));
    await writeFile(join(places.input, 'b.pdf'), makeScan(2, 2));
    ({ folder } = await run(places));
    expected = await digestFolder(places.output);
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  async function pagesFiles(): Promise<string[]> {
    const documents = join(folder, 'documents');
    const names = await readdir(documents, { recursive: true });
    return names.filter((name) => name.endsWith('.ndjson')).map((name) => join(documents, name));
  }

  async function change(file: string, edit: (text: string) => string): Promise<void> {
    const text = await readFile(file, 'utf8');
    const changed = edit(text);
    expect(changed).not.toBe(text);
    await writeFile(file, changed);
  }

  /** The same command, its results gone: it must end in the same bytes. Answers with the pages it read, and its notices. */
  async function again(): Promise<{ read: string[]; notices: RunNotice[] }> {
    await rm(places.output, { recursive: true, force: true });
    const before = await pagesRead(folder);
    const notices: RunNotice[] = [];
    const outcome = await run({ ...places, notices });
    expect(outcome.state.documents.size).toBe(2);
    expect(await digestFolder(places.output)).toEqual(expected);
    const left = [...before];
    const read = (await pagesRead(folder)).filter((page) => {
      const index = left.indexOf(page);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    return { read: read.length > 0 ? read : await countAgain(before), notices };
  }

  /** Pages that stand in the log more often than before. */
  async function countAgain(before: readonly string[]): Promise<string[]> {
    const after = await pagesRead(folder);
    return after.filter((page, index) => after.indexOf(page) !== index && before.length < after.length);
  }

  it('a flipped key in a page result: that page is read again, and only that', async () => {
    const [file = ''] = await pagesFiles();
    await change(file, (text) => text.replace('"blocks"', '"blokks"'));
    expect((await again()).read).toHaveLength(1);
  });

  it('a flipped letter of the text of a page is not delivered: the page is read again', async () => {
    const [file = ''] = await pagesFiles();
    await change(file, (text) => text.replace(/"text":"(\w)/, (all, letter) => all.replace(`"${letter}`, '"#')));
    expect((await again()).read).toHaveLength(1);
  });

  it('a run of an older version, without checksums and format numbers, goes on as it was', async () => {
    for (const file of [...(await pagesFiles()), join(folder, 'ledger.ndjson')])
      await change(file, (text) =>
        text.replaceAll(/,"crc32":"[0-9a-f]{8}"\}$/gm, '}').replaceAll(/,"format":2(?=[,}])/g, ''),
      );
    expect(await readFile(join(folder, 'ledger.ndjson'), 'utf8')).not.toMatch(/"format":2[,}]|crc32/);
    const record = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as Record<string, unknown>;
    delete record['format'];
    delete record['digest'];
    await writeFile(join(folder, 'run.json'), JSON.stringify(record, null, 2));
    const { read, notices } = await again();
    expect(read).toEqual([]);
    expect(notices.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('a damaged header, an empty file, and zeros after a power cut cost no more than the pages they held', async () => {
    const [first = '', second = ''] = await pagesFiles();
    await change(first, (text) => text.replace('"pageCount"', '"pageCoumt"'));
    expect((await again()).read).toEqual([]);
    await truncate(first, 0);
    const { length } = await readFile(second);
    await writeFile(second, Buffer.alloc(length));
    expect((await again()).read).toHaveLength(5);
  });

  it.skipIf(process.platform === 'win32')(
    'a named pipe in the place of page results is not waited for: those pages are read again',
    async () => {
      const [first = ''] = await pagesFiles();
      const pages = (await readFile(first, 'utf8')).trim().split('\n').length - 1;
      await rm(first);
      execFileSync('mkfifo', [first]);
      expect((await again()).read).toHaveLength(pages);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'a named pipe in the place of the ledger is told, and moved away costs no page',
    async () => {
      const ledger = join(folder, 'ledger.ndjson');
      await rm(ledger);
      execFileSync('mkfifo', [ledger]);
      await expect(run(places)).rejects.toMatchObject({
        code: 'RUN_DAMAGED',
        message: `${ledger} is a named pipe, not a file.`,
      });
      await rm(ledger);
      expect((await again()).read).toEqual([]);
    },
  );

  it('a damaged event is left out with a warning', async () => {
    await change(join(folder, 'ledger.ndjson'), (text) => text.replace('"pageCount"', '"pageKount"'));
    const { notices } = await again();
    expect(notices.map(({ code }) => code)).toContain('LEDGER_DAMAGED');
  });

  it.each(['fetched', 'inspected', 'pages', 'delivered', 'document-done'])(
    'a damaged event of a document, "%s", leaves none of its results out, and reads no page again',
    async (type) => {
      await change(join(folder, 'ledger.ndjson'), (text) =>
        text.replace(`"type":"${type}","document"`, `"type":"${type}","dokument"`),
      );
      const { read, notices } = await again();
      expect(read).toEqual([]);
      expect(notices.map(({ code }) => code)).toContain('LEDGER_DAMAGED');
    },
  );

  it.each([
    ['not JSON', (text: string) => text.replace('{', '[')],
    ['a flipped key', (text: string) => text.replace('"recipe"', '"recipf"')],
    ['a flipped letter of a path', (text: string) => text.replace('/in"', '/im"')],
    ['a flipped key of its format', (text: string) => text.replace('"format"', '"fornat"')],
    ['a flipped number of its format', (text: string) => text.replace('"format": 2', '"format": 6')],
    ['a flipped key of its digest', (text: string) => text.replace('"digest"', '"dagest"')],
    ['null', () => 'null'],
    ['nothing', () => ''],
  ])('run.json with %s is told as damaged, and the same command begins anew with all pages', async (_what, edit) => {
    await change(join(folder, 'run.json'), edit);
    await expect(RunFolder.open(folder, realDisk)).rejects.toMatchObject({ code: 'RUN_DAMAGED', exitCode: 78 });
    const { read, notices } = await again();
    expect(read).toEqual([]);
    expect(notices.map(({ code }) => code)).toContain('RUN_DAMAGED');
  });

  it('a run of a newer version is refused with words', async () => {
    const record = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as Record<string, unknown>;
    delete record['digest'];
    const newer = { ...record, format: 99 };
    await writeFile(join(folder, 'run.json'), JSON.stringify({ ...newer, digest: digestOf(newer) }));
    await expect(run(places)).rejects.toMatchObject({
      code: 'RUN_NEWER',
      exitCode: 78,
      message: expect.stringContaining('newer version') as string,
    });
  });

  it('the ledger says its format, and one of a newer version is refused with words', async () => {
    const ledger = join(folder, 'ledger.ndjson');
    const [first = ''] = (await readFile(ledger, 'utf8')).split('\n');
    expect(JSON.parse(first)).toMatchObject({ type: 'session-started', format: 2 });
    await change(ledger, (text) =>
      text.replace(first, first.replace('"format":2', '"format":99').replace(/,"crc32.*/, '}')),
    );
    await expect(run(places)).rejects.toMatchObject({ code: 'RUN_NEWER', exitCode: 78 });
  });

  it('any flipped byte anywhere leaves results as they were', async () => {
    expect.hasAssertions();
    let state = 5;
    for (const file of [...(await pagesFiles()), join(folder, 'ledger.ndjson'), join(folder, 'progress.json')]) {
      const bytes = await readFile(file);
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const at = state % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (state >>> 29));
      await writeFile(file, bytes);
      await again();
    }
  });
});

describe('a page object that is listed thousands of times', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'listed-'));
    await mkdir(join(base, 'in'));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it.each([
    [
      'is read once',
      '<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R>>',
      'q 10 10 50 50 re f Q',
      'done',
    ],
    ['fails once', '(no page)', '', 'failed'],
  ])(
    '%s',
    async (_what, page, content, end) => {
      const times = 9_900;
      const pdf = writeSmallPdf([
        { head: '<</Type/Catalog/Pages 2 0 R>>' },
        { head: `<</Type/Pages/Count ${times}/Kids[${'3 0 R '.repeat(times)}]>>` },
        { head: end === 'failed' ? page.replace('(no page)', '<</Type/Page/Contents 5 0 R>>') : page },
        { head: `<</Length ${content.length}>>`, stream: Buffer.from(content) },
        { head: '<</Length 20/Filter/NoSuchFilter>>', stream: Buffer.from('x'.repeat(20)) },
      ]);
      await writeFile(join(base, 'in', 'many.pdf'), pdf);
      const { folder, state } = await run({
        input: join(base, 'in'),
        output: join(base, 'out'),
        workDir: join(base, 'runs'),
        settings: { formats: ['txt'] },
      });
      expect(await pagesRead(folder)).toHaveLength(1);
      const [document] = state.documents.values();
      expect(document?.pages.size).toBe(times);
      const states = new Set([...(document?.pages.values() ?? [])].map(({ state }) => state));
      expect(states.size).toBe(1);
      if (end === 'failed') expect(states).toEqual(new Set(['failed']));
      else expect(states).not.toContain('failed');
    },
    120_000,
  );
});
