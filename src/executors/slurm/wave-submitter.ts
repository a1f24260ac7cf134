import { setTimeout as sleep } from 'node:timers/promises';
import type { Recipe } from '../../core/chunk.ts';
import { ConfigError, MissingDependencyError, throwIfStopped, TransientError } from '../../core/errors.ts';
import { countPages } from '../../core/plan-session.ts';
import type { PageLimits } from '../../core/settings.ts';
import type { Retry } from './decide/decide-retry.ts';
import { makeJobScript, type JobScriptOptions } from './job-script.ts';
import type { LiveWave, LiveWork } from './live-work.ts';
import type { NodeShape } from './decide/plan-tasks.ts';
import { planWave, type OrderGroup, type PlannedWave, type WaveLimits } from './decide/plan-wave.ts';
import type { SlurmClient } from './slurm-client.ts';
import type { Wave, WaveStore } from './store/wave-store.ts';

/** How long Slurm is asked what it is like before the run gives up. */
const ASK_TIMEOUT_MS = 120_000;
/** A full queue is tried again each minute, for half an hour; then the run stops and can be resumed. */
const ROOM_RETRY_MS = 60_000;
const ROOM_ATTEMPTS = 30;

/** What is asked for, as the person chose it. */
export interface SlurmWishes {
  readonly partition?: string | undefined;
  readonly nodes: number;
  readonly cores?: number | undefined;
  readonly minutes?: number | undefined;
}

/** What orders are made of. */
export interface WaveSubmitterParts {
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
  readonly notice: (level: 'info' | 'warn', code: string, text: string) => void;
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
export class WaveSubmitter {
  readonly #parts: WaveSubmitterParts;
  readonly #work: LiveWork;
  #shape: NodeShape | undefined;
  #maxArraySize = 1_001;
  /** Nodes there are to choose from. */
  #nodeCount = 1;
  nextWave = 1;

  constructor(parts: WaveSubmitterParts, work: LiveWork) {
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
      throw new ConfigError(
        'SLURM_PARTITION',
        missing === undefined ? 'Slurm has no default partition here.' : `There is no partition called "${missing}".`,
        {
          why: `There are: ${partitions.map(({ name }) => name).join(', ')}`,
          safe: 'Nothing was submitted or charged.',
          remedy: '--partition NAME',
        },
      );
    }
    const kinds = usable.flatMap(({ nodeKinds }) => nodeKinds);
    this.#nodeCount = kinds.reduce((sum, { nodes }) => sum + nodes, 0);
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

  get #limits(): WaveLimits {
    const { limits, wishes } = this.#parts;
    const shape = this.#shape ?? { coresPerNode: 1, wholeNodes: false, nodes: wishes.nodes };
    return {
      shape,
      maxArraySize: this.#maxArraySize,
      workerMemoryMiB: limits.memoryMiB,
      wishedMinutes: wishes.minutes,
    };
  }

  /** Orders chunks for the first time or again: one array, or more where the scheduler allows no longer ones. */
  async order(groups: readonly OrderGroup[], options: OrderOptions, signal: AbortSignal): Promise<void> {
    let rest: readonly OrderGroup[] = groups.filter(({ chunks }) => chunks.length > 0);
    while (rest.length > 0) {
      const planned = planWave(rest, { ...options, ...this.#limits });
      await this.#submit(planned, options, signal);
      rest = planned.left;
    }
  }

  /** Orders again what tasks left undone, all in one array. */
  async orderAgain(retries: readonly Retry[], secondsAPage: number | undefined, signal: AbortSignal): Promise<void> {
    const groups = Map.groupBy(retries, ({ alone, maxWorkers }) => `${alone} ${maxWorkers}`);
    const minutes = retries.reduce<number | undefined>(
      (most, retry) => (retry.minutes === undefined ? most : Math.max(most ?? 0, retry.minutes)),
      undefined,
    );
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
      // Without any node left Slurm would refuse: then a bad one is better than none.
      { secondsAPage, minutes, excludeNodes: nodes.size < this.#nodeCount ? [...nodes] : [] },
      signal,
    );
  }

  async #submit(planned: PlannedWave, { excludeNodes = [] }: OrderOptions, signal: AbortSignal): Promise<void> {
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
    const text = makeJobScript({
      ...script,
      jobName: this.jobName(number),
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
    await store.plan(wave, planned.cores);
    const live = this.#work.add(wave, this.jobName(number), clock());
    await this.#hand(text, live, signal);
    this.#tell(live, planned);
  }

  #tell({ jobId }: LiveWave, { tasks, minutes }: PlannedWave): void {
    const pages = tasks.reduce(
      (sum, { chunks }) => sum + chunks.reduce((all, { ranges }) => all + countPages(ranges), 0),
      0,
    );
    const jobs = tasks.length === 1 ? 'one job' : `${tasks.length} jobs`;
    this.#parts.notice(
      'info',
      'SLURM_SUBMITTED',
      `${pages} pages went to Slurm as ${jobs} of at most ${minutes} min (${jobId ?? 'no answer yet'}).`,
    );
  }

  /** Submits a script. Where no answer comes it may have been taken: the queue will tell, by its name. */
  async #hand(text: string, live: LiveWave, signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    try {
      live.jobId = await this.#submitWhenThereIsRoom(text, signal);
    } catch (error) {
      if (error instanceof TransientError && error.code === 'SLURM_UNREACHABLE') return;
      const isRefused =
        error instanceof ConfigError || error instanceof TransientError || error instanceof MissingDependencyError;
      // Submissions are not broken off in the middle: who was stopped has not begun.
      if (isRefused || signal.aborted) {
        await store.ended(live.wave, isRefused ? `refused: ${error.code}` : 'not submitted');
        this.#work.drop(live);
      }
      throw error;
    }
    await store.submitted(live.wave, live.jobId);
  }

  /** A queue that is full, for everybody or for one person, empties as jobs end. */
  async #submitWhenThereIsRoom(text: string, signal: AbortSignal): Promise<string> {
    const { client, notice } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      try {
        return await client.submit(text, signal);
      } catch (error) {
        const isFull = error instanceof TransientError && error.code === 'SLURM_QUEUE_FULL';
        if (!isFull || attempt >= ROOM_ATTEMPTS) throw error;
        if (attempt === 1)
          notice('warn', 'SLURM_QUEUE_FULL', 'Slurm takes no more jobs at the moment; trying again as others end.');
        await sleep(ROOM_RETRY_MS, undefined, { signal }).catch(() => undefined);
        throwIfStopped(signal);
      }
    }
  }
}
