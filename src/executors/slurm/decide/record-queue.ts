import type { ErrorRecord } from '../../../core/errors.ts';
import { isLive } from './classify-end.ts';
import type { LiveTask, LiveWork } from '../live-work.ts';
import type { QueueRow } from '../parse/parse-queue.ts';

/** Polls in a row that must show a hopeless reason: schedulers change their minds while they start. */
const HOPELESS_POLLS = 2;

/**
 * A node could not start it, and Slurm keeps it for somebody to look at: `launch failed requeued held`, `user env retrieval
 * failed requeued held`, `Prolog error requeued held`, or too many requeues. Only a new order helps.
 */
const LAUNCH_FAILED = /requeued[ _]held|JobHoldLaunchFail|JobHoldMaxRequeue|MaxRequeueExceeded/i;

/** What one answer of the queue means for the work that is out. */
export interface QueueVerdict {
  /** Something began, ended, or was taken by another node. */
  readonly changed: boolean;
  /** Tasks that ran when last seen and wait again: preempted, requeued, or their node failed. */
  readonly takenBack: number;
  /** Tasks with open chunks that neither wait nor run. */
  readonly ended: readonly LiveTask[];
  /** Those among them that the queue still has, on hold after their node could not start them; they must be cancelled. */
  readonly held: readonly LiveTask[];
  /** Why some task would wait for ever. */
  readonly hopeless?: ErrorRecord | undefined;
  /** Reasons that waiting tasks have, each once. */
  readonly waits: ReadonlySet<string>;
  /** Waves whose job was not known: the program died between submitting and noting it. */
  readonly adopted: readonly { readonly wave: number; readonly jobId: string }[];
}

/** Takes note of what the queue says of each task. `explainWait` knows the reasons to wait that never pass. */
export function recordQueue(
  work: LiveWork,
  rows: readonly QueueRow[],
  nowMs: number,
  explainWait: (reason: string) => ErrorRecord | undefined,
): QueueVerdict {
  const byTask = new Map(rows.map((row) => [`${row.jobName} ${row.arrayIndex ?? 0}`, row]));
  const adopted: { wave: number; jobId: string }[] = [];
  const ended: LiveTask[] = [];
  const held: LiveTask[] = [];
  const waits = new Set<string>();
  let hopeless: ErrorRecord | undefined;
  let changed = false;
  let takenBack = 0;
  for (const task of work.tasks) {
    const { wave } = task;
    const row = byTask.get(`${wave.jobName} ${task.index}`);
    if (row && wave.jobId === undefined) {
      wave.jobId = row.jobId;
      adopted.push({ wave: wave.wave, jobId: row.jobId });
    }
    if (row && isLive(row.state) && !LAUNCH_FAILED.test(row.reason)) {
      const state = row.state === 'PENDING' ? 'waiting' : 'running';
      changed ||= state !== task.state;
      if (state === 'waiting' && task.state === 'running') takenBack++;
      const error = state === 'waiting' ? explainWait(row.reason) : undefined;
      if (state === 'waiting') waits.add(row.reason);
      Object.assign(task, { state, seenLive: true, reason: row.reason, goneSinceMs: undefined, endRow: undefined });
      if (row.nodes !== '') task.node = row.nodes;
      task.hopelessPolls = error ? task.hopelessPolls + 1 : 0;
      if (error && task.hopelessPolls >= HOPELESS_POLLS) hopeless ??= error;
      continue;
    }
    if (row && isLive(row.state)) held.push(task);
    if (row) task.endRow = isLive(row.state) ? { ...row, state: 'FAILED', reason: 'JobLaunchFailure' } : row;
    if (row?.nodes) task.node = row.nodes;
    changed ||= task.state !== 'gone';
    task.state = 'gone';
    task.goneSinceMs ??= nowMs;
    ended.push(task);
  }
  return { changed, ended, held, takenBack, hopeless, waits, adopted };
}
