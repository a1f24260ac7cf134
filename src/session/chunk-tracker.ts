import { setTimeout as sleep } from 'node:timers/promises';
import type { Chunk, PageRange } from '../core/chunk.ts';
import { errorFromRecord, InternalError, TransientError } from '../core/errors.ts';
import { countPages, packChunks } from '../core/pack-chunks.ts';
import type { Executor, WorkHandle, WorkStatus } from '../executors/executor.ts';
import { PageGatherer } from './page-gatherer.ts';
import { unlessStopped } from './unless-stopped.ts';

/** Times a chunk is submitted again when its executor lost it. */
const MAX_SUBMISSIONS = 5;
/** How long one poll may take; schedulers have limits of their own below that. */
const POLL_TIMEOUT_MS = 600_000;
/** Between polls of a session that only collects and submits, and then leaves. */
const LEAVING_POLL_MS = 1_000;

interface Outstanding {
  readonly chunk: Chunk;
  readonly settled: PromiseWithResolvers<void>;
  submissions: number;
}

/** What a tracker works with. */
export interface TrackerParts {
  readonly executor: Executor;
  /** Completes a chunk: its name must be unique in the run, also after a restart. */
  readonly makeChunk: (ranges: readonly PageRange[]) => Chunk;
  /** Takes in the result file of a chunk that is done, before anybody hears of it. */
  readonly onDone: (chunk: Chunk) => Promise<void>;
  /** Hears with each poll how many pages lie in results that are not complete yet. */
  readonly onPartial?: ((pages: number) => void) | undefined;
  /** Is told when all there is has been submitted, nothing more can be collected, and every document waits. */
  readonly onAllWaiting?: (() => void) | undefined;
}

/**
 * Gathers pages of many documents into chunks, submits them and waits: one poll at a time asks for all that are out,
 * however many documents wait.
 */
export class ChunkTracker {
  /** Which documents are to come, and which wait. */
  readonly documents = new PageGatherer<Outstanding>();
  readonly #parts: TrackerParts;
  readonly #outstanding = new Map<WorkHandle, Outstanding>();
  readonly #bySha1 = new Map<string, Set<Outstanding>>();
  readonly #closed = new AbortController();
  #polling = false;
  #submitting = false;

  constructor(parts: TrackerParts) {
    this.#parts = parts;
  }

  /** Takes up what earlier coordinators left under way; answers with the names of those chunks. */
  async recover(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const recovered = await this.#parts.executor.recover(signal);
    for (const { chunk, handle } of recovered) this.#track(handle, chunk);
    return new Set(recovered.map(({ chunk }) => chunk.id));
  }

  /**
   * Settles when all pages named, and whatever else of the same content is under way, have results.
   * @throws {PipelineError} the first of the chunks that failed, after all have ended; or that we were stopped.
   */
  async read(documentId: string, range: PageRange, signal: AbortSignal): Promise<void> {
    const underWay = [...(this.#bySha1.get(range.sha1) ?? [])];
    const covered = new Set(
      underWay.flatMap(({ chunk }) =>
        chunk.ranges.flatMap(({ sha1, pageNumbers }) => (sha1 === range.sha1 ? pageNumbers : [])),
      ),
    );
    const pageNumbers = range.pageNumbers.filter((number) => !covered.has(number));
    this.documents.markWaiting(documentId);
    try {
      const gathered = this.documents.add({ ...range, pageNumbers }, signal);
      const all = gathered.then((waits) => settleAll([...underWay, ...waits]));
      all.catch(() => undefined);
      await this.#flush();
      this.#startPolling();
      await (this.#parts.executor.outlivesUs ? unlessStopped(all, signal) : all);
    } finally {
      this.documents.markWorking(documentId);
    }
  }

  /** Notes that a document has come to its end, so that nothing is held back for its sake. */
  end(documentId: string): void {
    this.documents.end(documentId);
    void this.#flush();
  }

  /** Lets go of all that is out; where it outlives us and nobody needs it any more, it is cancelled. */
  async close(nothingIsNeeded: boolean): Promise<void> {
    this.#closed.abort();
    const left = [...this.#outstanding.keys()];
    if (nothingIsNeeded && left.length > 0) await this.#parts.executor.cancel(left);
  }

  /** Submits what is worth it now. Failures reach those who wait for the pages. */
  async #flush(): Promise<void> {
    if (this.#submitting) return;
    this.#submitting = true;
    try {
      for (;;) {
        const { executor, makeChunk } = this.#parts;
        const gathered = this.documents.describe();
        const wanted = gathered.pages === 0 || this.#closed.signal.aborted ? 0 : executor.pagesWanted(gathered);
        if (wanted <= 0) break;
        const taken = this.documents.take(wanted);
        const chunks = packChunks(taken.ranges, executor.chunkRule).map((ranges) => makeChunk(ranges));
        try {
          const handles = await executor.submit(chunks, taken.signal);
          const waits = handles.flatMap((handle, index) => (chunks[index] ? [this.#track(handle, chunks[index])] : []));
          taken.started(waits.map((wait) => [wait, wait.chunk.ranges]));
        } catch (error) {
          taken.failed(error);
        }
      }
    } finally {
      this.#submitting = false;
    }
  }

  #track(handle: WorkHandle, chunk: Chunk): Outstanding {
    const settled = Promise.withResolvers<void>();
    // Nobody may be waiting for what an earlier session wanted.
    settled.promise.catch(() => undefined);
    const wait: Outstanding = { chunk, settled, submissions: 1 };
    this.#outstanding.set(handle, wait);
    for (const { sha1 } of chunk.ranges) {
      const ofContent = this.#bySha1.get(sha1);
      if (ofContent) ofContent.add(wait);
      else this.#bySha1.set(sha1, new Set([wait]));
    }
    return wait;
  }

  #forget(handle: WorkHandle, wait: Outstanding): void {
    this.#outstanding.delete(handle);
    for (const { sha1 } of wait.chunk.ranges) {
      const ofContent = this.#bySha1.get(sha1);
      ofContent?.delete(wait);
      if (ofContent?.size === 0) this.#bySha1.delete(sha1);
    }
  }

  #startPolling(): void {
    if (this.#polling) return;
    this.#polling = true;
    this.#pollLoop().then(
      () => (this.#polling = false),
      (error: unknown) => {
        this.#polling = false;
        for (const [handle, wait] of this.#outstanding) {
          this.#forget(handle, wait);
          wait.settled.reject(error);
        }
        this.documents.fail(error);
      },
    );
  }

  async #pollLoop(): Promise<void> {
    const { executor, onAllWaiting } = this.#parts;
    const { signal } = this.#closed;
    while (this.#outstanding.size > 0 || this.documents.describe().pages > 0) {
      const restMs = onAllWaiting ? Math.min(LEAVING_POLL_MS, executor.pollIntervalMs) : executor.pollIntervalMs;
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#flush();
      const settled = await this.#poll();
      await this.#flush();
      const allOut = !this.#submitting && this.documents.allWait() && this.documents.describe().pages === 0;
      if (onAllWaiting && settled === 0 && allOut) onAllWaiting();
    }
  }

  /** Asks for all that is out; answers with how many came to an end. */
  async #poll(): Promise<number> {
    const { executor } = this.#parts;
    const handles = [...this.#outstanding.keys()];
    if (handles.length === 0) return 0;
    const stop = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(POLL_TIMEOUT_MS)]);
    const lost = new Map<WorkHandle, Outstanding>();
    const statuses = await executor.poll(handles, stop);
    for (const status of statuses) await this.#settle(status, lost);
    this.#parts.onPartial?.(
      statuses.reduce(
        (sum, { state, pagesDone }) => (state === 'done' || state === 'failed' ? sum : sum + pagesDone),
        0,
      ),
    );
    if (lost.size > 0) await this.#submitAgain(lost);
    return handles.length - this.#outstanding.size;
  }

  /**
   * Submits what was lost again. Until that is accepted it stays out, so that whoever waits for it hears of every end: a refusal
   * that passes is tried again with the next poll, any other fails them all.
   */
  async #submitAgain(lost: ReadonlyMap<WorkHandle, Outstanding>): Promise<void> {
    for (const wait of lost.values()) wait.submissions++;
    const waits = [...lost];
    let again: readonly WorkHandle[];
    try {
      again = await this.#parts.executor.submit(
        waits.map(([, { chunk }]) => chunk),
        this.#closed.signal,
      );
    } catch (error) {
      if (error instanceof TransientError && waits.every(([, { submissions }]) => submissions < MAX_SUBMISSIONS))
        return;
      throw error;
    }
    for (const [index, handle] of again.entries()) {
      const [before, wait] = waits[index] ?? [];
      if (!before || !wait) continue;
      this.#outstanding.delete(before);
      this.#outstanding.set(handle, wait);
    }
  }

  async #settle({ handle, state, error }: WorkStatus, lost: Map<WorkHandle, Outstanding>): Promise<void> {
    const wait = this.#outstanding.get(handle);
    if (!wait || state === 'waiting' || state === 'running' || state === 'unknown') return;
    if (state === 'lost' && wait.submissions < MAX_SUBMISSIONS) {
      lost.set(handle, wait);
      return;
    }
    if (state === 'done') {
      await this.#parts.onDone(wait.chunk);
      this.#forget(handle, wait);
      wait.settled.resolve();
      return;
    }
    this.#forget(handle, wait);
    const reason = `Work on ${countPages(wait.chunk.ranges)} pages was lost ${wait.submissions} times.`;
    wait.settled.reject(error ? errorFromRecord(error) : new InternalError('WORK_LOST', reason));
  }
}

async function settleAll(waits: readonly Outstanding[]): Promise<void> {
  for (const result of await Promise.allSettled(waits.map(({ settled }) => settled.promise))) {
    if (result.status === 'rejected') throw result.reason;
  }
}
