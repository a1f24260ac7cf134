import type { Recipe } from '../../core/chunk.ts';
import { ConfigError, MissingDependencyError, TransientError } from '../../core/errors.ts';
import { countPages } from '../../core/pack-chunks.ts';
import { memoryAskedFor } from '../../core/sbatch-options.ts';
import type { PageLimits } from '../../core/settings.ts';
import type { BrokenNodes } from './broken-nodes.ts';
import { chooseNodes, type ChosenNodes, type SlurmWishes } from './decide/choose-nodes.ts';
import type { Retry } from './decide/decide-retry.ts';
import { makeJobScript, type JobScriptOptions } from './job-script.ts';
import type { LiveWave, LiveWork } from './live-work.ts';
import { planWave, type OrderGroup, type PlannedWave, type WaveLimits } from './decide/plan-wave.ts';
import { QueueRoom, type OrderOptions } from './queue-room.ts';
import type { SlurmClient } from './slurm-client.ts';
import { SourceFolders } from './store/source-folders.ts';
import type { Wave, WaveStore } from './store/wave-store.ts';

/** How long Slurm is asked what it is like before the run gives up. */
const ASK_TIMEOUT_MS = 120_000;
/** What orders are made of. */
export interface WaveSubmitterParts {
  readonly client: SlurmClient;
  readonly store: WaveStore;
  readonly runName: string;
  readonly recipe: Recipe;
  readonly limits: PageLimits;
  readonly wishes: SlurmWishes;
  /** What is the same in all job scripts of the run. */
  readonly script: Pick<JobScriptOptions, 'runFolder' | 'account' | 'partition' | 'qos' | 'options' | 'program'> & {
    /** Folders and files that a person gave as input. */
    readonly sourceFolders: readonly string[];
  };
  readonly tesseract?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: () => number;
  readonly notice: (level: 'info' | 'warn', code: string, text: string) => void;
}

/** The name of a wave's job: with it alone a run's jobs are found again. */
export function jobNameOf(runName: string, wave: number): string {
  return `ocrp-${runName}-${wave}`;
}

/** Turns chunks into job arrays: plans them, keeps the orders, submits. */
export class WaveSubmitter {
  readonly #parts: WaveSubmitterParts;
  readonly #work: LiveWork;
  readonly #broken: BrokenNodes;
  readonly #sources: SourceFolders;
  readonly #room = new QueueRoom();
  #nodes: ChosenNodes | undefined;
  #maxArraySize = 1_001;
  nextWave = 1;
  constructor(parts: WaveSubmitterParts, work: LiveWork, broken: BrokenNodes) {
    this.#parts = parts;
    this.#work = work;
    this.#broken = broken;
    this.#sources = new SourceFolders(parts.script.runFolder, parts.script.sourceFolders);
  }

  /** Chunks wait here because Slurm's queue is full. */
  get isFull(): boolean {
    return this.#room.isFull;
  }

  jobName(wave: number): string {
    return jobNameOf(this.#parts.runName, wave);
  }

  /** Nodes there are to choose from. */
  get nodeCount(): number {
    return this.#nodes?.nodeCount ?? 1;
  }

  /** Nodes at once and cores a task; known after `prepare`. */
  get size(): { readonly nodes: number; readonly coresPerTask: number } {
    const { nodes, cores } = this.#parts.wishes;
    const shape = this.#nodes?.shape;
    const coresPerTask = !shape ? 1 : shape.wholeNodes ? shape.coresPerNode : Math.min(shape.coresPerNode, cores ?? 8);
    return { nodes, coresPerTask };
  }

  /**
   * Asks once what the cluster is like.
   * @throws {ConfigError} `SLURM_PARTITION`: there is no such partition. @throws {TransientError} `SLURM_UNREACHABLE`.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#nodes) return;
    const { client, wishes, script } = this.#parts;
    const stop = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
    const [config, partitions] = [await client.config(stop), await client.partitions(stop)];
    if (!config || !partitions) {
      throw new TransientError('SLURM_UNREACHABLE', 'Slurm does not answer.', {
        safe: 'All finished pages are kept; jobs that run go on.',
        remedy: 'The same command a little later.',
      });
    }
    this.#maxArraySize = config.maxArraySize;
    this.#nodes = chooseNodes(config, partitions, wishes, memoryAskedFor(script.options ?? []));
  }

  get #limits(): WaveLimits {
    const { limits, wishes } = this.#parts;
    const shape = this.#nodes?.shape ?? { coresPerNode: 1, wholeNodes: false, nodes: wishes.nodes };
    return {
      shape,
      maxArraySize: this.#maxArraySize,
      workerMemoryMiB: limits.memoryMiB,
      wishedMinutes: wishes.minutes,
    };
  }

  /**
   * Orders chunks for the first time or again: one array, or more where the scheduler allows no longer ones. What finds no room
   * in its queue waits here, and goes with `orderWaiting`.
   */
  async order(groups: readonly OrderGroup[], options: OrderOptions, signal: AbortSignal): Promise<void> {
    let rest: readonly OrderGroup[] = [];
    for (const group of groups)
      if (group.chunks.length > 0)
        rest = [...rest, { ...group, chunks: await this.#sources.withRealFiles(group.chunks) }];
    while (rest.length > 0) {
      const limits = this.#limits;
      const maxArraySize = Math.min(limits.maxArraySize, this.#room.tasks);
      const planned = planWave(rest, { ...options, ...limits, maxArraySize });
      const size = planned.tasks.length;
      if (await this.#submit(planned, options, signal)) {
        this.#room.recordTaken(size);
        rest = planned.left;
        continue;
      }
      this.#room.recordRefused(size);
      if (size > 1) continue;
      this.#deferGroups(rest, options);
      return;
    }
    this.#room.recordAllTaken();
  }

  #deferGroups(groups: readonly OrderGroup[], options: OrderOptions): void {
    const { clock, notice, recipe, limits } = this.#parts;
    if (this.#room.defer({ groups, options }, clock())) {
      const pages = groups.flatMap(({ chunks }) => chunks).reduce((sum, { ranges }) => sum + countPages(ranges), 0);
      const text = `Slurm takes no more jobs of yours at the moment; ${pages} pages wait here, and go as others end.`;
      notice('warn', 'SLURM_QUEUE_FULL', text);
    }
    for (const { id, ranges, history } of groups.flatMap(({ chunks }) => chunks))
      this.#work.defer({ id, ranges, recipe, limits }, history);
  }

  /**
   * Orders what waits for room, where some may have come: `hasEnded`, a job of ours has.
   * @throws {TransientError} `SLURM_QUEUE_FULL`: there was none for half an hour, with nothing of ours in the queue.
   */
  async orderWaiting(hasEnded: boolean, signal: AbortSignal): Promise<void> {
    const due = this.#room.takeDue(hasEnded, this.#parts.clock());
    if (due.length === 0) return;
    for (const [index, { groups, options }] of due.entries()) {
      // Some may have been read meanwhile, or given up.
      const wanted = groups.map((group) => ({
        ...group,
        chunks: group.chunks.filter(({ id }) => this.#work.chunks.get(id)?.state === 'open'),
      }));
      await this.order(wanted, options, signal);
      if (!this.#room.isFull) continue;
      this.#room.putBack(due.slice(index + 1));
      break;
    }
    this.#room.checkPatience(this.#work.tasks.length > 0, this.#parts.clock());
  }

  /** Orders again what tasks left undone, all in one array. */
  async orderAgain(retries: readonly Retry[], secondsAPage: number | undefined, signal: AbortSignal): Promise<void> {
    const groups = Map.groupBy(retries, ({ alone, maxWorkers }) => `${alone} ${maxWorkers}`);
    const minutes = retries.reduce<number | undefined>(
      (most, retry) => (retry.minutes === undefined ? most : Math.max(most ?? 0, retry.minutes)),
      undefined,
    );
    const nodes = new Set([...this.#broken.names, ...retries.flatMap(({ excludeNode }) => excludeNode ?? [])]);
    await this.order(
      [...groups.values()].map((group) => ({
        alone: group[0]?.alone ?? false,
        maxWorkers: group[0]?.maxWorkers,
        chunks: group.flatMap(({ id, history }) => {
          const chunk = this.#work.chunks.get(id)?.chunk;
          return chunk ? [{ id, ranges: chunk.ranges, history }] : [];
        }),
      })),
      { secondsAPage, minutes, excludeNodes: [...nodes] },
      signal,
    );
  }

  /** Submits a wave; false where Slurm's queue has no room for it. */
  async #submit(planned: PlannedWave, { excludeNodes = [] }: OrderOptions, signal: AbortSignal): Promise<boolean> {
    const { store, recipe, limits, tesseract, environment, script, clock } = this.#parts;
    const number = this.nextWave++;
    const wave: Wave = {
      wave: number,
      recipe,
      limits,
      minutes: planned.minutes,
      tesseract,
      environment,
      tasks: planned.tasks,
    };
    const excluded = new Set([...this.#broken.names, ...excludeNodes]);
    const chunks = planned.tasks.flatMap((task) => task.chunks);
    const text = makeJobScript({
      ...script,
      sourceFolders: 'image' in script.program ? await this.#sources.foldersOf(chunks) : [],
      jobName: this.jobName(number),
      wave: number,
      tasks: planned.tasks.length,
      atOnce: planned.atOnce,
      cores: planned.cores,
      wholeNodes: planned.wholeNodes,
      minutes: planned.minutes,
      // Without any node left Slurm would refuse: then a bad one is better than none.
      excludeNodes: excluded.size < this.nodeCount ? [...excluded] : [],
      comment: `ocr-pipeline ${this.#parts.runName}`,
      logFile: store.logFile(number, '%a'),
    });
    await store.plan(wave, planned.cores);
    const live = this.#work.add(wave, this.jobName(number), clock());
    if (!(await this.#submitScript(text, live, signal))) return false;
    this.#reportWave(live, planned);
    return true;
  }

  #reportWave({ jobId }: LiveWave, { tasks, minutes }: PlannedWave): void {
    const pages = tasks.reduce(
      (sum, { chunks }) => sum + chunks.reduce((all, { ranges }) => all + countPages(ranges), 0),
      0,
    );
    const jobs = tasks.length === 1 ? 'one job' : `${tasks.length} jobs`;
    this.#parts.notice(
      'info',
      'SLURM_SUBMITTED',
      `${pages} pages went to Slurm as ${jobs} of at most ${minutes} min (${jobId ?? 'its number is not known yet'}).`,
    );
  }

  /**
   * Submits a script; false where there is no room for it. Where no answer comes it may have been taken: the queue will tell,
   * by its name.
   */
  async #submitScript(text: string, live: LiveWave, signal: AbortSignal): Promise<boolean> {
    const { store, client } = this.#parts;
    try {
      live.jobId = await client.submit(text, signal);
    } catch (error) {
      if (error instanceof TransientError && error.code === 'SLURM_UNREACHABLE') return true;
      const isRefused =
        error instanceof ConfigError || error instanceof TransientError || error instanceof MissingDependencyError;
      // Submissions are not broken off in the middle: who was stopped has not begun.
      if (isRefused || signal.aborted) {
        await store.ended(live.wave, isRefused ? `refused: ${error.code}` : 'not submitted');
        this.#work.drop(live);
      }
      if (isFull(error, live.tasks.size)) return false;
      throw error;
    }
    if (live.jobId !== undefined) await store.submitted(live.wave, live.jobId);
    return true;
  }
}

/** Slurm may say only that some limit is in the way: that of jobs at once it is where fewer go. */
function isFull(error: unknown, tasks: number): boolean {
  return (
    (error instanceof TransientError && error.code === 'SLURM_QUEUE_FULL') ||
    (error instanceof ConfigError && error.code === 'SLURM_POLICY' && tasks > 1)
  );
}
