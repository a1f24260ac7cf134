import type { Chunk } from '../core/chunk.ts';
import { throwIfStopped } from '../core/errors.ts';
import { countPages } from '../core/pack-chunks.ts';
import type { PageResult } from '../core/page.ts';
import { workChunk, type ChunkFiles, type ChunkDependencies } from './work-chunk.ts';

/** Pages that wait for each worker before the next chunk is begun: enough that none ever waits for a page. */
const PAGES_AHEAD = 2;

/**
 * Works through chunks on one pool, the longest first and as few at once as keep all workers busy, so that a task that is
 * cut short leaves whole chunks behind.
 * @throws {PipelineError} what stopped a chunk; pages in hand are finished first, and kept.
 */
export async function workTask(
  chunks: readonly Chunk[],
  filesOf: (chunk: Chunk) => ChunkFiles,
  dependencies: ChunkDependencies,
  signal: AbortSignal,
): Promise<void> {
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const left = new Map<Chunk, number>();
  let progressed = Promise.withResolvers<void>();
  const tell = (): void => {
    progressed.resolve();
    progressed = Promise.withResolvers();
  };
  // Pages of a document that is slow come last: they must not keep others from being begun.
  const pagesInHand = (): number =>
    [...left.values()].reduce((sum, pages) => sum + pages, 0) - dependencies.pool.heldBack;

  const start = (chunk: Chunk): void => {
    left.set(chunk, countPages(chunk.ranges));
    const onPage = (sha1: string, page: PageResult): void => {
      left.set(chunk, Math.max(0, (left.get(chunk) ?? 0) - 1));
      dependencies.onPage(sha1, page);
      tell();
    };
    workChunk(chunk, filesOf(chunk), { ...dependencies, onPage }, stop)
      .catch((error: unknown) => failure.abort(error))
      .finally(() => {
        left.delete(chunk);
        tell();
      });
  };
  for (const chunk of chunks.toSorted((a, b) => countPages(b.ranges) - countPages(a.ranges))) {
    while (!stop.aborted && pagesInHand() >= PAGES_AHEAD * dependencies.pool.size) await progressed.promise;
    if (stop.aborted) break;
    start(chunk);
  }
  while (left.size > 0) await progressed.promise;
  if (failure.signal.aborted) throw failure.signal.reason;
  throwIfStopped(signal);
}
