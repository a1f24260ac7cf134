import type { Chunk } from '../../core/chunk.ts';
import { asPipelineError, throwIfStopped, TransientError, type ErrorRecord } from '../../core/errors.ts';
import { CLUSTER_CHUNKS, countPages } from '../../core/pack-chunks.ts';
import type { Disk } from '../../files/disk.ts';
import type { Executor, GatheredPages, RecoveredWork, WorkHandle, WorkState, WorkStatus } from '../executor.ts';
import { BrokenNodes } from './broken-nodes.ts';
import { ResultCollector } from './store/collect-results.ts';
import { decideWave } from './decide/decide-wave.ts';
import { hopelessReason } from './decide/hopeless-reason.ts';
import { passingReason } from './decide/passing-reason.ts';
import { recordQueue } from './decide/record-queue.ts';
import { LiveWork, type LiveTask } from './live-work.ts';
import { explainTaskEnds } from './explain-task-ends.ts';
import { WaveSubmitter, type WaveSubmitterParts } from './wave-submitter.ts';
import { decideRetry, describeEnd, type Retry } from './decide/decide-retry.ts';
import { NO_HISTORY } from './store/wave-store.ts';

/** Documents that may be on their way at once: a wave is worth more the more pages are known. */
const DOCUMENTS_IN_FLIGHT = 50_000;
/** While nothing happens the time between polls grows by half each, up to four times the setting. */
const POLL_GROWTH = 1.5;
const MOST_POLL_GROWTH = 4;
/** How long results of a task that ended well may take to be seen on another machine. */
const FILE_SYSTEM_LAG_MS = 60_000;
const CANCEL_TIMEOUT_MS = 60_000;

/** What the executor works with. */
export interface SlurmExecutorParts extends WaveSubmitterParts {
  /** Where results are. */
  readonly chunksFolder: string;
  readonly disk: Disk;
  readonly pollMs: number;
  readonly gatherMs: number;
  /** How long work may be gone without a trace before it is taken for lost. */
  readonly patienceMs: number;
  /** This program ends as soon as all is ordered. */
  readonly leaving: boolean;
}

/**
 * Runs chunks as array tasks of Slurm jobs. What it orders is in the run folder before it is submitted, so that another
 * coordinator goes on with it. A chunk is done when its result file is there, whatever Slurm says.
 */
export class SlurmExecutor implements Executor {
  readonly name = 'slurm';
  readonly documentsInFlight = DOCUMENTS_IN_FLIGHT;
  readonly chunkRule = CLUSTER_CHUNKS;
  readonly outlivesUs = true;
  readonly #parts: SlurmExecutorParts;
  readonly #work = new LiveWork();
  readonly #collector: ResultCollector;
  readonly #waves: WaveSubmitter;
  #pollGrowth = 1;
  readonly #broken: BrokenNodes;
  #lastOrderMs = 0;
  #answered = true;
  /** Reasons to wait that a person has heard of. */
  readonly #waitsTold = new Set<string>();
  /** Of jobs that may be in the queue. */
  readonly #jobNames = new Set<string>();

  constructor(parts: SlurmExecutorParts) {
    this.#parts = parts;
    this.#collector = new ResultCollector(this.#work, parts.store, parts.chunksFolder, parts.disk);
    this.#broken = new BrokenNodes(parts.notice);
    this.#waves = new WaveSubmitter(parts, this.#work, this.#broken);
  }

  get pollIntervalMs(): number {
    return this.#parts.pollMs * this.#pollGrowth;
  }

  /** Where pages are read, for people: `Slurm 21840317`. */
  get where(): string {
    const ids = [...this.#work.waves.values()].flatMap(({ jobId }) => jobId ?? []);
    return ids.length === 0 ? 'Slurm' : `Slurm ${ids.at(-1)}`;
  }

  prepare(): void {
    // What a job needs is known once its pages are.
  }

  pagesWanted(gathered: GatheredPages): number {
    const { gatherMs, leaving, clock } = this.#parts;
    if (!this.#answered || this.#waves.isFull) return 0;
    const { nodes, coresPerTask } = this.#waves.size;
    return decideWave(gathered, {
      nodes,
      coresPerTask,
      secondsAPage: this.#collector.secondsAPage,
      liveTasks: this.#work.tasks.length,
      waves: this.#work.waves.size,
      sinceLastWaveMs: clock() - this.#lastOrderMs,
      gatherMs,
      leaving,
    });
  }

  get pagesAtOnce(): number {
    return this.#work.tasks.filter(({ state }) => state === 'running').length * this.#waves.size.coresPerTask;
  }

  async recover(signal: AbortSignal): Promise<readonly RecoveredWork[]> {
    const { store, clock } = this.#parts;
    const { waves, done, measured } = await store.load();
    try {
      await this.#waves.prepare(signal);
    } catch (error) {
      // What was ordered before may be there to collect, whether Slurm answers or not.
      if (!(error instanceof TransientError) || waves.every(({ ended }) => ended)) throw error;
      this.#answered = false;
    }
    this.#collector.measured = measured;
    this.#waves.nextWave = (waves.at(-1)?.wave ?? 0) + 1;
    for (const { wave, jobId, ended, intentAtMs } of waves) {
      if (ended) continue;
      const orders = await store.read(wave);
      if (!orders) {
        await store.ended(wave, 'its orders are gone');
        continue;
      }
      const live = this.#work.add(orders, this.#waves.jobName(wave), intentAtMs, (id) => done.has(id));
      live.jobId = jobId;
    }
    await store.sweep(waves);
    await this.#collector.collect();
    if (this.#work.waves.size > 0) this.#lastOrderMs = clock();
    return this.#work.open.map(({ chunk }) => ({ handle: this.#handleOf(chunk), chunk }));
  }

  async submit(chunks: readonly Chunk[], signal: AbortSignal): Promise<readonly WorkHandle[]> {
    throwIfStopped(signal);
    await this.#waves.prepare(signal);
    const orders = chunks.map(({ id, ranges }) => ({ id, ranges, history: NO_HISTORY }));
    await this.#waves.order([{ chunks: orders, alone: false }], { secondsAPage: this.#collector.secondsAPage }, signal);
    this.#lastOrderMs = this.#parts.clock();
    this.#pollGrowth = 1;
    return chunks.map((chunk) => this.#handleOf(chunk));
  }

  #handleOf({ id }: Chunk): WorkHandle {
    return { chunkId: id, executor: this.name, key: this.#parts.runName };
  }

  async poll(handles: readonly WorkHandle[], signal: AbortSignal): Promise<readonly WorkStatus[]> {
    for (const { jobName } of this.#work.waves.values()) this.#jobNames.add(jobName);
    const collected = await this.#collector.collect();
    const grew = await this.#collector.results.countPartial(this.#work.open.map(({ chunk }) => chunk));
    const heard = this.#work.open.length > 0 && (await this.#pollSlurm(collected > 0, signal));
    this.#pollGrowth = collected > 0 || grew || heard ? 1 : Math.min(MOST_POLL_GROWTH, this.#pollGrowth * POLL_GROWTH);
    if (this.#work.open.length === 0) await this.#cancelLeftovers(signal);
    return handles.map((handle) => this.#statusOf(handle));
  }

  /**
   * Cancels tasks that still wait when nothing is open any more: a first start of theirs was taken for dead, and did the work.
   * What runs finds nothing to do, and ends.
   */
  async #cancelLeftovers(signal: AbortSignal): Promise<void> {
    const { client, notice } = this.#parts;
    const names = [...this.#jobNames];
    this.#jobNames.clear();
    if (names.length === 0) return;
    const rows = await client.queue(names, signal);
    if (!rows) {
      const text = `All pages are read, but Slurm does not answer. Should a job be left in its queue: scancel -n ${names.join(',')}`;
      notice('warn', 'SLURM_UNREACHABLE', text);
      return;
    }
    for (const { jobName, arrayIndex, state } of rows) {
      if (state !== 'PENDING') continue;
      // What cannot be cancelled now is read from an order that is gone, and ends at once.
      await client.cancel(jobName, arrayIndex === undefined ? undefined : [arrayIndex], signal).catch(() => undefined);
    }
  }

  #statusOf(handle: WorkHandle): WorkStatus {
    const live = handle.key === this.#parts.runName ? this.#work.chunks.get(handle.chunkId) : undefined;
    if (!live) return { handle, state: 'lost', pagesDone: 0 };
    if (live.state === 'open') {
      // What is in no task waits here until Slurm's queue has room.
      const seen = live.task?.state ?? 'waiting';
      const state: WorkState = !this.#answered || seen === 'gone' ? 'unknown' : seen;
      return { handle, state, pagesDone: this.#collector.results.partialPagesOf(live.chunk.id) };
    }
    return {
      handle,
      state: live.state,
      pagesDone: live.state === 'done' ? countPages(live.chunk.ranges) : 0,
      error: live.error,
    };
  }

  /** One question for the whole run; answers with whether anything has changed. `hasResults`: some have just come. */
  async #pollSlurm(hasResults: boolean, signal: AbortSignal): Promise<boolean> {
    const { client, store, notice, clock, patienceMs } = this.#parts;
    const names = [...this.#work.waves.values()].map(({ jobName }) => jobName);
    const rows = await client.queue(names, signal);
    if (!rows) {
      if (this.#answered)
        notice('warn', 'SLURM_UNREACHABLE', 'Slurm does not answer; asking again. Jobs go on meanwhile.');
      this.#answered = false;
      return false;
    }
    if (!this.#answered) notice('info', 'SLURM_ANSWERS', 'Slurm answers again.');
    this.#answered = true;
    const { changed, ended, held, takenBack, hopeless, waits, adopted } = recordQueue(
      this.#work,
      rows,
      clock(),
      hopelessReason,
    );
    for (const { wave, jobId } of adopted) await store.submitted(wave, jobId);
    if (takenBack > 0) {
      const jobs = takenBack === 1 ? 'a running job' : `${takenBack} running jobs`;
      notice(
        'warn',
        'SLURM_REQUEUED',
        `Slurm put ${jobs} back into the queue, for others or after a failure; finished pages are kept, and it goes on by itself.`,
      );
    }
    this.#reportWaitReasons(waits);
    if (hopeless) {
      await this.#stop(hopeless);
      return true;
    }
    await this.#waves.orderWaiting(hasResults || ended.length > 0, signal);
    if (ended.length === 0) return changed;
    for (const { wave, index } of held) await client.cancel(wave.jobName, [index], signal);
    // What was written between the listing and the question.
    await this.#collector.collect();
    await this.#orderUnfinishedAgain(
      ended.filter(({ open }) => open.size > 0),
      { lagMs: Math.min(FILE_SYSTEM_LAG_MS, patienceMs), patienceMs },
      signal,
    );
    return true;
  }

  /** Says once why jobs wait, where it is more than their turn. */
  #reportWaitReasons(reasons: ReadonlySet<string>): void {
    for (const reason of reasons) {
      const why = passingReason(reason);
      if (why === undefined || this.#waitsTold.has(why)) continue;
      this.#waitsTold.add(why);
      this.#parts.notice(
        'warn',
        'SLURM_WAITS',
        `A job waits: ${why}. Slurm says: ${reason}. Its place in the queue is kept.`,
      );
    }
  }

  /** Decides what becomes of tasks that have ended with work undone, and orders what is tried again, all in one wave. */
  async #orderUnfinishedAgain(
    tasks: readonly LiveTask[],
    waits: { readonly lagMs: number; readonly patienceMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, store, clock, notice } = this.#parts;
    const ends = await explainTaskEnds(
      tasks,
      {
        client,
        store,
        results: this.#collector.results,
        nowMs: clock(),
        ...waits,
        coresPerTask: this.#waves.size.coresPerTask,
      },
      signal,
    );
    const retries: Retry[] = [];
    for (const ended of ends) {
      const decision = decideRetry(this.#broken.record(ended, this.#waves.nodeCount));
      if (decision.stop) {
        await this.#stop(decision.stop);
        return;
      }
      for (const { id, reason } of decision.quarantined) {
        const live = this.#work.chunks.get(id);
        if (live)
          notice(
            'warn',
            'CHUNK_GIVEN_UP',
            `${await this.#collector.giveUp(live, reason)} pages were given up: ${reason.message}`,
          );
      }
      for (const retry of decision.again) {
        retries.push({
          ...retry,
          history: { ...retry.history, keptBytes: await this.#collector.results.keptBytes(retry.id) },
        });
      }
    }
    for (const [words, alike] of Map.groupBy(ends, (end) => describeEnd(end))) {
      notice(
        'warn',
        'SLURM_RETRY',
        `${alike.length === 1 ? 'A job' : `${alike.length} times a job`} ${words}; what it left undone is ordered again.`,
      );
    }
    // Somebody may have cancelled them while we looked.
    throwIfStopped(signal);
    const wanted = retries.filter(({ id }) => this.#work.chunks.get(id)?.state === 'open');
    if (wanted.length > 0) await this.#waves.orderAgain(wanted, this.#collector.secondsAPage, signal);
    await this.#collector.tidy();
  }

  /** Ends all that is out, with the reason; the run stops and can be resumed. */
  async #stop(error: ErrorRecord): Promise<void> {
    const open = this.#work.open;
    try {
      await this.cancel(open.map(({ chunk }) => this.#handleOf(chunk)));
    } catch (failure) {
      this.#parts.notice(
        'warn',
        'SLURM_CANCEL',
        `Jobs of the run may still be in the queue: ${asPipelineError(failure).message}`,
      );
    }
    for (const live of open) this.#work.settle(live, 'failed', error);
  }

  async cancel(handles: readonly WorkHandle[]): Promise<void> {
    const wanted = new Set(
      handles.flatMap(({ chunkId }) => this.#work.chunks.get(chunkId) ?? []).filter(({ state }) => state === 'open'),
    );
    const tasks = this.#work.tasks.filter(({ open }) => [...open].every((live) => wanted.has(live)));
    for (const [wave, ofWave] of Map.groupBy(tasks, (task) => task.wave)) {
      const left = [...wave.tasks.values()].filter(({ open }) => open.size > 0);
      const indexes = left.length === ofWave.length ? undefined : ofWave.map(({ index }) => index);
      await this.#parts.client.cancel(wave.jobName, indexes, AbortSignal.timeout(CANCEL_TIMEOUT_MS));
    }
    for (const live of wanted) this.#work.settle(live, 'lost');
    await this.#collector.tidy('cancelled');
  }

  async close(): Promise<void> {
    await this.#parts.store.close();
  }
}
