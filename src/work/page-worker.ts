import { fork, type ChildProcess } from 'node:child_process';
import { DocumentError, InternalError, PageError, errorFromRecord, type PipelineError } from '../core/errors.ts';
import type { FromWorker, WorkerCall, WorkerCalls, WorkerSetup, WorkStep } from './protocol.ts';
import { MemoryGauge } from './resident-memory.ts';

/** V8's own heap in a worker. Page images lie outside it; a file that needs more than this for its structure is hostile. */
const HEAP_MIB = 384;
/**
 * Every core has a worker or its engine already: collecting garbage on more threads only takes their time, and larger
 * generations need it less often; page images count for the old one, though they lie elsewhere. Together a quarter of a
 * worker's own CPU time, measured on the accuracy corpus.
 */
const GARBAGE_FLAGS = [
  '--single-threaded-gc',
  '--max-semi-space-size=32',
  '--min-semi-space-size=16',
  '--initial-old-space-size=128',
];
/** How often the memory of a busy worker is looked at. Allocation is fast: see docs/decisions/page-workers.md. */
const MEMORY_CHECK_MS = 100;
/** Most of a worker's standard error that is kept for its error message. */
const STDERR_TAIL_BYTES = 2_000;

/** Why a worker was ended or ended by itself, as an error that blames the page or document it was at. */
export type Breakage = 'crash' | 'timeout' | 'memory';

/** A worker broke while it had a request; another worker may do better. */
export class WorkerBrokeError extends Error {
  readonly breakage: Breakage;
  readonly step: WorkStep;
  /** The error a person sees if nobody tries again. */
  readonly blame: PipelineError;

  constructor(breakage: Breakage, step: WorkStep, blame: PipelineError) {
    super(blame.message);
    this.breakage = breakage;
    this.step = step;
    this.blame = blame;
  }
}

interface Pending {
  readonly id: number;
  readonly call: WorkerCall;
  readonly settled: PromiseWithResolvers<unknown>;
  step: WorkStep;
  readonly timer: NodeJS.Timeout;
}

/** A child process that renders and recognizes pages, one at a time, and that can be killed with all it started. */
export class PageWorker {
  readonly #child: ChildProcess;
  readonly #setup: WorkerSetup;
  readonly #memory: MemoryGauge | undefined;
  readonly #memoryTimer: NodeJS.Timeout;
  #pending: Pending | undefined;
  #nextId = 1;
  #stderrTail = '';
  #endedBy: Breakage | undefined;
  #exited = false;
  readonly exited: Promise<void>;

  /** `entry` is the worker's program: a module that speaks the protocol over IPC. */
  constructor(entry: URL, setup: WorkerSetup) {
    this.#setup = setup;
    this.#child = fork(entry, [JSON.stringify(setup)], {
      // A process group of its own: killing it takes the OCR engine it started along.
      detached: process.platform !== 'win32',
      execArgv: [`--max-old-space-size=${HEAP_MIB}`, ...GARBAGE_FLAGS, '--no-warnings'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'json',
      env: { ...process.env, OMP_THREAD_LIMIT: '1' },
    });
    this.#child.on('message', (message: FromWorker) => this.#hear(message));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_BYTES);
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('error', () => this.#end(resolve));
      this.#child.once('exit', () => this.#end(resolve));
    });
    this.#memory = this.#child.pid === undefined ? undefined : new MemoryGauge(this.#child.pid);
    this.#memoryTimer = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS);
    this.#memoryTimer.unref();
  }

  get alive(): boolean {
    return !this.#exited && this.#endedBy === undefined;
  }

  /**
   * Sends one request and settles with its answer.
   * @throws {PipelineError} the worker's own verdict: trying again will not help.
   * @throws {WorkerBrokeError} the worker crashed or went past a limit; it is gone.
   */
  async request<C extends WorkerCall>(
    call: C,
    request: WorkerCalls[C]['request'],
    timeoutMs: number,
  ): Promise<WorkerCalls[C]['answer']> {
    if (this.#pending) throw new InternalError('WORKER_BUSY', 'A page worker was given two requests at once.');
    const settled = Promise.withResolvers<unknown>();
    const step: WorkStep = call === 'assemble' ? 'assemble' : 'open';
    const timer = setTimeout(() => this.kill('timeout'), timeoutMs);
    const pending: Pending = { id: this.#nextId++, call, settled, step, timer };
    this.#pending = pending;
    if (this.#exited) this.#breakPending();
    else {
      this.#child.send({ id: pending.id, call, request }, (error) => {
        if (error && this.#pending === pending) this.kill('crash');
      });
    }
    try {
      return (await settled.promise) as WorkerCalls[C]['answer'];
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the worker and all it started, at once. */
  kill(reason: Breakage): void {
    this.#endedBy ??= reason;
    const { pid } = this.#child;
    if (pid === undefined || this.#exited) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL');
    }
  }

  /** Lets an idle worker end by itself. */
  async close(): Promise<void> {
    if (this.#pending) this.kill('crash');
    else if (this.#child.connected) this.#child.disconnect();
    const grace = setTimeout(() => this.kill('crash'), 2_000);
    await this.exited;
    clearTimeout(grace);
  }

  #hear(message: FromWorker): void {
    const pending = this.#pending;
    if (!pending) return;
    switch (message.type) {
      case 'step':
        pending.step = message.step;
        break;
      case 'answer':
        if (message.id !== pending.id) return;
        this.#pending = undefined;
        pending.settled.resolve(message.answer);
        break;
      case 'error':
        if (message.id !== pending.id) return;
        this.#pending = undefined;
        pending.settled.reject(errorFromRecord(message.error));
        break;
      case 'ready':
        break;
    }
  }

  #end(resolve: () => void): void {
    if (this.#exited) return;
    this.#exited = true;
    clearInterval(this.#memoryTimer);
    this.#memory?.[Symbol.dispose]();
    // The engine it had started must not outlive it.
    const { pid } = this.#child;
    if (pid !== undefined && process.platform !== 'win32') {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // The group is gone already.
      }
    }
    this.#breakPending();
    resolve();
  }

  #breakPending(): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    const breakage = this.#endedBy ?? 'crash';
    pending.settled.reject(new WorkerBrokeError(breakage, pending.step, this.#blame(breakage, pending)));
  }

  #blame(breakage: Breakage, { call, step }: Pending): PipelineError {
    const Scope = call === 'read' ? PageError : DocumentError;
    const what = call === 'read' ? 'The page' : 'The file';
    // READING_ blames the engine, which many pages in a row make a fault of the system; see core/systemic-failure.ts.
    const prefix = call !== 'read' ? 'PDF' : step === 'recognize' ? 'READING' : 'PAGE';
    const { limits } = this.#setup;
    const doing = { open: 'opening', rasterize: 'drawing', recognize: 'reading', assemble: 'writing' }[step];
    switch (breakage) {
      case 'timeout':
        return new Scope(`${prefix}_TIMEOUT`, `${what} took longer than ${limits.seconds} s (${doing} it).`, {
          remedy: 'If it is a very large page, raise --page-timeout.',
        });
      case 'memory':
        return new Scope(
          `${prefix}_MEMORY`,
          `${what} needs more than ${limits.memoryMiB} MiB of memory (${doing} it).`,
        );
      case 'crash': {
        const outOfHeap = /heap out of memory/.test(this.#stderrTail);
        if (outOfHeap) return new Scope(`${prefix}_MEMORY`, `${what} needs too much memory (${doing} it).`);
        const tail = this.#stderrTail.trim().split('\n').at(-1) ?? '';
        return new Scope(`${prefix}_CRASHED`, `${what} makes the program break (${doing} it).`, {
          why: tail === '' ? undefined : tail.slice(0, 200),
        });
      }
    }
  }

  #checkMemory(): void {
    if (!this.#pending) return;
    const used = this.#memory?.read();
    if (used !== undefined && used > this.#setup.limits.memoryMiB) this.kill('memory');
  }
}
