import { StoppedError, stopReason } from '../core/errors.ts';
import type { PageInHand } from '../core/progress.ts';
import { PageWorker, WorkerBrokeError } from './page-worker.ts';
import type { WorkerCall, WorkerCalls, WorkerSetup } from './protocol.ts';

/** Times a request is tried when its worker breaks, each time on a fresh worker. */
const ATTEMPTS = 3;

export interface PoolRequest<C extends WorkerCall> {
  readonly call: C;
  readonly request: WorkerCalls[C]['request'];
  readonly timeoutMs: number;
  /** What a person sees while it is under way. */
  readonly subject: PageInHand;
  /** Goes before all that waits: short work that lets finished documents leave. */
  readonly urgent?: boolean | undefined;
  /** Hears how long workers were busy with it, in milliseconds, without the time it waited; also where it failed. */
  readonly onBusy?: ((busyMs: number) => void) | undefined;
}

interface Waiting {
  readonly start: (worker: PageWorker) => Promise<void>;
  readonly subject: PageInHand;
  readonly drop: () => void;
  dropped: boolean;
}

/** A fixed number of page workers that take requests in order. Broken workers are replaced, and their request is tried again. */
export class WorkerPool implements AsyncDisposable {
  readonly size: number;
  readonly #entry: URL;
  readonly #setup: WorkerSetup;
  readonly #idle: PageWorker[] = [];
  readonly #busy = new Map<PageWorker, PageInHand>();
  readonly #urgent: Waiting[] = [];
  readonly #waiting: Waiting[] = [];
  #head = 0;
  #closed = false;

  constructor(entry: URL, setup: WorkerSetup, size: number) {
    this.#entry = entry;
    this.#setup = setup;
    this.size = size;
  }

  /** What is being worked on at this moment. */
  get active(): readonly PageInHand[] {
    return [...this.#busy.values()];
  }

  /**
   * Runs one request on a worker. When `signal` aborts while it waits it rejects with the signal's reason; under way, it
   * is finished.
   * @throws {PipelineError} the worker's verdict, or after {@link ATTEMPTS} broken workers the last one's blame.
   */
  async run<C extends WorkerCall>(wanted: PoolRequest<C>, signal: AbortSignal): Promise<WorkerCalls[C]['answer']> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#runOnce(wanted, signal);
      } catch (error) {
        if (!(error instanceof WorkerBrokeError)) throw error;
        if (this.#closed) throw new StoppedError('STOPPED', 'Stopped at once.', {}, { cause: error });
        if (attempt >= ATTEMPTS) throw error.blame;
      }
    }
  }

  #runOnce<C extends WorkerCall>(wanted: PoolRequest<C>, signal: AbortSignal): Promise<WorkerCalls[C]['answer']> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || this.#closed) {
        reject(stopReason(signal));
        return;
      }
      const drop = (): void => {
        waiting.dropped = true;
        reject(stopReason(signal));
      };
      const waiting: Waiting = {
        subject: wanted.subject,
        drop,
        dropped: false,
        start: (worker) => {
          signal.removeEventListener('abort', drop);
          const from = performance.now();
          return worker
            .request(wanted.call, wanted.request, wanted.timeoutMs)
            .finally(() => wanted.onBusy?.(performance.now() - from))
            .then(resolve, reject);
        },
      };
      signal.addEventListener('abort', drop, { once: true });
      (wanted.urgent ? this.#urgent : this.#waiting).push(waiting);
      this.#fill();
    });
  }

  #next(): Waiting | undefined {
    for (;;) {
      const next = this.#urgent.shift() ?? this.#waiting[this.#head++];
      if (next === undefined) {
        this.#waiting.length = 0;
        this.#head = 0;
        return undefined;
      }
      // The queue may hold 10,000s of pages: it is cut off now and then instead of shifted each time.
      if (this.#head > 1_000) {
        this.#waiting.splice(0, this.#head);
        this.#head = 0;
      }
      if (!next.dropped) return next;
    }
  }

  #fill(): void {
    while (this.#busy.size < this.size && !this.#closed) {
      const next = this.#next();
      if (!next) return;
      const worker = this.#takeWorker();
      this.#busy.set(worker, next.subject);
      // `start` never rejects: its promise settles the caller's.
      void next.start(worker).then(() => {
        this.#busy.delete(worker);
        if (worker.alive && !this.#closed) this.#idle.push(worker);
        this.#fill();
      });
    }
  }

  #takeWorker(): PageWorker {
    for (let worker = this.#idle.pop(); worker; worker = this.#idle.pop()) if (worker.alive) return worker;
    return new PageWorker(this.#entry, this.#setup);
  }

  /** Kills what is under way and drops what waits; their callers get StoppedError. */
  async kill(): Promise<void> {
    this.#closed = true;
    this.#dropWaiting();
    const workers = [...this.#busy.keys(), ...this.#idle];
    for (const worker of workers) worker.kill('crash');
    await Promise.all(workers.map((worker) => worker.exited));
  }

  /** Ends the workers; what is under way is killed, so settle it first. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#dropWaiting();
    await Promise.all([...this.#busy.keys(), ...this.#idle].map((worker) => worker.close()));
    this.#idle.length = 0;
  }

  #dropWaiting(): void {
    for (const waiting of [...this.#urgent.splice(0), ...this.#waiting.splice(0).slice(this.#head)]) waiting.drop();
    this.#head = 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
