/** A chunk to be placed. */
export interface PlacedChunk {
  readonly id: string;
  readonly pages: number;
}

/** What may be asked of the scheduler. */
export interface NodeShape {
  /** The fewest that a node of the partition has. */
  readonly coresPerNode: number;
  /** Of such a node; absent when it is not known. */
  readonly memoryMiB?: number | undefined;
  /** A job takes all of a node, and pays for it. */
  readonly wholeNodes: boolean;
  /** Nodes, or on shared partitions tasks, at once. */
  readonly nodes: number;
  /** Asked for by a person, for a job or for each of its cores; absent: the cores' share of the node. */
  readonly memoryAsked?: { readonly jobMiB?: number | undefined; readonly coreMiB?: number | undefined } | undefined;
  /** Cores a task on a shared partition; 8 where nothing is said. */
  readonly coresWanted?: number | undefined;
  /** The longest job that the partition takes; absent where there is no limit. */
  readonly maxMinutes?: number | undefined;
}

export interface PlanTasksOptions {
  readonly shape: NodeShape;
  /** Of one core. */
  readonly secondsAPage: number;
  /** Of one worker and its engine. */
  readonly workerMemoryMiB: number;
  /** The scheduler's: tasks of one array. */
  readonly maxArraySize: number;
  /** Instead of three times the estimate, bounded by the partition all the same. */
  readonly minutes?: number | undefined;
  /** Fewer pages at once than cores: what ran out of memory is tried so. */
  readonly maxWorkers?: number | undefined;
}

export interface PlannedTask {
  /** The longest first. */
  readonly chunkIds: readonly string[];
  readonly pages: number;
}

/** One array job. */
export interface TaskPlan {
  /** In the order of their array indexes. */
  readonly tasks: readonly PlannedTask[];
  /** Cores to ask for a task; of a whole node the fewest it may have. */
  readonly coresPerTask: number;
  /** Pages at once that memory allows a task, at most; the cores that it then really has may be fewer. */
  readonly maxWorkers: number;
  /** Of each task, as asked for. */
  readonly timeLimitMinutes: number;
  /** How long the longest will take. */
  readonly estimatedMinutes: number;
  /** Tasks at once. */
  readonly atOnce: number;
  /** Chunks that found no room within the limits, for another array. */
  readonly left: readonly string[];
}

/** A task should last this long: shorter, and starting it weighs; longer, and a lost one costs. */
const SHORTEST_MINUTES = 20;
const TARGET_MINUTES = 40;
const LONGEST_MINUTES = 60;
/** Asked for beside what is estimated: pages differ, and so do nodes. */
const TIME_MARGIN = 3;
/** The least to ask for: a container starts slowly on a busy file system. */
const LEAST_MINUTES = 10;
/** A run of fewer pages is one job, of as few cores as end it in good time. */
const SMALL_RUN_PAGES = 2_000;
const SMALL_RUN_MINUTES = 10;
const SHARED_CORES = 8;

/** Packs chunks into the tasks of one array: longest first, each to the task that has least. Deterministic and pure. */
export function planTasks(chunks: readonly PlacedChunk[], options: PlanTasksOptions): TaskPlan {
  const { shape, secondsAPage, maxArraySize, minutes } = options;
  const pages = chunks.reduce((sum, chunk) => sum + chunk.pages, 0);
  const coreMinutes = (pages * secondsAPage) / 60;
  const coresPerTask = chooseCores(coreMinutes, pages, shape);
  const maxWorkers = workersByMemory(coresPerTask, options);
  const workers = Math.min(coresPerTask, maxWorkers);
  const longest = longestTaskMinutes(shape, minutes);
  const count = Math.min(
    countTasks(coreMinutes / workers, pages, shape.nodes, longest),
    maxArraySize,
    Math.max(1, chunks.length),
  );
  const roomPages = Math.max(1, (longest * 60 * workers) / secondsAPage);
  const { tasks, left } = pack(chunks, count, roomPages);
  const estimatedMinutes = Math.max(0, ...tasks.map((task) => taskMinutes(task, secondsAPage, workers)));
  const wanted = minutes ?? Math.max(LEAST_MINUTES, estimatedMinutes * TIME_MARGIN);
  return {
    tasks: tasks.map(({ chunkIds, pages: own }) => ({ chunkIds, pages: own })),
    coresPerTask,
    maxWorkers,
    timeLimitMinutes: Math.max(1, Math.ceil(Math.min(wanted, shape.maxMinutes ?? wanted))),
    estimatedMinutes,
    atOnce: Math.max(1, Math.min(shape.nodes, tasks.length)),
    left,
  };
}

function chooseCores(coreMinutes: number, pages: number, { wholeNodes, coresPerNode, coresWanted }: NodeShape): number {
  if (wholeNodes) return coresPerNode;
  const most = Math.max(1, Math.min(coresPerNode, coresWanted ?? SHARED_CORES));
  if (coresWanted !== undefined || pages >= SMALL_RUN_PAGES) return most;
  return Math.max(1, Math.min(most, Math.ceil(coreMinutes / SMALL_RUN_MINUTES)));
}

/** A task of a shared node has its cores' share of the memory. */
function workersByMemory(coresPerTask: number, { shape, workerMemoryMiB, maxWorkers }: PlanTasksOptions): number {
  const { memoryMiB, wholeNodes, coresPerNode, memoryAsked: { jobMiB, coreMiB } = {} } = shape;
  const asked = jobMiB ?? (coreMiB === undefined ? undefined : coreMiB * coresPerTask);
  const usual =
    memoryMiB === undefined || memoryMiB <= 0
      ? undefined
      : wholeNodes
        ? memoryMiB
        : (memoryMiB * coresPerTask) / coresPerNode;
  const share = asked ?? usual;
  const byMemory = share === undefined ? Infinity : Math.max(1, Math.floor(share / workerMemoryMiB));
  const bound = Math.min(byMemory, maxWorkers ?? Infinity);
  // A whole node may have more cores than the fewest.
  return Number.isFinite(bound) ? bound : wholeNodes ? MOST_WORKERS : coresPerTask;
}

/** More than any node has cores. */
const MOST_WORKERS = 1_024;

/** Work a task may be given, in minutes: a third of its limit, so that it ends in time even where pages are slow. */
function longestTaskMinutes({ maxMinutes }: NodeShape, minutes: number | undefined): number {
  const limit = Math.min(minutes ?? Infinity, maxMinutes ?? Infinity);
  return Math.min(LONGEST_MINUTES, limit / TIME_MARGIN);
}

function countTasks(taskMinutesInAll: number, pages: number, nodes: number, longest: number): number {
  const least = Math.max(1, Math.ceil(taskMinutesInAll / longest));
  if (pages < SMALL_RUN_PAGES) return least;
  const shortest = Math.min(SHORTEST_MINUTES, longest);
  const most = Math.max(1, Math.floor(taskMinutesInAll / shortest));
  if (most <= nodes) return Math.max(least, most);
  // Whole rounds on the nodes asked for, so that none stands idle at the end.
  const rounds = Math.max(1, Math.round(taskMinutesInAll / Math.min(TARGET_MINUTES, longest) / nodes));
  return Math.max(least, Math.min(most, rounds * nodes));
}

interface Bin {
  readonly index: number;
  readonly chunkIds: string[];
  pages: number;
}

/** The longest chunk to the emptiest task; what does not fit there fits nowhere. */
function pack(chunks: readonly PlacedChunk[], count: number, roomPages: number): { tasks: Bin[]; left: string[] } {
  const sorted = chunks
    .map((chunk, index) => ({ ...chunk, index }))
    .sort((a, b) => b.pages - a.pages || a.index - b.index);
  const heap: Bin[] = Array.from({ length: count }, (_, index) => ({ index, chunkIds: [], pages: 0 }));
  const left: string[] = [];
  for (const { id, pages } of sorted) {
    const emptiest = heap[0];
    // A chunk that is too long for any task is tried all the same: its pages are kept as they come.
    if (!emptiest || (emptiest.pages > 0 && emptiest.pages + pages > roomPages)) {
      left.push(id);
      continue;
    }
    emptiest.chunkIds.push(id);
    emptiest.pages += pages;
    sink(heap);
  }
  return { tasks: heap.filter(({ chunkIds }) => chunkIds.length > 0).sort((a, b) => a.index - b.index), left };
}

/** Restores the order of a heap whose first has grown. */
function sink(heap: Bin[]): void {
  for (let at = 0; ;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2])
      if (child < heap.length && isEmptier(heap[child], heap[least])) least = child;
    const [upper, lower] = [heap[at], heap[least]];
    if (least === at || !upper || !lower) return;
    heap[at] = lower;
    heap[least] = upper;
    at = least;
  }
}

function isEmptier(a: Bin | undefined, b: Bin | undefined): boolean {
  return a !== undefined && b !== undefined && (a.pages < b.pages || (a.pages === b.pages && a.index < b.index));
}

function taskMinutes({ pages }: Bin, secondsAPage: number, workers: number): number {
  return (Math.ceil(pages / workers) * secondsAPage) / 60;
}
