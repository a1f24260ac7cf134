import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Chunk } from '../../src/core/chunk.ts';
import type { PageResult } from '../../src/core/page.ts';
import { SYSTEMIC_PAGES, SystemicFailureWatch } from '../../src/core/systemic-failure.ts';
import { realDisk } from '../../src/files/disk.ts';
import type { ChunkResultLine } from '../../src/runs/page-results.ts';
import { workChunk } from '../../src/work/work-chunk.ts';
import { DocumentBudgets } from '../../src/work/document-budgets.ts';
import type { WorkerPool } from '../../src/work/worker-pool.ts';
import { LIMITS, makePool, RECIPE } from './pool-setup.ts';

describe('work on a chunk', () => {
  let pool: WorkerPool;
  let folder: string;
  let read: number[];
  beforeEach(async () => {
    pool = makePool(2);
    folder = await mkdtemp(join(tmpdir(), 'chunk-'));
    read = [];
  });
  afterEach(async () => {
    await pool.kill();
    await rm(folder, { recursive: true, force: true });
  });

  function chunkOf(file: string, pageNumbers: number[]): Chunk {
    return { id: 'c1', ranges: [{ sha1: 'abc', file, pageNumbers }], recipe: RECIPE, limits: LIMITS };
  }

  function work(chunk: Chunk): Promise<void> {
    const onPage = (_sha1: string, page: PageResult): void => void read.push(page.pageNumber);
    const around = {
      pool,
      disk: realDisk,
      watch: new SystemicFailureWatch(),
      budgets: new DocumentBudgets(),
      nameOf: () => 'a.pdf',
      onPage,
    };
    return workChunk(
      chunk,
      { partial: join(folder, 'c1.partial'), result: join(folder, 'c1.ndjson') },
      around,
      new AbortController().signal,
    );
  }

  async function results(): Promise<ChunkResultLine[]> {
    const text = await readFile(join(folder, 'c1.ndjson'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line.includes('"page"'))
      .map((line) => JSON.parse(line) as ChunkResultLine);
  }

  it('writes a result for every page, failed ones with their reason', async () => {
    await work(chunkOf('page-error', [1, 2]));
    const lines = await results();
    expect(lines.map(({ page }) => [page.state, page.error?.code])).toEqual([
      ['failed', 'PAGE_DAMAGED'],
      ['failed', 'PAGE_DAMAGED'],
    ]);
  });

  it('does not read again what an earlier try left, and survives its torn last line', async () => {
    const line = (pageNumber: number): string =>
      JSON.stringify({ sha1: 'abc', recipe: RECIPE.digest, page: { pageNumber, state: 'blank', blocks: [] } });
    await writeFile(join(folder, 'c1.partial'), `${line(1)}\n${line(2)}\n${line(3).slice(0, 40)}`);
    await work(chunkOf('ok', [1, 2, 3, 4]));
    expect(read.sort((a, b) => a - b)).toEqual([3, 4]);
    const text = await readFile(join(folder, 'c1.ndjson'), 'utf8');
    expect(text.split('\n')).toHaveLength(7);
    await expect(access(join(folder, 'c1.partial'))).rejects.toThrow('ENOENT');
  });

  it('stops with one sentence when page after page fails the same way, whatever the document', async () => {
    const pageNumbers = Array.from({ length: 20 }, (_, index) => index + 1);
    const ranges = ['a', 'b', 'c'].map((sha1) => ({ sha1, file: `engine-error ${sha1}`, pageNumbers }));
    const chunk = { ...chunkOf('', []), ranges };
    await expect(work(chunk)).rejects.toMatchObject({ code: 'ENGINE_BROKEN', exitCode: 69 });
    expect(read.length).toBeGreaterThanOrEqual(SYSTEMIC_PAGES);
    // At most twice: a first dozen of one document alone is put down to that document, as a page of our own can be read.
    expect(read.length).toBeLessThanOrEqual(2 * SYSTEMIC_PAGES + 4);
    await expect(access(join(folder, 'c1.ndjson'))).rejects.toThrow('ENOENT');
  });

  it('goes on where all pages of one document fail in the engine, while a page of our own can be read', async () => {
    await work(
      chunkOf(
        'engine-error',
        Array.from({ length: 30 }, (_, index) => index + 1),
      ),
    );
    expect((await results()).map(({ page }) => page.error?.code)).toEqual(Array(30).fill('ENGINE_FAILED'));
  });

  it('leaves the rest of a document whose pages take for ever, and says which setting raises that', async () => {
    const limits = { ...LIMITS, seconds: 0.2, documentFailures: 3 };
    const chunk = { ...chunkOf('', []), limits };
    const pageNumbers = Array.from({ length: 40 }, (_, index) => index + 1);
    const ranges = [
      { sha1: 'slow', file: 'hang-drawing', pageNumbers },
      { sha1: 'good', file: 'ok', pageNumbers },
    ];
    await work({ ...chunk, ranges });
    const ends = await results();
    const of = (sha1: string): (string | undefined)[] =>
      ends.filter((line) => line.sha1 === sha1).map(({ page }) => page.error?.code ?? page.state);
    expect(of('good')).toEqual(Array(40).fill('done'));
    expect(of('slow').filter((code) => code === 'PAGE_TIMEOUT').length).toBeLessThanOrEqual(5);
    expect(of('slow').filter((code) => code === 'PAGE_NOT_TRIED').length).toBeGreaterThanOrEqual(35);
    const left = ends.find(({ page }) => page.error?.code === 'PAGE_NOT_TRIED')?.page.error;
    expect(left).toMatchObject({
      message: 'Not tried: 3 pages of this document in a row ran out of time or memory, or broke the program.',
      remedy: '--document-failures 30   to try more of them.',
    });
  });

  it('does not take a damaged book for a broken system', async () => {
    const pages = Array.from({ length: 60 }, (_, index) => index + 1);
    await work(chunkOf('page-error', pages));
    expect(await results()).toHaveLength(60);
  });

  it('stops at once when the engine is gone, and keeps what was read', async () => {
    await expect(work(chunkOf('missing', [1, 2, 3]))).rejects.toMatchObject({ code: 'TESSERACT_MISSING' });
    await access(join(folder, 'c1.partial'));
  });
});
