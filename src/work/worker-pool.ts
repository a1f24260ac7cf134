import { StoppedError, stopReason, type PipelineError } from '../core/errors.ts';
import type { PageInHand } from '../core/progress.ts';
import { PageWorker, WorkerBrokeError } from './page-worker.ts';
import type { WorkerCall, WorkerCalls, WorkerSetup } from './protocol.ts';
import { RequestQueue } from './request-queue.ts';
import { WorkerHealth } from './worker-health.ts';

/** Times a request is tried when its worker breaks, each time on a fresh worker. */
const ATTEMPTS = 3;
/** How often a worker that may only wait for other documents looks whether they have come. */
const LOOK_AGAIN_MS = 250;
/** A page of our own takes a second; more on a busy machine. */
const PROBE_TIMEOUT_MS = 60_000;

export interface PoolRequest<C extends WorkerCall> {
  readonly call: C;
  readonly request: WorkerCalls[C]['request'];
  /** For the work itself. */
  readonly timeoutMs: number;
  /** Beyond that, for a page whose worker must start, or open its document, first. */
  readonly graceMs?: number | undefined;
  /** What a person sees while it is under way. */
  readonly subject: PageInHand;
  /** Goes before all that waits: short work that lets finished documents leave. */
  readonly urgent?: boolean | undefined;
  /** Hears how long workers were busy with it, in milliseconds, without the time it waited; also where it failed. */
  readonly onBusy?: ((busyMs: number) => void) | undefined;
}

interface Waiting {
  readonly start: (worker: PageWorker) => Promise<boolean>;
  readonly subject: PageInHand;
  readonly lane: string;
  readonly drop: (reason?: PipelineError) => void;
}

/**
 * A fixed number of page workers. They go round the documents whose pages wait, so that a slow one delays itself only. Broken
 * workers are replaced; what broke one is tried again, unless it ran into a limit that it would run into again.
 */
export class WorkerPool implements AsyncDisposable {
  readonly size: number;
  /** Tells whether other documents are on their way here; set by who knows. */
  moreToCome: () => boolean = () => false;
  readonly #entry: URL;
  readonly #setup: WorkerSetup;
  readonly #health: WorkerHealth;
  readonly #queue: RequestQueue<Waiting>;
  /** Idle workers, each with the document it has open. */
  readonly #idle = new Map<PageWorker, string | undefined>();
  readonly #busy = new Map<PageWorker, PageInHand>();
  #lookAgain: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(entry: URL, setup: WorkerSetup, size: number) {
    this.#entry = entry;
    this.#setup = setup;
    this.size = size;
    this.#queue = new RequestQueue(size);
    this.#health = new WorkerHealth(() => this.probe());
  }

  /** What is being worked on at this moment. */
  get active(): readonly PageInHand[] {
    return [...this.#busy.values()];
  }

  /** Pages that wait though workers are free for others: their documents are slow. */
  get heldBack(): number {
    return this.#queue.heldBack;
  }

  /** Starts so many workers, none beyond the size, before there is a page: starting one takes half a second. */
  prepare(workers: number): void {
    while (this.#busy.size + this.#idle.size < Math.min(workers, this.size) && !this.#closed) {
      const worker = new PageWorker(this.#entry, this.#setup);
      worker.prepare();
      this.#idle.set(worker, undefined);
    }
  }

  /**
   * Runs one request on a worker. When `signal` aborts while it waits it rejects with the signal's reason; under way, it
   * is finished.
   * @throws {PipelineError} the worker's verdict, or after {@link ATTEMPTS} broken workers the last one's blame; scope
   * `environment` where workers break whatever they are given.
   */
  async run<C extends WorkerCall>(wanted: PoolRequest<C>, signal: AbortSignal): Promise<WorkerCalls[C]['answer']> {
    let alone = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#runOnce(wanted, alone, signal);
      } catch (error) {
        if (!(error instanceof WorkerBrokeError)) throw error;
        if (this.#closed) throw new StoppedError('STOPPED', 'Stopped at once.', {}, { cause: error });
        const { breakage, wasFresh, step, end, blame } = error;
        const mayGoBetter = breakage === 'crash' || (breakage === 'memory' && !wasFresh);
        if (!mayGoBetter || attempt >= ATTEMPTS) {
          if (breakage === 'crash') await this.#health.blame(error, laneOf(wanted));
          throw blame;
        }
        // What breaks a worker before it has begun, or makes the kernel kill it, may be for want of what other workers hold.
        const maybeScarce = breakage === 'crash' && (step === 'open' || end.signal === 'SIGKILL');
        alone = maybeScarce && attempt === ATTEMPTS - 1;
      }
    }
  }

  #runOnce<C extends WorkerCall>(
    wanted: PoolRequest<C>,
    alone: boolean,
    signal: AbortSignal,
  ): Promise<WorkerCalls[C]['answer']> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || this.#closed) {
        reject(stopReason(signal));
        return;
      }
      const lane = laneOf(wanted);
      const stop = (): void => {
        this.#queue.drop(lane, waiting);
        waiting.drop();
      };
      const waiting: Waiting = {
        subject: wanted.subject,
        lane,
        drop: (reason) => {
          signal.removeEventListener('abort', stop);
          reject(reason ?? stopReason(signal));
        },
        start: async (worker) => {
          signal.removeEventListener('abort', stop);
          const from = performance.now();
          const { call, request, timeoutMs, graceMs = 0 } = wanted;
          try {
            resolve(await worker.request(call, request, { timeoutMs, graceMs }));
            this.#health.worked();
            return false;
          } catch (error) {
            const broke = error instanceof WorkerBrokeError;
            if (!broke) this.#health.worked();
            reject(error);
            return broke;
          } finally {
            wanted.onBusy?.(performance.now() - from);
          }
        },
      };
      signal.addEventListener('abort', stop, { once: true });
      if (alone) this.#queue.addAlone(waiting);
      else if (wanted.urgent) this.#queue.addUrgent(waiting);
      else this.#queue.add(lane, waiting);
      this.#fill();
    });
  }

  #fill(): void {
    clearTimeout(this.#lookAgain);
    while (this.#busy.size < this.size && !this.#closed) {
      const more = this.moreToCome();
      const [worker, opened] = this.#idle.entries().next().value ?? [];
      const next = this.#queue.take(opened, more);
      if (!next) {
        if (more && this.#queue.hasPages) {
          this.#lookAgain = setTimeout(() => this.#fill(), LOOK_AGAIN_MS);
          this.#lookAgain.unref();
        }
        return;
      }
      this.#begin(next, worker);
    }
  }

  #begin(next: Waiting, idle: PageWorker | undefined): void {
    if (idle) this.#idle.delete(idle);
    if (this.#queue.isAlone) this.#endIdle();
    const worker = idle?.alive && !this.#queue.isAlone ? idle : new PageWorker(this.#entry, this.#setup);
    if (worker !== idle) idle?.kill('crash');
    this.#busy.set(worker, next.subject);
    // `start` never rejects: its promise settles the caller's.
    void next.start(worker).then((atLimit) => {
      this.#busy.delete(worker);
      this.#queue.ended(next.lane, next, atLimit);
      if (worker.alive && !this.#closed) this.#idle.set(worker, next.lane);
      this.#fill();
    });
  }

  #endIdle(): void {
    for (const worker of this.#idle.keys()) worker.kill('crash');
    this.#idle.clear();
  }

  /** Reads a page of our own on a worker of its own: undefined where that works, else why it does not. */
  async probe(): Promise<PipelineError | undefined> {
    const worker = new PageWorker(this.#entry, this.#setup);
    try {
      await worker.request('probe', { file: '' }, { timeoutMs: PROBE_TIMEOUT_MS, graceMs: 0 });
      return undefined;
    } catch (error) {
      if (error instanceof WorkerBrokeError) return error.blame;
      return error as PipelineError;
    } finally {
      await worker.close();
    }
  }

  /** Kills what is under way and drops what waits; their callers get StoppedError. */
  async kill(): Promise<void> {
    this.#closed = true;
    this.#dropWaiting();
    const workers = [...this.#busy.keys(), ...this.#idle.keys()];
    for (const worker of workers) worker.kill('crash');
    await Promise.all(workers.map((worker) => worker.exited));
  }

  /** Ends the workers; what is under way is killed, so settle it first. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#dropWaiting();
    await Promise.all([...this.#busy.keys(), ...this.#idle.keys()].map((worker) => worker.close()));
    this.#idle.clear();
  }

  #dropWaiting(): void {
    clearTimeout(this.#lookAgain);
    for (const waiting of this.#queue.clear()) waiting.drop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The document that a request is about, by its file. */
function laneOf({ request }: Pick<PoolRequest<WorkerCall>, 'request'>): string {
  return 'file' in request ? request.file : request.sourceFile;
}
