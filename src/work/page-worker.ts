import { fork, type ChildProcess } from 'node:child_process';
import { childEnvironment } from '../core/child-environment.ts';
import { errnoOf } from '../core/errno.ts';
import { InternalError, errorFromRecord, type PipelineError } from '../core/errors.ts';
import type { WorkerEnd } from '../core/process-limits.ts';
import { blameBreakage, isOutOfHeap, type Breakage } from './blame-breakage.ts';
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
/** How long the last words of a worker that has ended are waited for: what it started may hold its pipe open. */
const LAST_WORDS_MS = 500;
/** After SIGKILL the system tells of the end at once; nobody waits longer than this for a word that was lost. */
const UNHEARD_MS = 10_000;
/** Most of a worker's standard error that is kept for its error message. */
const STDERR_TAIL_BYTES = 2_000;
/** And of its beginning: what V8 gives up for stands above a long list of addresses. */
const STDERR_HEAD_BYTES = 500;

/** A worker broke while it had a request; another worker may do better. */
export class WorkerBrokeError extends Error {
  readonly breakage: Breakage;
  readonly step: WorkStep;
  /** It had answered nothing before. */
  readonly wasFresh: boolean;
  readonly end: WorkerEnd;
  /** The error a person sees if nobody tries again. */
  readonly blame: PipelineError;

  constructor(facts: Pick<WorkerBrokeError, 'breakage' | 'step' | 'wasFresh' | 'end' | 'blame'>) {
    super(facts.blame.message);
    this.breakage = facts.breakage;
    this.step = facts.step;
    this.wasFresh = facts.wasFresh;
    this.end = facts.end;
    this.blame = facts.blame;
  }

  /** It filled the heap that we allow it: its file is to blame, whatever the machine allows. */
  get ranOutOfHeap(): boolean {
    return isOutOfHeap(this.end.words);
  }
}

interface Pending {
  readonly id: number;
  readonly call: WorkerCall;
  readonly settled: PromiseWithResolvers<unknown>;
  step: WorkStep;
  readonly limit: RequestLimit;
  timer: NodeJS.Timeout;
  /** What the timer waits for, in milliseconds. */
  timeoutMs: number;
}

/** How long a request may take: its work, and before that starting and opening. */
export interface RequestLimit {
  readonly timeoutMs: number;
  readonly graceMs: number;
}

/** Of the one request whose answer nobody waits for; the others count from 1. */
const PREPARATION_ID = 0;

/** A child process that renders and recognizes pages, one at a time, and that can be killed with all it started. */
export class PageWorker {
  readonly #child: ChildProcess | undefined;
  readonly #setup: WorkerSetup;
  readonly #memory: MemoryGauge | undefined;
  readonly #memoryTimer: NodeJS.Timeout;
  #pending: Pending | undefined;
  #nextId = 1;
  #answers = 0;
  #stderrHead = '';
  #stderrTail = '';
  #end: Omit<WorkerEnd, 'words'> = {};
  #endedBy: Breakage | undefined;
  #isEnding = false;
  #exited = false;
  #unheard: NodeJS.Timeout | undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly exited: Promise<void> = this.#ended.promise;

  /** `entry` is the worker's program: a module that speaks the protocol over IPC. */
  constructor(entry: URL, setup: WorkerSetup) {
    this.#setup = setup;
    const child = this.#start(entry);
    this.#child = child;
    child?.once('error', (error) => this.#noteEnd({ startError: errnoOf(error) ?? 'UNKNOWN' }));
    // Its last words come with `close`; `exit` alone may come before them.
    child?.once('close', (code, signal) => this.#noteEnd({ exitCode: code ?? undefined, signal: signal ?? undefined }));
    child?.once('exit', (code, signal) => {
      this.#isEnding = true;
      this.#endGroup();
      const facts = { exitCode: code ?? undefined, signal: signal ?? undefined };
      const patience = setTimeout(() => this.#noteEnd(facts), LAST_WORDS_MS);
      void this.exited.then(() => clearTimeout(patience));
    });
    this.#memory = child?.pid === undefined ? undefined : new MemoryGauge(child.pid);
    this.#memoryTimer = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS);
    this.#memoryTimer.unref();
    if (!child) this.#noteEnd(this.#end);
  }

  #start(entry: URL): ChildProcess | undefined {
    try {
      const child = fork(entry, [JSON.stringify(this.#setup)], {
        // A process group of its own: killing it takes the OCR engine it started along.
        detached: process.platform !== 'win32',
        execArgv: [`--max-old-space-size=${HEAP_MIB}`, ...GARBAGE_FLAGS, '--no-warnings'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        serialization: 'json',
        env: childEnvironment('page-worker', process.env, { OMP_THREAD_LIMIT: '1' }),
      });
      child.on('message', (message: FromWorker) => this.#hear(message));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        if (this.#stderrHead.length < STDERR_HEAD_BYTES) this.#stderrHead += text.slice(0, STDERR_HEAD_BYTES);
        this.#stderrTail = (this.#stderrTail + text).slice(-STDERR_TAIL_BYTES);
      });
      return child;
    } catch (error) {
      // Some refusals to start a process come as an event, others at once.
      this.#end = { startError: errnoOf(error) ?? 'UNKNOWN' };
      return undefined;
    }
  }

  get alive(): boolean {
    return !this.#isEnding && !this.#exited && this.#endedBy === undefined;
  }

  /**
   * Sends one request and settles with its answer.
   * @throws {PipelineError} the worker's own verdict: trying again will not help.
   * @throws {WorkerBrokeError} the worker crashed or went past a limit; it is gone.
   */
  async request<C extends WorkerCall>(
    call: C,
    request: WorkerCalls[C]['request'],
    limit: RequestLimit,
  ): Promise<WorkerCalls[C]['answer']> {
    if (this.#pending) throw new InternalError('WORKER_BUSY', 'A page worker was given two requests at once.');
    const settled = Promise.withResolvers<unknown>();
    const step: WorkStep = call === 'assemble' ? 'assemble' : 'open';
    const timeoutMs = limit.timeoutMs + limit.graceMs;
    const timer = setTimeout(() => this.kill('timeout'), timeoutMs);
    const pending: Pending = { id: this.#nextId++, call, settled, step, limit, timer, timeoutMs };
    this.#pending = pending;
    if (this.#exited) this.#breakPending();
    else if (this.#child?.connected) {
      this.#child.send({ id: pending.id, call, request }, (error) => {
        if (error && this.#pending === pending) this.kill('crash');
      });
    }
    try {
      return (await settled.promise) as WorkerCalls[C]['answer'];
    } finally {
      clearTimeout(pending.timer);
    }
  }

  /** Lets it load what reading needs. Nobody waits for that: a request that comes meanwhile is answered after it. */
  prepare(): void {
    if (this.#child?.connected)
      this.#child.send({ id: PREPARATION_ID, call: 'prepare', request: { file: '' } }, () => undefined);
  }

  /** Ends the worker and all it started, at once. */
  kill(reason: Breakage): void {
    this.#endedBy ??= reason;
    const pid = this.#child?.pid;
    if (pid === undefined || this.#exited) return;
    this.#unheard ??= setTimeout(() => this.#noteEnd({ signal: 'SIGKILL' }), UNHEARD_MS);
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      this.#child?.kill('SIGKILL');
    }
  }

  /** Lets an idle worker end by itself. */
  async close(): Promise<void> {
    if (this.#pending) this.kill('crash');
    else if (this.#child?.connected) this.#child.disconnect();
    const grace = setTimeout(() => this.kill('crash'), 2_000);
    await this.exited;
    clearTimeout(grace);
  }

  #hear(message: FromWorker): void {
    const pending = this.#pending;
    if (!pending) return;
    switch (message.type) {
      case 'step':
        this.#enter(pending, message.step);
        break;
      case 'answer':
        if (message.id !== pending.id) return;
        this.#pending = undefined;
        this.#answers++;
        pending.settled.resolve(message.answer);
        break;
      case 'error':
        if (message.id !== pending.id) return;
        this.#pending = undefined;
        this.#answers++;
        pending.settled.reject(errorFromRecord(message.error));
        break;
      case 'ready':
        break;
    }
  }

  /** The time for the work itself begins when the document is open. */
  #enter(pending: Pending, step: WorkStep): void {
    const isOpenNow = pending.step === 'open' && step !== 'open';
    pending.step = step;
    if (!isOpenNow || pending.limit.graceMs === 0) return;
    clearTimeout(pending.timer);
    pending.timeoutMs = pending.limit.timeoutMs;
    pending.timer = setTimeout(() => this.kill('timeout'), pending.timeoutMs);
  }

  #noteEnd(facts: Omit<WorkerEnd, 'words'>): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#end = facts;
    clearInterval(this.#memoryTimer);
    clearTimeout(this.#unheard);
    this.#memory?.[Symbol.dispose]();
    this.#endGroup();
    this.#breakPending();
    this.#ended.resolve();
  }

  /** The engine it had started must not outlive it. */
  #endGroup(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || process.platform === 'win32') return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  }

  #breakPending(): void {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    const breakage = this.#endedBy ?? 'crash';
    const end: WorkerEnd = { ...this.#end, words: this.#lastWords() };
    const { step } = pending;
    const blame = blameBreakage(breakage, pending, end, this.#setup.limits.memoryMiB);
    pending.settled.reject(new WorkerBrokeError({ breakage, step, wasFresh: this.#answers === 0, end, blame }));
  }

  #lastWords(): string {
    const { length } = this.#stderrHead;
    return (this.#stderrTail.length <= length ? this.#stderrHead : `${this.#stderrHead}\n${this.#stderrTail}`).trim();
  }

  #checkMemory(): void {
    if (!this.#pending) return;
    const used = this.#memory?.read();
    if (used !== undefined && used > this.#setup.limits.memoryMiB) this.kill('memory');
  }
}
