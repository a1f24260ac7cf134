import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoppedError } from '../../src/core/errors.ts';
import { countRun } from '../../src/core/run-state.ts';
import { makeScan } from './make-scan.ts';
import { digestFolder, pagesRead, resume, run, type TestRun } from './run-support.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/ocr-pipeline.js');

describe('a run', () => {
  let base: string;
  let input: string;
  let test: TestRun;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runs-'));
    input = join(base, 'in');
    await mkdir(join(input, 'sub'), { recursive: true });
    await writeFile(join(input, 'a.pdf'), makeScan(12, 1));
    await writeFile(join(input, 'b.pdf'), makeScan(2, 2));
    await writeFile(join(input, 'sub/c.pdf'), makeScan(3, 3));
    test = { input, output: join(base, 'out'), workDir: join(base, 'runs') };
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('gives every document and page one end, and counts that add up', async () => {
    await writeFile(join(input, 'empty.pdf'), '');
    await writeFile(join(input, 'notes.txt'), 'x');
    const { state, reportFile } = await run(test);
    const { documents, pages } = countRun(state);
    expect(documents).toEqual({ listed: 4, done: 3, failed: 1, waiting: 0, leftOut: 1 });
    expect(pages).toMatchObject({ known: 17, done: 17, failed: 0, waiting: 0 });
    expect(state.documents.get(join(input, 'empty.pdf'))?.error?.code).toBe('PDF_EMPTY');
    expect(await readFile(reportFile ?? '', 'utf8')).toContain('3 of 4 documents are complete');
    expect(Object.keys(await digestFolder(test.output))).toEqual([
      'a.pdf',
      'a.txt',
      'b.pdf',
      'b.txt',
      'sub/c.pdf',
      'sub/c.txt',
    ]);
  });

  it('puts pages in numeric order, one form feed between them', async () => {
    await run(test);
    const text = await readFile(join(test.output, 'a.txt'), 'utf8');
    const alone = await run({ ...test, input: join(input, 'a.pdf'), output: join(base, 'out2'), jobs: 8 });
    expect(text.split('\f')).toHaveLength(12);
    expect(new Set(text.split('\f')).size).toBe(12);
    expect(await readFile(join(base, 'out2/a.txt'), 'utf8')).toBe(text);
    expect(countRun(alone.state).pages.done).toBe(12);
  });

  it('writes the same bytes with one worker and with eight', async () => {
    const formats = ['txt', 'pdf', 'hocr', 'alto', 'tsv', 'jsonl'] as const;
    await run({ ...test, jobs: 1, settings: { formats } });
    await run({ ...test, jobs: 8, settings: { formats }, output: join(base, 'out8'), workDir: join(base, 'runs8') });
    const one = await digestFolder(test.output);
    expect(Object.keys(one)).toHaveLength(18);
    expect(await digestFolder(join(base, 'out8'))).toEqual(one);
  });

  it('does nothing again when nothing changed, and puts back what somebody removed', async () => {
    const first = await run(test);
    const before = await pagesRead(first.folder);
    await run(test);
    expect(await pagesRead(first.folder)).toEqual(before);
    await unlink(join(test.output, 'b.txt'));
    const again = await run(test);
    expect(await readdir(test.output)).toContain('b.txt');
    expect(await pagesRead(first.folder)).toEqual(before);
    expect(again.folder).toBe(first.folder);
  });

  it('reads a changed document again and nothing else; a renamed one not at all', async () => {
    const first = await run(test);
    await writeFile(join(input, 'b.pdf'), makeScan(2, 22));
    await rename(join(input, 'a.pdf'), join(input, 'z.pdf'));
    const before = (await pagesRead(first.folder)).length;
    await run(test);
    const after = await pagesRead(first.folder);
    expect(after.length - before).toBe(2);
    expect(after.filter((page) => page.startsWith('b.pdf'))).toHaveLength(4);
    expect(await readdir(test.output)).toContain('z.txt');
  });

  it('reads nothing again for other formats, everything for another language', async () => {
    const first = await run(test);
    const other = await run({ ...test, settings: { formats: ['tsv'] } });
    expect(other.folder).not.toBe(first.folder);
    expect(await pagesRead(other.folder)).toEqual([]);
    expect(await readdir(test.output)).toContain('a.tsv');
    const german = await run({ ...test, settings: { language: 'deu' } });
    expect(await pagesRead(german.folder)).toHaveLength(17);
  });

  it('tries failed pages again, and only those', async () => {
    await writeFile(join(input, 'damaged.pdf'), makeScan(3, 9, 2));
    const first = await run(test);
    const failed = [...first.state.documents.values()].filter(({ stage }) => stage === 'failed');
    expect(failed.map(({ source }) => source.path)).toEqual(['damaged.pdf']);
    const before = await pagesRead(first.folder);
    const second = await run(test);
    const more = (await pagesRead(second.folder)).filter((page) => !before.includes(page));
    expect(before.filter((page) => page.startsWith('damaged.pdf'))).toHaveLength(3);
    expect(more).toEqual([]);
    expect((await pagesRead(second.folder)).length).toBe(before.length + 1);
    expect((await readFile(join(test.output, 'damaged.txt'), 'utf8')).split('\f')[1]).toBe('\n');
    await writeFile(join(input, 'damaged.pdf'), makeScan(3, 9));
    const third = await run(test);
    expect(countRun(third.state).documents).toMatchObject({ done: 4, failed: 0 });
  });

  it('leaves files of others alone, says so, and takes their place when told', async () => {
    await mkdir(test.output);
    await writeFile(join(test.output, 'b.txt'), 'mine');
    const stopped = await run(test);
    expect(stopped.state.documents.get(join(input, 'b.pdf'))?.error?.code).toBe('NAME_TAKEN');
    expect(await readFile(join(test.output, 'b.txt'), 'utf8')).toBe('mine');
    await run({ ...test, settings: { onConflict: 'rename' } });
    expect(await readFile(join(test.output, 'b.txt'), 'utf8')).toBe('mine');
    expect((await readFile(join(test.output, 'b (2).txt'), 'utf8')).length).toBeGreaterThan(10);
    await run({ ...test, settings: { onConflict: 'version' } });
    expect(await readFile(join(test.output, 'b.txt'), 'utf8')).toBe(
      await readFile(join(test.output, 'b (2).txt'), 'utf8'),
    );
  });

  it('never writes over a scan', async () => {
    await expect(run({ ...test, output: input })).rejects.toMatchObject({ code: 'OUTPUT_IS_INPUT', exitCode: 64 });
    const scans = await digestFolder(input);
    const one = await run({ ...test, input: join(input, 'b.pdf'), output: input, settings: { onConflict: 'version' } });
    expect([...one.state.documents.values()][0]?.error?.code).toBe('NAME_TAKEN');
    expect(await digestFolder(input)).toMatchObject(scans);
  });

  it('does not take its own results for scans when they go into a folder of the scans', async () => {
    const inside = { ...test, output: join(input, 'OCR') };
    await run(inside);
    const { state } = await run(inside);
    expect(countRun(state).documents).toMatchObject({ listed: 3, done: 3, leftOut: 1 });
  });

  it('reads a document that is there twice once, and delivers it twice', async () => {
    await writeFile(join(input, 'a copy.pdf'), makeScan(12, 1));
    const { folder } = await run(test);
    expect((await pagesRead(folder)).length).toBe(17);
    expect(await readFile(join(test.output, 'a copy.txt'), 'utf8')).toBe(
      await readFile(join(test.output, 'a.txt'), 'utf8'),
    );
  });

  it('keeps at most six files a document, and no chunks', async () => {
    const { folder } = await run({ ...test, settings: { formats: ['txt', 'pdf', 'hocr', 'alto', 'tsv', 'jsonl'] } });
    expect(await readdir(join(folder, 'chunks'))).toEqual([]);
    const files = Object.keys(await digestFolder(join(folder, 'documents')));
    expect(files.length).toBeLessThanOrEqual(3 * 6);
  });

  it('stops tidily when asked, and goes on by name to the same bytes', async () => {
    await run({ ...test, output: join(base, 'whole'), workDir: join(base, 'whole-runs') });
    const aborter = new AbortController();
    const onProgress = ({ pages }: { pages: { done: number } }): void => {
      if (pages.done >= 1) aborter.abort(new StoppedError('STOPPED', 'Stop.'));
    };
    process.env['OCR_PIPELINE_NULL_DELAY_MS'] = '150';
    try {
      await expect(run({ ...test, signal: aborter.signal, onProgress })).rejects.toMatchObject({
        code: 'STOPPED',
        exitCode: 75,
      });
    } finally {
      delete process.env['OCR_PIPELINE_NULL_DELAY_MS'];
    }
    const [name = ''] = await readdir(test.workDir);
    const before = await pagesRead(join(test.workDir, name));
    expect(before.length).toBeLessThan(17);
    await resume(name, test);
    const read = await pagesRead(join(test.workDir, name));
    expect(read).toHaveLength(17);
    expect(new Set(read).size).toBe(17);
    expect(await digestFolder(test.output)).toEqual(await digestFolder(join(base, 'whole')));
  });

  it('keeps a second run of the same things out, and says who is at it', async () => {
    process.env['OCR_PIPELINE_NULL_DELAY_MS'] = '200';
    try {
      const first = run(test);
      await new Promise((done) => setTimeout(done, 400));
      await expect(run(test)).rejects.toMatchObject({ code: 'RUN_BUSY', exitCode: 75 });
      const other = run({ ...test, settings: { formats: ['hocr'] } });
      const { state } = await first;
      expect(countRun(state).documents).toMatchObject({ done: 3, failed: 0 });
      expect(countRun((await other).state).documents).toMatchObject({ done: 3, failed: 0 });
    } finally {
      delete process.env['OCR_PIPELINE_NULL_DELAY_MS'];
    }
  });

  it('notices a scan that changes while it is read', async () => {
    process.env['OCR_PIPELINE_NULL_DELAY_MS'] = '100';
    const touched = { done: false };
    const onProgress = ({ pages }: { pages: { done: number } }): void => {
      if (pages.done < 1 || touched.done) return;
      touched.done = true;
      void utimes(join(input, 'a.pdf'), new Date(), new Date(Date.now() + 5_000));
    };
    try {
      const { state } = await run({ ...test, onProgress, jobs: 1 });
      expect(state.documents.get(join(input, 'a.pdf'))?.error?.code).toBe('SOURCE_CHANGED');
      expect(await readdir(test.output)).not.toContain('a.txt');
    } finally {
      delete process.env['OCR_PIPELINE_NULL_DELAY_MS'];
    }
    const { state } = await run(test);
    expect(countRun(state).documents).toMatchObject({ done: 3, failed: 0 });
  });

  it('says what is missing where there is nothing to read', async () => {
    await mkdir(join(base, 'nothing'));
    await writeFile(join(base, 'nothing/a.txt'), '');
    await expect(run({ ...test, input: join(base, 'nothing') })).rejects.toMatchObject({
      code: 'NO_PDFS',
      exitCode: 66,
    });
    await expect(run({ ...test, input: join(base, 'nowhere') })).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      exitCode: 66,
    });
  });

  it('survives kill -9 at any moment, again and again, and ends in the same bytes', async () => {
    await run({ ...test, output: join(base, 'whole'), workDir: join(base, 'whole-runs') });
    const expected = await digestFolder(join(base, 'whole'));
    const args = [
      PROGRAM,
      'run',
      '--input',
      input,
      '--output',
      test.output,
      '--work-dir',
      test.workDir,
      '--engine',
      'null',
      '--jobs',
      '2',
    ];
    let kills = 0;
    let seed = 7;
    for (let n = 0; n < 40; n++) {
      const child = spawn(process.execPath, args, {
        stdio: 'ignore',
        env: { ...process.env, OCR_PIPELINE_NULL_DELAY_MS: '250' },
      });
      seed = (seed * 16_807) % 2_147_483_647;
      // Each life may last longer than the one before, so that a machine comes to its end, however slow it is.
      const timer = setTimeout(() => child.kill('SIGKILL'), (500 + (seed % 1_100)) * 1.12 ** n);
      const [code] = (await once(child, 'exit')) as [number | null];
      clearTimeout(timer);
      if (code === 0) break;
      expect(code).toBeNull();
      kills++;
    }
    expect(kills).toBeGreaterThan(1);
    expect(await digestFolder(test.output)).toEqual(expected);
    const [name = ''] = await readdir(test.workDir);
    const read = await pagesRead(join(test.workDir, name));
    // The log may lose its last second at a kill; pages in hand may be read twice, no others.
    expect(new Set(read).size).toBeLessThanOrEqual(17);
    expect(read.length - new Set(read).size).toBeLessThanOrEqual(kills * 2);
    expect((await readdir(join(test.workDir, name, 'chunks'))).length).toBe(0);
  });
});
