import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PageResult } from '../../src/core/page.ts';
import { realDisk } from '../../src/files/disk.ts';
import { sealLine } from '../../src/files/ndjson.ts';
import { PageResultIndex, writePagesFile } from '../../src/runs/page-results.ts';
import { assemble } from '../../src/stages/assemble.ts';

const CALM = new AbortController().signal;
const page = (pageNumber: number): PageResult => ({ pageNumber, state: 'blank', blocks: [] });

describe('page results that are no longer what was written', () => {
  let folder: string;
  let pagesFile: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assemble-'));
    pagesFile = join(folder, 'pages.ndjson');
    const header = { sha1: 'a', recipe: 'r', pageCount: 3, repaired: false };
    async function* pages(): AsyncGenerator<PageResult> {
      for (const each of [1, 2, 3]) yield await Promise.resolve(page(each));
    }
    await writePagesFile(pagesFile, header, pages(), realDisk);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = (): Promise<unknown> =>
    assemble(
      {
        sourceFile: join(folder, 'a.pdf'),
        sourceSha1: 'a',
        documentPath: 'a.pdf',
        pagesFile,
        folder,
        baseName: 'a',
        formats: ['txt'],
        recipe: {
          digest: 'r',
          language: 'eng',
          engine: 'null',
          engineVersion: '1',
          models: {},
          dpi: 300,
          mode: 'skip',
        },
        programVersion: '1',
      } as unknown as Parameters<typeof assemble>[0],
      CALM,
    );

  it.each([
    ['a line', (text: string) => text.replace('"pageNumber":2', '"pageNumber":7')],
    ['the last line', (text: string) => text.split('\n').slice(0, 3).join('\n')],
    ['the header', (text: string) => text.replace('"recipe"', '"recipf"')],
    ['everything', () => ''],
  ])('cost their document, and leave nothing of it: %s', async (_what, edit) => {
    await put();
    await rm(join(folder, 'a.txt'));
    await writeFile(pagesFile, edit(await readFile(pagesFile, 'utf8')));
    await expect(put()).rejects.toMatchObject({ code: 'RESULTS_DAMAGED', scope: 'document', exitCode: 65 });
    expect(await readdir(folder)).toEqual(['pages.ndjson']);
  });

  it('cost their document also where they lie in the file of a chunk', async () => {
    const file = join(folder, 'c.ndjson');
    const text = [1, 2].map((each) => sealLine({ sha1: 'a', recipe: 'r', page: page(each) })).join('');
    await writeFile(file, text);
    const index = new PageResultIndex('r');
    await index.add(file, true);
    await writeFile(file, text.replace('"pageNumber":2', '"pageNumber":3'));
    const readAll = async (pageCount: number): Promise<number[]> => {
      const numbers: number[] = [];
      for await (const { pageNumber } of index.read('a', pageCount)) numbers.push(pageNumber);
      return numbers;
    };
    expect(await readAll(1)).toEqual([1]);
    await expect(readAll(2)).rejects.toMatchObject({ code: 'RESULTS_DAMAGED', scope: 'document' });
    index.forget('a');
    await expect(readAll(1)).rejects.toMatchObject({ code: 'RESULTS_DAMAGED', scope: 'document' });
  });
});
