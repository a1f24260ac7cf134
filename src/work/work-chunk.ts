import type { Chunk, PageRange } from '../core/chunk.ts';
import { NOT_TRIED } from '../core/document-budget.ts';
import { MissingDependencyError, PipelineError, throwIfStopped, type ErrorRecord } from '../core/errors.ts';
import type { PageResult } from '../core/page.ts';
import { SYSTEMIC_PAGES, type SystemicFailureWatch } from '../core/systemic-failure.ts';
import type { AppendFile, Disk } from '../files/disk.ts';
import { readLines, sealLine } from '../files/ndjson.ts';
import { parseResultLine, type ChunkResultLine, type ChunkTrailer } from '../runs/page-results.ts';
import type { DocumentBudgets, OpenBudget } from './document-budgets.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Time a worker has before a page's own limit begins: for its start, and for opening the file. */
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
  /** Shared as well: the pages of a document may lie in several chunks. */
  readonly budgets: DocumentBudgets;
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
      const pageNumbers = range.pageNumbers.filter((pageNumber) => !known.has(keyOf(range.sha1, pageNumber)));
      const budget = dependencies.budgets.enter(range.sha1, pageNumbers.length, chunk.limits);
      const parts = { chunk, range, out, dependencies, tally, budget, stop };
      const ofDocument = pageNumbers.map((pageNumber) => readOne(pageNumber, parts));
      for (const task of ofDocument) task.catch((error: unknown) => failure.abort(error));
      void Promise.allSettled(ofDocument).then(() => dependencies.budgets.leave(range.sha1));
      tasks.push(...ofDocument);
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
    await out.append(sealLine({ trailer }));
    await out.sync();
  } finally {
    await out.close();
  }
  await dependencies.disk.renameUnlessThere(files.partial, files.result);
  for (const file of earlier) await dependencies.disk.remove(file);
}

/** What the pages of one document in a chunk share. */
interface Reading {
  readonly chunk: Chunk;
  readonly range: PageRange;
  readonly out: AppendFile;
  readonly dependencies: ChunkDependencies;
  readonly tally: Tally;
  readonly budget: OpenBudget;
  readonly stop: AbortSignal;
}

async function readOne(pageNumber: number, reading: Reading): Promise<void> {
  const { chunk, range, out, dependencies, tally, budget, stop } = reading;
  let busyMs = 0;
  const page = await readPage(pageNumber, reading, (spentMs) => {
    busyMs += spentMs;
    tally.busyMs += spentMs;
  });
  if (page.error?.code !== NOT_TRIED) budget.spend(page.error, busyMs);
  const { sha1 } = range;
  const line: ChunkResultLine = { sha1, recipe: chunk.recipe.digest, page };
  await out.append(sealLine(line));
  tally.pages++;
  tally.pagesRead++;
  dependencies.onPage(sha1, page);
  if (page.error?.code === NOT_TRIED) return;
  const verdict = dependencies.watch.observe(sha1, page.error);
  if (verdict !== 'fine') await checkEngine(verdict, page.error, dependencies, stop);
}

/** @throws {MissingDependencyError} `ENGINE_BROKEN`: it is the engine, or a limit of this machine, and not the pages. */
async function checkEngine(
  verdict: 'doubt' | 'broken',
  error: ErrorRecord | undefined,
  { pool, watch }: ChunkDependencies,
  stop: AbortSignal,
): Promise<void> {
  if (verdict === 'doubt') {
    // Others that end meanwhile count anew.
    watch.startAgain();
    const failure = await pool.probe();
    if (!failure || stop.aborted) return;
  }
  throw new MissingDependencyError(
    'ENGINE_BROKEN',
    `${SYSTEMIC_PAGES} pages in a row could not be read, all the same way.`,
    {
      why: error?.message,
      safe: 'All pages read before are kept.',
      remedy: 'ocr-pipeline doctor   to see what is wrong, then the same command.',
    },
  );
}

async function readPage(
  pageNumber: number,
  { chunk, range, dependencies, budget, stop }: Reading,
  onBusy: (busyMs: number) => void,
): Promise<PageResult> {
  const { file, sha1 } = range;
  const timeoutMs = chunk.limits.seconds * 1_000;
  const subject = { document: dependencies.nameOf(sha1), pageNumber };
  const wanted = { call: 'read' as const, request: { file, pageNumber }, timeoutMs, graceMs: START_GRACE_MS };
  try {
    return await dependencies.pool.run({ ...wanted, subject, onBusy }, budget.signalWith(stop));
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
      const line = parseResultLine(text);
      if (line?.recipe !== chunk.recipe.digest) continue;
      const { state, pageNumber } = line.page;
      if (state !== 'failed' && wanted.get(line.sha1)?.has(pageNumber)) known.set(keyOf(line.sha1, pageNumber), text);
    }
  }
  return known;
}
