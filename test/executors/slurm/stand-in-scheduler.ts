import { join } from 'node:path';
import { stopReason, TransientError } from '../../../src/core/errors.ts';
import type { QueueRow } from '../../../src/executors/slurm/parse/parse-queue.ts';
import type { AccountingRow } from '../../../src/executors/slurm/parse/parse-accounting.ts';
import type { AccountingQuestion, SlurmClient } from '../../../src/executors/slurm/slurm-client.ts';
import { WaveStore, type ChunkOrder } from '../../../src/executors/slurm/store/wave-store.ts';
import { realDisk } from '../../../src/files/disk.ts';

type Task = { -readonly [K in keyof QueueRow]: QueueRow[K] } & { readonly wave: number };

/**
 * A scheduler in memory: it takes jobs, tells of them and forgets them as Slurm does, and runs a task when the test says so,
 * by writing the results that its order asks for.
 */
export class StandInScheduler implements SlurmClient {
  readonly #folder: string;
  readonly tasks: Task[] = [];
  /** How often each chunk was read to its end. */
  readonly timesRead = new Map<string, number>();
  readonly calls: string[] = [];
  /** No call is answered. */
  isDown = false;
  /** Takes jobs, but the answer is lost. */
  losesAnswers = false;
  /** Takes jobs, and says everything but their number. */
  saysNoNumber = false;
  keepsAccounts = true;
  /** Tasks that one person may have in the queue; an array counts with all of its tasks. */
  maxTasks = Infinity;
  /** Scripts as they were submitted and taken. */
  readonly scripts: string[] = [];
  /** Why it takes no job. */
  refusal: Error | undefined;
  beforeSubmit: () => void = () => undefined;
  /** Tasks that ended and left the queue. */
  readonly forgotten: Task[] = [];

  constructor(runFolder: string) {
    this.#folder = runFolder;
  }

  submit(script: string, signal: AbortSignal): Promise<string | undefined> {
    this.calls.push('sbatch');
    this.beforeSubmit();
    if (signal.aborted) return Promise.reject(stopReason(signal));
    if (this.refusal) return Promise.reject(this.refusal);
    if (this.isDown) return Promise.reject(new TransientError('SLURM_UNREACHABLE', 'No answer.'));
    const name = /--job-name=(\S+)/.exec(script)?.[1] ?? '';
    const wave = Number(name.split('-').at(-1));
    const last = Number(/--array=(?:0-)?(\d+)/.exec(script)?.[1] ?? 0);
    const jobId = String(100 + wave);
    if (this.open.length + last + 1 > this.maxTasks)
      return Promise.reject(new TransientError('SLURM_QUEUE_FULL', 'No room.'));
    this.scripts.push(script);
    for (let index = 0; index <= last; index++) {
      this.tasks.push({
        wave,
        jobName: name,
        jobId,
        arrayIndex: index,
        state: 'PENDING',
        reason: 'Priority',
        nodes: '',
      });
    }
    if (this.saysNoNumber) return Promise.resolve(undefined);
    return this.losesAnswers
      ? Promise.reject(new TransientError('SLURM_UNREACHABLE', 'No answer.'))
      : Promise.resolve(jobId);
  }

  queue(names: readonly string[]): Promise<readonly QueueRow[] | undefined> {
    this.calls.push('squeue');
    return Promise.resolve(
      this.isDown
        ? undefined
        : this.tasks.filter(({ jobName }) => names.includes(jobName)).map((task) => ({ ...task })),
    );
  }

  accounting(of: AccountingQuestion): Promise<readonly AccountingRow[] | 'unavailable' | undefined> {
    this.calls.push('sacct');
    if (!this.keepsAccounts) return Promise.resolve('unavailable');
    const rows = [...this.forgotten, ...this.tasks].filter(({ jobName, jobId }) =>
      'jobIds' in of ? of.jobIds.includes(jobId) : of.jobNames.includes(jobName),
    );
    return Promise.resolve(rows.map((row) => ({ ...row, exitCode: 0, signal: 0, seconds: 1, cores: 1 })));
  }

  cancel(jobName: string, indexes: readonly number[] | undefined): Promise<void> {
    this.calls.push('scancel');
    for (const task of this.tasks) {
      if (task.jobName === jobName && (!indexes || indexes.includes(task.arrayIndex ?? 0)) && isOpen(task))
        task.state = 'CANCELLED';
    }
    return Promise.resolve();
  }

  config() {
    if (this.isDown) return Promise.resolve(undefined);
    return Promise.resolve({
      clusterName: 'c',
      version: '22.05.8',
      maxArraySize: 1_001,
      maxJobCount: 10_000,
      minJobAgeS: 300,
      killWaitS: 30,
      hasAccounting: true,
      wholeNodesOnly: false,
    });
  }

  partitions() {
    const nodeKinds = [{ nodes: 4, idleNodes: 4, cores: 8, memoryMiB: 64_000, features: [] }];
    return Promise.resolve([
      {
        name: 'p',
        isDefault: true,
        isUp: true,
        wholeNodes: false,
        isPreemptable: false,
        allowedAccounts: [],
        nodeKinds,
      },
    ]);
  }

  associations() {
    return Promise.resolve('unavailable' as const);
  }

  startEstimate() {
    return Promise.resolve(undefined);
  }

  /** Tasks that wait or run. */
  get open(): readonly Task[] {
    return this.tasks.filter((task) => isOpen(task));
  }

  /** Runs what waits to its end. */
  async runAll(): Promise<void> {
    for (const task of this.open) await this.end(task, 'COMPLETED');
  }

  /** Gives a task an end; with COMPLETED its results are written, with others those of its first `chunks` chunks. */
  async end(
    task: Task,
    state: string,
    {
      chunks = state === 'COMPLETED' ? Infinity : 0,
      reason = '',
      node = 'n1',
      log,
    }: { chunks?: number; reason?: string; node?: string; log?: string } = {},
  ): Promise<void> {
    const order = await new WaveStore(join(this.#folder, 'waves'), realDisk).readTask(task.wave, task.arrayIndex ?? 0);
    for (const chunk of order?.task.chunks.slice(0, chunks) ?? []) await this.#read(chunk);
    if (log !== undefined)
      await realDisk.writeWhole(join(this.#folder, 'waves/logs', `${task.wave}-${task.arrayIndex}.log`), log);
    Object.assign(task, { state, reason, nodes: node });
  }

  /** The queue remembers ended tasks for a while only. */
  forgetEnded(): void {
    for (const task of this.tasks.filter((each) => !isOpen(each))) {
      this.forgotten.push(task);
      this.tasks.splice(this.tasks.indexOf(task), 1);
    }
  }

  async #read({ id, ranges }: ChunkOrder): Promise<void> {
    const file = join(this.#folder, 'chunks', `${id}.ndjson`);
    this.timesRead.set(id, (this.timesRead.get(id) ?? 0) + 1);
    const pages = ranges.flatMap(({ sha1, pageNumbers }) =>
      pageNumbers.map((pageNumber) => ({ sha1, recipe: '', page: { pageNumber, state: 'blank', blocks: [] } })),
    );
    const trailer = {
      chunk: id,
      pages: pages.length,
      pagesRead: pages.length,
      busyMs: pages.length * 2_000,
      workers: 2,
    };
    await realDisk.writeWhole(file, [...pages, { trailer }].map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}

function isOpen({ state }: Task): boolean {
  return state === 'PENDING' || state === 'RUNNING';
}
