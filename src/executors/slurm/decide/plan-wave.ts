import { countPages } from '../../../core/pack-chunks.ts';
import { PRIOR_SECONDS_A_PAGE } from './decide-wave.ts';
import { planTasks, type NodeShape, type TaskPlan } from './plan-tasks.ts';
import type { ChunkOrder, TaskOrder } from '../store/wave-store.ts';

/** Chunks that may share tasks. */
export interface OrderGroup {
  readonly chunks: readonly ChunkOrder[];
  /** Each in a task of its own. */
  readonly alone: boolean;
  readonly maxWorkers?: number | undefined;
}

/** What bounds a wave. */
export interface WaveLimits {
  readonly shape: NodeShape;
  readonly maxArraySize: number;
  readonly workerMemoryMiB: number;
  /** The longest that a person lets a job ask for. */
  readonly wishedMinutes?: number | undefined;
}

/** One array job, and what found no room in it. */
export interface PlannedWave {
  readonly tasks: readonly TaskOrder[];
  readonly cores: number;
  readonly minutes: number;
  readonly atOnce: number;
  readonly wholeNodes: boolean;
  /** For another array. */
  readonly left: readonly OrderGroup[];
}

/**
 * Plans one array of tasks from groups of chunks: those of a group share tasks, or have one each. All tasks of an array ask
 * for the same cores and time. Pure.
 * @param options `minutes`: at least as long, within the limits.
 */
export function planWave(
  groups: readonly OrderGroup[],
  options: WaveLimits & { readonly secondsAPage?: number | undefined; readonly minutes?: number | undefined },
): PlannedWave {
  const {
    shape,
    maxArraySize,
    workerMemoryMiB,
    wishedMinutes,
    secondsAPage = PRIOR_SECONDS_A_PAGE,
    minutes = 0,
  } = options;
  const tasks: Omit<TaskOrder, 'index'>[] = [];
  const left: OrderGroup[] = [];
  const plans: TaskPlan[] = [];
  for (const group of groups) {
    const byId = new Map(group.chunks.map((chunk) => [chunk.id, chunk]));
    const sets = group.alone ? group.chunks.map((chunk) => [chunk]) : [group.chunks];
    for (const set of sets) {
      const room = maxArraySize - tasks.length;
      if (room <= 0) {
        left.push({ ...group, chunks: set });
        continue;
      }
      const placed = set.map(({ id, ranges }) => ({ id, pages: countPages(ranges) }));
      const plan = planTasks(placed, {
        shape,
        secondsAPage,
        workerMemoryMiB,
        maxArraySize: room,
        minutes: wishedMinutes,
        maxWorkers: group.maxWorkers,
      });
      plans.push(plan);
      for (const { chunkIds } of plan.tasks)
        tasks.push({ maxWorkers: plan.maxWorkers, chunks: chunkIds.flatMap((id) => byId.get(id) ?? []) });
      if (plan.left.length > 0) left.push({ ...group, chunks: plan.left.flatMap((id) => byId.get(id) ?? []) });
    }
  }
  const asked = Math.max(minutes, ...plans.map(({ timeLimitMinutes }) => timeLimitMinutes));
  return {
    tasks: tasks.map((task, index) => ({ index, ...task })),
    cores: Math.max(...plans.map(({ coresPerTask }) => coresPerTask)),
    minutes: Math.min(asked, shape.maxMinutes ?? asked, wishedMinutes ?? asked),
    atOnce: Math.max(1, Math.min(shape.nodes, tasks.length)),
    wholeNodes: shape.wholeNodes,
    left,
  };
}
