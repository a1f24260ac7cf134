import type { Recipe } from '../../core/chunk.ts';
import { ConfigError, MissingDependencyError, TransientError } from '../../core/errors.ts';
import { countPages } from '../../core/plan.ts';
import type { PageLimits } from '../../core/settings.ts';
import { PRIOR_SECONDS_A_PAGE } from './decide-wave.ts';
import type { Retry } from './decide-retry.ts';
import { makeJobScript, type JobScriptOptions } from './job-script.ts';
import type { LiveWave, LiveWork } from './live-work.ts';
import { planTasks, type NodeShape, type TaskPlan } from './plan-tasks.ts';
import type { SlurmClient } from './slurm-client.ts';
import type { ChunkOrder, TaskOrder, Wave, WaveStore } from './wave-store.ts';

/** How long Slurm is asked what it is like before the run gives up. */
const ASK_TIMEOUT_MS = 120_000;

/** What is asked for, as the person chose it. */
export interface SlurmWishes {
  readonly partition?: string | undefined;
  readonly nodes: number;
  readonly cores?: number | undefined;
  readonly minutes?: number | undefined;
}

/** What orders are made of. */
export interface OrderingParts {
  readonly client: SlurmClient;
  readonly store: WaveStore;
  readonly runName: string;
  readonly recipe: Recipe;
  readonly limits: PageLimits;
  readonly wishes: SlurmWishes;
  /** What is the same in all job scripts of the run. */
  readonly script: Pick<JobScriptOptions, 'runFolder' | 'account' | 'partition' | 'qos' | 'program' | 'sourceFolders'>;
  readonly tesseract?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: () => number;
}

/** Chunks that may share tasks. */
interface OrderGroup {
  readonly chunks: readonly ChunkOrder[];
  /** Each in a task of its own. */
  readonly alone: boolean;
  readonly maxWorkers?: number | undefined;
}

interface OrderOptions {
  readonly secondsAPage: number | undefined;
  /** At least this long. */
  readonly minutes?: number | undefined;
  readonly excludeNodes?: readonly string[] | undefined;
}

/** The name of a wave's job: with it alone a run's jobs are found again. */
export function jobNameOf(runName: string, wave: number): string {
  return `ocrp-${runName}-${wave}`;
}

/** Turns chunks into job arrays: plans them, keeps the orders, submits. */
export class Ordering {
  readonly #parts: OrderingParts;
  readonly #work: LiveWork;
  #shape: NodeShape | undefined;
  #maxArraySize = 1_001;
  nextWave = 1;

  constructor(parts: OrderingParts, work: LiveWork) {
    this.#parts = parts;
    this.#work = work;
  }

  jobName(wave: number): string {
    return jobNameOf(this.#parts.runName, wave);
  }

  /** Nodes at once and cores a task; known after `prepare`. */
  get size(): { readonly nodes: number; readonly coresPerTask: number } {
    const { nodes, cores } = this.#parts.wishes;
    const shape = this.#shape;
    const coresPerTask = !shape ? 1 : shape.wholeNodes ? shape.coresPerNode : Math.min(shape.coresPerNode, cores ?? 8);
    return { nodes, coresPerTask };
  }

  /**
   * Asks once what the cluster is like.
   * @throws {ConfigError} `SLURM_PARTITION`: there is no such partition. @throws {TransientError} `SLURM_UNREACHABLE`.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    if (this.#shape) return;
    const { client, wishes } = this.#parts;
    const stop = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
    const [config, partitions] = [await client.config(stop), await client.partitions(stop)];
    if (!config || !partitions) {
      throw new TransientError('SLURM_UNREACHABLE', 'Slurm does not answer.', {
        safe: 'All finished pages are kept; jobs that run go on.',
        remedy: 'The same command a little later.',
      });
    }
    this.#maxArraySize = config.maxArraySize;
    const names = wishes.partition?.split(',');
    const usable = partitions.filter(({ name, isDefault }) => (names ? names.includes(name) : isDefault));
    const missing = names?.find((name) => !partitions.some((partition) => partition.name === name));
    if (missing !== undefined || usable.length === 0) {
      throw new ConfigError('SLURM_PARTITION', missing === undefined ? 'Slurm has no default partition here.' : `There is no partition called "${missing}".`, {
        why: `There are: ${partitions.map(({ name }) => name).join(', ')}`,
        safe: 'Nothing was submitted or charged.',
        remedy: '--partition NAME',
      });
    }
    const kinds = usable.flatMap(({ nodeKinds }) => nodeKinds);
    const most = usable.map(({ maxMinutes }) => maxMinutes).filter((minutes) => minutes !== undefined);
    this.#shape = {
      coresPerNode: Math.max(1, Math.min(...kinds.map(({ cores }) => cores), ...(kinds.length === 0 ? [1] : []))),
      memoryMiB: kinds.length === 0 ? undefined : Math.min(...kinds.map(({ memoryMiB }) => memoryMiB)),
      wholeNodes: config.wholeNodesOnly || usable.every(({ wholeNodes }) => wholeNodes),
      nodes: wishes.nodes,
      coresWanted: wishes.cores,
      maxMinutes: most.length === 0 ? undefined : Math.min(...most),
    };
  }

  /** Orders chunks for the first time or again: one array, or more where the scheduler allows no longer ones. */
  async order(groups: readonly OrderGroup[], options: OrderOptions, signal: AbortSignal): Promise<void> {
    let rest: readonly OrderGroup[] = groups.filter(({ chunks }) => chunks.length > 0);
    while (rest.length > 0) {
      const planned = this.#plan(rest, options);
      await this.#submit(planned, options, signal);
      rest = planned.left;
    }
  }

  /** Orders again what tasks left undone, all in one array. */
  async orderAgain(retries: readonly Retry[], secondsAPage: number | undefined, signal: AbortSignal): Promise<void> {
    const groups = Map.groupBy(retries, ({ alone, maxWorkers }) => `${alone} ${maxWorkers}`);
    const minutes = retries.reduce<number | undefined>((most, retry) => (retry.minutes === undefined ? most : Math.max(most ?? 0, retry.minutes)), undefined);
    const nodes = new Set(retries.flatMap(({ excludeNode }) => excludeNode ?? []));
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

  #plan(groups: readonly OrderGroup[], { secondsAPage = PRIOR_SECONDS_A_PAGE, minutes }: OrderOptions): PlannedWave {
    const { limits, wishes } = this.#parts;
    const shape = this.#shape ?? { coresPerNode: 1, wholeNodes: false, nodes: wishes.nodes };
    const tasks: Omit<TaskOrder, 'index'>[] = [];
    const left: OrderGroup[] = [];
    const plans: TaskPlan[] = [];
    for (const group of groups) {
      const byId = new Map(group.chunks.map((chunk) => [chunk.id, chunk]));
      const sets = group.alone ? group.chunks.map((chunk) => [chunk]) : [group.chunks];
      for (const set of sets) {
        if (tasks.length >= this.#maxArraySize) {
          left.push({ ...group, chunks: set });
          continue;
        }
        const plan = planTasks(
          set.map(({ id, ranges }) => ({ id, pages: countPages(ranges) })),
          {
            shape,
            secondsAPage,
            workerMemoryMiB: limits.memoryMiB,
            maxArraySize: this.#maxArraySize - tasks.length,
            minutes: wishes.minutes,
            maxWorkers: group.maxWorkers,
          },
        );
        plans.push(plan);
        for (const { chunkIds } of plan.tasks) {
          tasks.push({ maxWorkers: plan.maxWorkers, chunks: chunkIds.flatMap((id) => byId.get(id) ?? []) });
        }
        if (plan.left.length > 0) left.push({ ...group, chunks: plan.left.flatMap((id) => byId.get(id) ?? []) });
      }
    }
    const asked = Math.max(minutes ?? 0, ...plans.map(({ timeLimitMinutes }) => timeLimitMinutes));
    return {
      tasks: tasks.map((task, index) => ({ index, ...task })),
      cores: Math.max(...plans.map(({ coresPerTask }) => coresPerTask)),
      minutes: Math.min(asked, shape.maxMinutes ?? asked, wishes.minutes ?? asked),
      atOnce: Math.max(1, Math.min(wishes.nodes, tasks.length)),
      wholeNodes: shape.wholeNodes,
      left,
    };
  }

  async #submit(planned: PlannedWave, { excludeNodes = [] }: OrderOptions, signal: AbortSignal): Promise<void> {
    const { client, store, recipe, limits, tesseract, environment, script, clock } = this.#parts;
    const number = this.nextWave++;
    const wave: Wave = { wave: number, recipe, limits, minutes: planned.minutes, tesseract, environment, tasks: planned.tasks };
    await store.plan(wave);
    const live = this.#work.add(wave, this.jobName(number), clock(), () => false);
    const text = makeJobScript({
      ...script,
      jobName: live.jobName,
      wave: number,
      tasks: planned.tasks.length,
      atOnce: planned.atOnce,
      cores: planned.cores,
      wholeNodes: planned.wholeNodes,
      minutes: planned.minutes,
      excludeNodes,
      comment: `ocr-pipeline ${this.#parts.runName}`,
      logFile: store.logFile(number, '%a'),
    });
    await this.#hand(text, live, client, store, signal);
  }

  /** Submits a script. Where no answer comes it may have been taken: the queue will tell, by its name. */
  async #hand(text: string, live: LiveWave, client: SlurmClient, store: WaveStore, signal: AbortSignal): Promise<void> {
    try {
      live.jobId = await client.submit(text, signal);
    } catch (error) {
      if (error instanceof TransientError && error.code === 'SLURM_UNREACHABLE') return;
      if (error instanceof ConfigError || error instanceof TransientError || error instanceof MissingDependencyError) {
        await store.ended(live.wave, `refused: ${error.code}`);
        this.#work.drop(live);
      }
      throw error;
    }
    await store.submitted(live.wave, live.jobId);
  }
}

interface PlannedWave {
  readonly tasks: readonly TaskOrder[];
  readonly cores: number;
  readonly minutes: number;
  readonly atOnce: number;
  readonly wholeNodes: boolean;
  /** For another array. */
  readonly left: readonly OrderGroup[];
}
