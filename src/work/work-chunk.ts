import type { Chunk, PageRange } from '../core/chunk.ts';
import { DocumentError, MissingDependencyError, PageError, throwIfStopped } from '../core/errors.ts';
import type { PageResult } from '../core/page.ts';
import { SYSTEMIC_PAGES, type SystemicFailureWatch } from '../core/systemic-failure.ts';
import type { AppendFile, Disk } from '../runs/disk.ts';
import { parseLine, readLines } from '../runs/ndjson.ts';
import type { ChunkResultLine } from '../runs/page-results.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Time a worker has for a page beyond the page's own limit: its start, and opening the file. */
const START_GRACE_MS = 15_000;

/** Where the results of a chunk go. */
export interface ChunkFiles {
  /** Grows while pages come in. */
  readonly partial: string;
  /** Made by renaming `partial` when every page has its result: its existence is the proof. */
  readonly result: string;
}

export interface ChunkSurroundings {
  readonly pool: WorkerPool;
  readonly disk: Disk;
  /** Shared by all chunks of this machine. */
  readonly watch: SystemicFailureWatch;
  /** Names a document in what people see. */
  label(sha1: string): string;
  /** Hears of each page as its result is on disk. */
  onPage(sha1: string, page: PageResult): void;
}

/**
 * Reads all pages of a chunk on the pool and writes their results, a line each as they come. Pages that an earlier try
 * left in the partial file are not read again.
 * @throws {MissingDependencyError} `ENGINE_BROKEN`: the same failure on page after page.
 * @throws {PipelineError} whatever costs more than a page; finished pages stay in the partial file.
 */
export async function workChunk(chunk: Chunk, files: ChunkFiles, around: ChunkSurroundings, signal: AbortSignal): Promise<void> {
  const known = await readPages(files.partial, chunk.recipe.digest);
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const out = await around.disk.openAppend(files.partial);
  try {
    const tasks: Promise<void>[] = [];
    for (const range of chunk.ranges) {
      for (const pageNumber of range.pageNumbers) {
        if (known.has(`${range.sha1} ${pageNumber}`)) continue;
        const task = readOne(chunk, range, pageNumber, out, around, stop);
        tasks.push(task);
        task.catch((error: unknown) => failure.abort(error));
      }
    }
    // All settle before the file is closed; the first failure is the one to tell.
    await Promise.allSettled(tasks);
    if (failure.signal.aborted) throw failure.signal.reason;
    throwIfStopped(signal);
    await out.sync();
  } finally {
    await out.close();
  }
  await around.disk.rename(files.partial, files.result);
}

async function readOne(
  chunk: Chunk,
  { sha1, file }: PageRange,
  pageNumber: number,
  out: AppendFile,
  around: ChunkSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const page = await readPage(chunk, file, pageNumber, `${around.label(sha1)} p.${pageNumber}`, around.pool, signal);
  const line: ChunkResultLine = { sha1, recipe: chunk.recipe.digest, page };
  await out.append(`${JSON.stringify(line)}\n`);
  around.onPage(sha1, page);
  if (around.watch.observe(page.error)) {
    throw new MissingDependencyError('ENGINE_BROKEN', `${SYSTEMIC_PAGES} pages in a row could not be read, all the same way.`, {
      why: page.error?.message,
      safe: 'All pages read before are kept.',
      remedy: 'ocr-pipeline doctor   to see what is wrong, then the same command.',
    });
  }
}

async function readPage(
  chunk: Chunk,
  file: string,
  pageNumber: number,
  label: string,
  pool: WorkerPool,
  signal: AbortSignal,
): Promise<PageResult> {
  const timeoutMs = chunk.limits.seconds * 1_000 + START_GRACE_MS;
  try {
    return await pool.run({ call: 'read', request: { file, pageNumber }, timeoutMs, label }, signal);
  } catch (error) {
    if (error instanceof PageError || error instanceof DocumentError) {
      return { pageNumber, state: 'failed', error: error.toRecord(), blocks: [] };
    }
    throw error;
  }
}

async function readPages(partialFile: string, recipe: string): Promise<Set<string>> {
  const known = new Set<string>();
  for await (const { text } of readLines(partialFile)) {
    const line = parseLine<ChunkResultLine>(text);
    if (line && line.recipe === recipe && line.page.state !== 'failed') known.add(`${line.sha1} ${line.page.pageNumber}`);
  }
  return known;
}
