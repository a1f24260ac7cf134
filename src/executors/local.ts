import type { Chunk } from '../core/chunk.ts';
import { asPipelineError, type ErrorRecord } from '../core/errors.ts';
import { LOCAL_CHUNKS } from '../core/pack-chunks.ts';
import type { ChunkFiles, ChunkDependencies } from '../work/work-chunk.ts';
import { workChunk } from '../work/work-chunk.ts';
import type { Executor, RecoveredWork, WorkHandle, WorkState, WorkStatus } from './executor.ts';

interface Running {
  state: WorkState;
  pagesDone: number;
  error?: ErrorRecord | undefined;
  readonly aborter: AbortController;
  readonly ended: Promise<void>;
}

/** Few scanned pages have less: no more workers are started before their pages than there can be pages. */
const LEAST_PAGE_BYTES = 30_000;

/** Runs chunks on this machine's page workers. Its work dies with this process; finished pages stay on disk. */
export class LocalExecutor implements Executor {
  readonly name = 'local';
  readonly where = 'this computer';
  readonly pollIntervalMs = 25;
  readonly documentsInFlight: number;
  readonly chunkRule = LOCAL_CHUNKS;
  readonly outlivesUs = false;
  readonly #dependencies: ChunkDependencies;
  readonly #filesOf: (chunkId: string) => ChunkFiles;
  /** Tells handles of this process from those of one that died. */
  readonly #key: string;
  readonly #chunks = new Map<string, Running>();

  constructor(dependencies: ChunkDependencies, filesOf: (chunkId: string) => ChunkFiles, key: string) {
    this.#dependencies = dependencies;
    this.#filesOf = filesOf;
    this.#key = key;
    // Enough documents at once that the pages of the next are waiting when one's are done.
    this.documentsInFlight = 2 * dependencies.pool.size + 2;
  }

  get pagesAtOnce(): number {
    return this.#dependencies.pool.size;
  }

  prepare(sizeBytes: number): void {
    this.#dependencies.pool.prepare(Math.ceil(sizeBytes / LEAST_PAGE_BYTES));
  }

  pagesWanted(): number {
    return Infinity;
  }

  recover(): Promise<readonly RecoveredWork[]> {
    return Promise.resolve([]);
  }

  submit(chunks: readonly Chunk[], signal: AbortSignal): Promise<readonly WorkHandle[]> {
    return Promise.resolve(
      chunks.map((chunk) => {
        this.#start(chunk, signal);
        return { chunkId: chunk.id, executor: this.name, key: this.#key };
      }),
    );
  }

  #start(chunk: Chunk, signal: AbortSignal): void {
    const aborter = new AbortController();
    const dependencies: ChunkDependencies = {
      ...this.#dependencies,
      onPage: (sha1, page) => {
        running.pagesDone++;
        this.#dependencies.onPage(sha1, page);
      },
    };
    const ended = workChunk(
      chunk,
      this.#filesOf(chunk.id),
      dependencies,
      AbortSignal.any([signal, aborter.signal]),
    ).then(
      () => {
        running.state = 'done';
      },
      (error: unknown) => {
        running.state = 'failed';
        running.error = asPipelineError(error).toRecord();
      },
    );
    const running: Running = { state: 'running', pagesDone: 0, aborter, ended };
    this.#chunks.set(chunk.id, running);
  }

  poll(handles: readonly WorkHandle[]): Promise<readonly WorkStatus[]> {
    return Promise.resolve(
      handles.map((handle): WorkStatus => {
        const running = handle.key === this.#key ? this.#chunks.get(handle.chunkId) : undefined;
        if (!running) return { handle, state: 'lost', pagesDone: 0 };
        const { state, pagesDone, error } = running;
        return { handle, state, pagesDone, error };
      }),
    );
  }

  async cancel(handles: readonly WorkHandle[]): Promise<void> {
    const running = handles.map(({ chunkId }) => this.#chunks.get(chunkId)).filter((chunk) => chunk !== undefined);
    for (const chunk of running) chunk.aborter.abort();
    await Promise.all(running.map((chunk) => chunk.ended));
  }

  async close(): Promise<void> {
    for (const chunk of this.#chunks.values()) chunk.aborter.abort();
    await Promise.all([...this.#chunks.values()].map((chunk) => chunk.ended));
  }
}
