import type { ErrorRecord } from '../../../core/errors.ts';
import type { TaskEnd } from './classify-end.ts';
import type { ChunkHistory } from '../store/wave-store.ts';

/** Tries that are free: they ended by no fault of the pages. More in a row are a fault of the cluster. */
export const FREE_TRIES = 5;
/** Failures while alone in a task, after which a chunk's unread pages are given up. */
export const TRIES_ALONE = 3;
/** How much longer the next try may last. */
const MORE_TIME = 1.5;

/** How a task ended: as Slurm and its log tell, or without a trace. */
export interface EndedTask {
  readonly end: TaskEnd | 'lost';
  /** With what the program or the job script ended, where that is known. */
  readonly exitCode?: number | undefined;
  /** It failed before its first word on so many nodes by now; the run stops when that is no single node's fault. */
  readonly brokenNodes?: readonly string[] | undefined;
  /** No other node is left to try. */
  readonly isLastNode?: boolean | undefined;
  /** The node saw none of its documents, and this machine does not see them either. */
  readonly sourcesAreGone?: boolean | undefined;
  /** What the worker itself said at its end, where it could. */
  readonly error?: ErrorRecord | undefined;
  /** Where it ran. */
  readonly node?: string | undefined;
  /** Last lines of its log, for people. */
  readonly logTail: string;
  readonly minutes: number;
  /** Pages it read at once, as far as it is known. */
  readonly workers: number;
  /** Chunks in it that have no result, each with what is known of it. */
  readonly unfinished: readonly UnfinishedChunk[];
  /** All of its chunks, finished ones included, were one. */
  readonly wasAlone: boolean;
  /** It ended before this coordinator began: what broke it may have been mended since. */
  readonly isOld: boolean;
}

export interface UnfinishedChunk {
  readonly id: string;
  readonly history: ChunkHistory;
  /** A try has left pages of it. */
  readonly begun: boolean;
  /** Pages were added to it since it was ordered. */
  readonly progressed: boolean;
}

/** How a chunk is tried again. */
export interface Retry {
  readonly id: string;
  readonly history: ChunkHistory;
  /** In a task of its own, so that what breaks it breaks nothing else. */
  readonly alone: boolean;
  readonly minutes?: number | undefined;
  readonly maxWorkers?: number | undefined;
  readonly excludeNode?: string | undefined;
}

export interface RetryDecision {
  readonly again: readonly Retry[];
  /** Chunks that are given up, each with the reason its unread pages get. */
  readonly quarantined: readonly { readonly id: string; readonly reason: ErrorRecord }[];
  /** Why the run stops; then nothing else is in the decision. */
  readonly stop?: ErrorRecord | undefined;
}

const END_WORDS: Readonly<Record<EndedTask['end'], string>> = {
  completed: 'ended without all of its results',
  'time-limit': 'ran out of time',
  'out-of-memory': 'ran out of memory',
  preempted: 'had to make room for another',
  'node-failure': 'lost its node',
  cancelled: 'was cancelled by somebody else',
  'launch-failure': 'was killed, or could not be started',
  'node-fault': 'could not start the program',
  'folder-missing': 'did not find the run folder',
  'worker-stopped': 'was told to stop',
  'worker-failed': 'failed',
  unknown: 'ended for a reason that Slurm does not tell',
  lost: 'is gone without a trace',
};

/** Says in a person's words what became of a task: completes "a job ...". */
export function describeEnd({ end, node }: Pick<EndedTask, 'end' | 'node'>): string {
  return `${END_WORDS[end]}${node === undefined || end === 'cancelled' ? '' : ` on ${node}`}`;
}

/** Families of errors that no other try of the same work will mend. */
const SYSTEMIC = new Set<ErrorRecord['family']>([
  'MissingDependencyError',
  'ConfigError',
  'OutputError',
  'AccessError',
  'UsageError',
  'NoInputError',
]);

function isOfItem({ scope }: ErrorRecord): boolean {
  return scope === 'page' || scope === 'document';
}

/** Decides what becomes of the unfinished chunks of a task that has ended. Pure. */
export function decideRetry(task: EndedTask): RetryDecision {
  const { end, error, logTail } = task;
  // The folder was away while it was written: it is ordered anew from what is known here.
  if (error?.code === 'TASK_NOT_FOUND') return retryFree(task, undefined);
  if (task.sourcesAreGone) return sourcesGone(task);
  const isSystemic = error !== undefined && SYSTEMIC.has(error.family) && !isOfItem(error);
  if ((isSystemic || end === 'folder-missing') && task.isOld) return retryFree(task, undefined);
  if (isSystemic) return stopWith({ ...error, why: withTail(error.why, logTail) });
  switch (end) {
    case 'folder-missing':
      return folderMissing(task);
    case 'node-fault':
      return nodeFault(task);
    case 'time-limit':
      return retryCounted(
        task,
        (chunk) => ({ ...again(chunk), minutes: Math.ceil(task.minutes * MORE_TIME), alone: false }),
        'ran out of time',
      );
    case 'out-of-memory': {
      // Not its pages' fault as long as fewer of them at once may fit.
      const maxWorkers = Math.floor(task.workers / 2);
      if (maxWorkers >= 1)
        return {
          again: task.unfinished.map((chunk) => ({ ...again(chunk), alone: task.wasAlone, maxWorkers })),
          quarantined: [],
        };
      return retryCounted(
        task,
        (chunk) => ({ ...again(chunk), alone: chunk.begun, maxWorkers: 1 }),
        'ran out of memory',
      );
    }
    case 'preempted':
    case 'worker-stopped':
    case 'completed':
    // What nobody tells the reason of is no page's doing either.
    case 'unknown':
      return retryFree(task, undefined);
    case 'node-failure':
    case 'launch-failure':
    case 'lost':
      return retryFree(task, task.node);
    case 'cancelled':
      return cancelled(task);
    case 'worker-failed':
      return retryCounted(task, (chunk) => ({ ...again(chunk), alone: chunk.begun }), 'failed');
  }
}

/** One node may have lost its file system; if another does not see the folder either, none does. */
function folderMissing(task: EndedTask): RetryDecision {
  const isFirst = task.unfinished.every(({ history, progressed }) => progressed || history.freeTries === 0);
  if (isFirst && task.node !== undefined) return retryFree(task, task.node);
  return stopWith({
    family: 'OutputError',
    code: 'SLURM_FOLDER_MISSING',
    message: 'The nodes do not see the run folder.',
    why: withTail('It is on a disk of this machine, or was removed.', task.logTail),
    safe: 'Pages read before are kept, where the folder still is.',
    remedy: '--work-dir on scratch, which every node sees, then the same command.',
  });
}

/** The node's own fault until another fails alike; not counted against what was to be read there. */
function nodeFault(task: EndedTask): RetryDecision {
  const { node, brokenNodes = [], isLastNode = false, exitCode, logTail, isOld } = task;
  if (node === undefined) return retryFree(task, undefined);
  if (!isOld && (brokenNodes.length > 1 || isLastNode)) {
    return stopWith({
      family: 'MissingDependencyError',
      code: 'SLURM_NODES_BROKEN',
      message: `The program does not start on the nodes: ${brokenNodes.join(' and ')} failed alike${exitCode === undefined ? '' : `, with ${exitCode}`}.`,
      why: withTail(undefined, logTail),
      safe: 'Nothing was read there. All finished pages are kept.',
      remedy: 'ocr-pipeline doctor --deep   tries one job; then ocr-pipeline resume',
    });
  }
  return { again: task.unfinished.map((chunk) => ({ ...again(chunk), excludeNode: node })), quarantined: [] };
}

/** Removed since they were listed: their own misfortune. */
function sourcesGone({ unfinished }: EndedTask): RetryDecision {
  const reason: ErrorRecord = {
    family: 'DocumentError',
    code: 'SOURCE_GONE',
    message: 'The document is no longer there.',
    why: 'It was removed or moved while its pages waited on the cluster.',
    safe: 'Other documents are not touched.',
    remedy: 'Put it back, then the same command.',
  };
  return { again: [], quarantined: unfinished.map(({ id }) => ({ id, reason })) };
}

function again({ id, history, progressed }: UnfinishedChunk): Retry {
  return { id, history: progressed ? { ...history, freeTries: 0 } : history, alone: false };
}

function stopWith(stop: ErrorRecord): RetryDecision {
  return { again: [], quarantined: [], stop };
}

/** Retries whose number is limited: what failed alone counts, and what was not begun is free but not for ever. */
function retryCounted(task: EndedTask, retry: (chunk: UnfinishedChunk) => Retry, verb: string): RetryDecision {
  const retries: Retry[] = [];
  const quarantined: { id: string; reason: ErrorRecord }[] = [];
  for (const chunk of task.unfinished) {
    const next = retry(chunk);
    if (task.wasAlone && !chunk.progressed) {
      const failedAlone = chunk.history.failedAlone + 1;
      if (failedAlone >= TRIES_ALONE) quarantined.push({ id: chunk.id, reason: givenUp(task, verb) });
      else retries.push({ ...next, alone: true, history: { ...next.history, failedAlone } });
      continue;
    }
    if (chunk.begun || chunk.progressed) {
      retries.push(next);
      continue;
    }
    const freeTries = chunk.history.freeTries + 1;
    if (freeTries > FREE_TRIES) return stopWith(endsAgainAndAgain(task));
    retries.push({ ...next, history: { ...next.history, freeTries } });
  }
  return { again: retries, quarantined };
}

function retryFree(task: EndedTask, excludeNode: string | undefined): RetryDecision {
  const retries: Retry[] = [];
  for (const chunk of task.unfinished) {
    const freeTries = chunk.progressed ? 1 : chunk.history.freeTries + 1;
    if (freeTries > FREE_TRIES) return stopWith(endsAgainAndAgain(task));
    retries.push({ id: chunk.id, history: { ...chunk.history, freeTries }, alone: false, excludeNode });
  }
  return { again: retries, quarantined: [] };
}

function cancelled(task: EndedTask): RetryDecision {
  const retries = task.unfinished.map((chunk) => ({
    id: chunk.id,
    history: { ...chunk.history, cancelled: chunk.history.cancelled + 1 },
    alone: false,
  }));
  if (retries.some(({ history }) => history.cancelled > 1)) {
    return stopWith({
      family: 'StoppedError',
      code: 'SLURM_CANCELLED',
      message: 'Somebody cancelled jobs of this run, twice.',
      why: 'It was not this program: perhaps you, with scancel, or the staff of the cluster.',
      safe: 'All finished pages are kept.',
      remedy: 'ocr-pipeline resume   goes on where it stopped',
    });
  }
  return { again: retries, quarantined: [] };
}

function givenUp({ error, logTail }: EndedTask, verb: string): ErrorRecord {
  return {
    family: 'PageError',
    code: 'CHUNK_GIVEN_UP',
    message: `The work on this page and its neighbours ${verb} ${TRIES_ALONE} times on the cluster.`,
    why: error ? [error.message, error.why].filter(Boolean).join(' ') : withTail(undefined, logTail),
  };
}

function endsAgainAndAgain({ end, logTail, node }: EndedTask): ErrorRecord {
  return {
    family: 'TransientError',
    code: 'SLURM_JOBS_END',
    message: `Slurm ended the work ${FREE_TRIES + 1} times without a page in between; the last job ${describeEnd({ end, node })}.`,
    why: withTail(undefined, logTail),
    safe: 'All finished pages are kept.',
    remedy: 'ocr-pipeline doctor slurm   then ocr-pipeline resume',
  };
}

function withTail(why: string | undefined, logTail: string): string | undefined {
  const tail = logTail.trim() === '' ? undefined : `The log ends:\n${logTail.trim()}`;
  return why === undefined ? tail : tail === undefined ? why : `${why}\n${tail}`;
}
