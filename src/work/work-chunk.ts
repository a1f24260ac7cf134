import type { Chunk, PageRange } from '../core/chunk.ts';
import { MissingDependencyError, PipelineError, throwIfStopped } from '../core/errors.ts';
import type { PageResult } from '../core/page.ts';
import { SYSTEMIC_PAGES, type SystemicFailureWatch } from '../core/systemic-failure.ts';
import type { AppendFile, Disk } from '../files/disk.ts';
import { parseLine, readLines } from '../files/ndjson.ts';
import type { ChunkResultLine, ChunkTrailer } from '../runs/page-results.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Time a worker has for a page beyond the page's own limit: its start, and opening the file. */
const START_GRACE_MS = 15_000;

/** Where the results of a chunk go. */
export interface ChunkFiles {
  /** Grows while pages come in. */
  readonly partial: string;
  /** Made by renaming `partial` when every page has its result; one that is there already stays. */
  readonly result: string;
  /** What earlier tries left in files of their own; their pages are taken over, and the files removed at the end. */
  readonly earlier?: readonly string[] | undefined;
}

export interface ChunkDependencies {
  readonly pool: WorkerPool;
  readonly disk: Disk;
  /** Shared by all chunks of this machine. */
  readonly watch: SystemicFailureWatch;
  /** A document's path, as people know it. */
  nameOf(sha1: string): string;
  /** Hears of each page as its result is on disk. */
  onPage(sha1: string, page: PageResult): void;
}

/** What a try has done so far. */
interface Tally {
  pages: number;
  pagesRead: number;
  busyMs: number;
}

/**
 * Reads all pages of a chunk on the pool and writes their results, a line each as they come, then a trailer. Pages that an
 * earlier try left in a partial file are not read again.
 * @throws {MissingDependencyError} `ENGINE_BROKEN`: the same failure on page after page.
 * @throws {PipelineError} whatever costs more than a page; finished pages stay in the partial file.
 */
export async function workChunk(
  chunk: Chunk,
  files: ChunkFiles,
  dependencies: ChunkDependencies,
  signal: AbortSignal,
): Promise<void> {
  const own = await readKnown([files.partial], chunk);
  const { earlier = [] } = files;
  const inherited = await readKnown(earlier, chunk);
  const tally: Tally = { pages: own.size, pagesRead: 0, busyMs: 0 };
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const out = await dependencies.disk.openAppend(files.partial);
  try {
    const known = new Set(own.keys());
    for (const [key, line] of inherited) {
      if (known.has(key)) continue;
      known.add(key);
      await out.append(`${line}\n`);
      tally.pages++;
    }
    const tasks: Promise<void>[] = [];
    for (const range of chunk.ranges) {
      for (const pageNumber of range.pageNumbers) {
        if (known.has(keyOf(range.sha1, pageNumber))) continue;
        const task = readOne(chunk, range, pageNumber, out, dependencies, tally, stop);
        tasks.push(task);
        task.catch((error: unknown) => failure.abort(error));
      }
    }
    // All settle before the file is closed; the first failure is the one to tell.
    await Promise.allSettled(tasks);
    if (failure.signal.aborted) throw failure.signal.reason;
    throwIfStopped(signal);
    const trailer: ChunkTrailer = {
      chunk: chunk.id,
      ...tally,
      busyMs: Math.round(tally.busyMs),
      workers: dependencies.pool.size,
    };
    await out.append(`${JSON.stringify({ trailer })}\n`);
    await out.sync();
  } finally {
    await out.close();
  }
  await dependencies.disk.renameUnlessThere(files.partial, files.result);
  for (const file of earlier) await dependencies.disk.remove(file);
}

async function readOne(
  chunk: Chunk,
  { sha1, file }: PageRange,
  pageNumber: number,
  out: AppendFile,
  dependencies: ChunkDependencies,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const onBusy = (busyMs: number): void => void (tally.busyMs += busyMs);
  const page = await readPage(chunk, file, pageNumber, dependencies.nameOf(sha1), dependencies.pool, onBusy, signal);
  const line: ChunkResultLine = { sha1, recipe: chunk.recipe.digest, page };
  await out.append(`${JSON.stringify(line)}\n`);
  tally.pages++;
  tally.pagesRead++;
  dependencies.onPage(sha1, page);
  if (dependencies.watch.observe(page.error)) {
    throw new MissingDependencyError(
      'ENGINE_BROKEN',
      `${SYSTEMIC_PAGES} pages in a row could not be read, all the same way.`,
      {
        why: page.error?.message,
        safe: 'All pages read before are kept.',
        remedy: 'ocr-pipeline doctor   to see what is wrong, then the same command.',
      },
    );
  }
}

async function readPage(
  chunk: Chunk,
  file: string,
  pageNumber: number,
  document: string,
  pool: WorkerPool,
  onBusy: (busyMs: number) => void,
  signal: AbortSignal,
): Promise<PageResult> {
  const timeoutMs = chunk.limits.seconds * 1_000 + START_GRACE_MS;
  try {
    return await pool.run(
      { call: 'read', request: { file, pageNumber }, timeoutMs, subject: { document, pageNumber }, onBusy },
      signal,
    );
  } catch (error) {
    if (error instanceof PipelineError && (error.scope === 'page' || error.scope === 'document')) {
      return { pageNumber, state: 'failed', error: error.toRecord(), blocks: [] };
    }
    throw error;
  }
}

/** A page's name among those of a chunk. */
export function keyOf(sha1: string, pageNumber: number): string {
  return `${sha1} ${pageNumber}`;
}

/** The lines of pages of a chunk that are in files already, whole and of the same recipe; failed pages are not taken. */
export async function readKnown(files: readonly string[], chunk: Chunk): Promise<Map<string, string>> {
  const wanted = new Map(chunk.ranges.map(({ sha1, pageNumbers }) => [sha1, new Set(pageNumbers)]));
  const known = new Map<string, string>();
  for (const file of files) {
    for await (const { text } of readLines(file)) {
      const line = parseLine<Partial<ChunkResultLine>>(text);
      if (line?.sha1 === undefined || line.page === undefined || line.recipe !== chunk.recipe.digest) continue;
      const { state, pageNumber } = line.page;
      if (state !== 'failed' && wanted.get(line.sha1)?.has(pageNumber)) known.set(keyOf(line.sha1, pageNumber), text);
    }
  }
  return known;
}
