import { setTimeout as sleep } from 'node:timers/promises';
import type { Chunk } from '../core/chunk.ts';
import { errorFromRecord, InternalError } from '../core/errors.ts';
import type { Executor, WorkHandle, WorkStatus } from './executor.ts';

/** Times a chunk is submitted again when its executor lost it. */
const MAX_SUBMISSIONS = 5;

interface Outstanding {
  readonly chunk: Chunk;
  readonly settled: PromiseWithResolvers<void>;
  readonly signal: AbortSignal;
  submissions: number;
}

/** Submits chunks and waits for them: one poll at a time asks for all that are out, however many callers wait. */
export class ChunkTracker {
  readonly #executor: Executor;
  readonly #journal: (handles: readonly WorkHandle[]) => Promise<void>;
  readonly #outstanding = new Map<WorkHandle, Outstanding>();
  #polling = false;

  /** `journal` keeps handles before they are waited for. */
  constructor(executor: Executor, journal: (handles: readonly WorkHandle[]) => Promise<void>) {
    this.#executor = executor;
    this.#journal = journal;
  }

  /** Settles when all the chunks are done. @throws {PipelineError} the first of them that failed, after all have ended. */
  async run(chunks: readonly Chunk[], signal: AbortSignal): Promise<void> {
    const waits = chunks.map((chunk) => {
      const settled = Promise.withResolvers<void>();
      return { chunk, settled, signal, submissions: 0 };
    });
    await this.#submit(waits, signal);
    const results = await Promise.allSettled(waits.map(({ settled }) => settled.promise));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #submit(waits: readonly Outstanding[], signal: AbortSignal): Promise<void> {
    if (waits.length === 0) return;
    const handles = await this.#executor.submit(
      waits.map(({ chunk }) => chunk),
      signal,
    );
    await this.#journal(handles);
    for (const [index, handle] of handles.entries()) {
      const wait = waits[index];
      if (!wait) continue;
      wait.submissions++;
      this.#outstanding.set(handle, wait);
    }
    this.#startPolling();
  }

  #startPolling(): void {
    if (this.#polling) return;
    this.#polling = true;
    this.#poll().then(
      () => (this.#polling = false),
      (error: unknown) => {
        this.#polling = false;
        for (const wait of this.#outstanding.values()) wait.settled.reject(error);
        this.#outstanding.clear();
      },
    );
  }

  async #poll(): Promise<void> {
    while (this.#outstanding.size > 0) {
      await sleep(this.#executor.pollIntervalMs);
      const handles = [...this.#outstanding.keys()];
      const lost: Outstanding[] = [];
      for (const status of await this.#executor.poll(handles, AbortSignal.timeout(600_000))) this.#settle(status, lost);
      for (const wait of lost) await this.#submit([wait], wait.signal);
    }
  }

  #settle({ handle, state, error }: WorkStatus, lost: Outstanding[]): void {
    const wait = this.#outstanding.get(handle);
    if (!wait || state === 'waiting' || state === 'running' || state === 'unknown') return;
    this.#outstanding.delete(handle);
    if (state === 'done') wait.settled.resolve();
    else if (state === 'lost' && wait.submissions < MAX_SUBMISSIONS) lost.push(wait);
    else {
      wait.settled.reject(
        error ? errorFromRecord(error) : new InternalError('WORK_LOST', `Work on ${wait.chunk.id} was lost ${wait.submissions} times.`),
      );
    }
  }
}
