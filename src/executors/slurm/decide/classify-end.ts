import { EXIT } from '../../../core/errors.ts';

/**
 * How an array task ended. `completed`: well, and its results are there or soon seen. `worker-stopped`: it was told to stop,
 * kept its pages and ended with 75. `worker-failed`: the program on the node ended with an error of its own. `node-fault`: that
 * program, or the container around it, ended before its first word, which is no fault of any page.
 */
export type TaskEnd =
  | 'completed'
  | 'time-limit'
  | 'out-of-memory'
  | 'preempted'
  | 'node-failure'
  | 'cancelled'
  | 'launch-failure'
  | 'node-fault'
  | 'folder-missing'
  | 'worker-stopped'
  | 'worker-failed'
  | 'unknown';

/** What is known of an end. The queue tells no exit code, accounting may tell no reason, a log may be missing. */
export interface EndSigns {
  /** `FAILED`, `CANCELLED by 1000`. */
  readonly state: string;
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: number | undefined;
  /** Last lines of the task's log. */
  readonly logTail?: string | undefined;
}

/** Ends of the job script of ours. */
export const EXIT_FOLDER_MISSING = 72;
export const EXIT_STOPPED = 75;
/** Slurm's own sign that it could not open the log: its folder is not there on that node. */
const SIGNAL_NO_LOG = 53;
const SIGKILL = 9;
const SIGTERM = 15;
/** Ends by a signal are this and its number, where a shell or container tells of them. */
const SIGNALLED = 128;

/** The first line of every start of a task, so that what earlier starts left in the log is not taken for this one's. */
export const START_MARK = '--- ocr-pipeline task';
/** The last line of a task that the script itself ended. */
export const EXIT_MARK = '--- ocr-pipeline ended with';

/** States that mean that a task waits, runs or is on its way from one to the other: sacct(1), JOB STATE CODES. */
const LIVE_STATES = new Set([
  'PENDING',
  'RUNNING',
  'SUSPENDED',
  'COMPLETING',
  'CONFIGURING',
  'STAGE_OUT',
  'STOPPED',
  'SIGNALING',
  'RESIZING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
  'EXPEDITING',
  'POWER_UP_NODE',
  'UPDATE_DB',
]);

/** Tells whether a task with this state may still write results. */
export function isLive(state: string): boolean {
  return LIVE_STATES.has(firstWord(state));
}

/** What the supervisor of a job writes into its log as it ends it. */
const LOG_SIGNS: readonly (readonly [RegExp, TaskEnd])[] = [
  [/DUE TO TIME LIMIT/, 'time-limit'],
  [/DUE TO PREEMPTION/, 'preempted'],
  [/DUE TO (NODE FAILURE|JOB REQUEUE)/, 'node-failure'],
  [/Exceeded (job|step) memory limit|oom[-_]kill|Out Of Memory/i, 'out-of-memory'],
];

/** Names the end of a task from the scheduler's state and what little else is known. Pure. */
export function classifyEnd(signs: EndSigns): TaskEnd {
  const fromLog = endInLog(signs.logTail ?? '');
  switch (firstWord(signs.state)) {
    case 'COMPLETED':
      return 'completed';
    case 'TIMEOUT':
    case 'DEADLINE':
      return 'time-limit';
    case 'OUT_OF_MEMORY':
      return 'out-of-memory';
    case 'PREEMPTED':
      return 'preempted';
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
      return 'node-failure';
    case 'LAUNCH_FAILED':
    case 'RECONFIG_FAIL':
      return 'launch-failure';
    case 'CANCELLED':
    case 'REVOKED':
      return fromLog ?? 'cancelled';
    case 'FAILED':
      return classifyFailure(signs, fromLog);
    default:
      return 'unknown';
  }
}

function classifyFailure(
  { reason = '', exitCode, signal, logTail = '' }: EndSigns,
  fromLog: TaskEnd | undefined,
): TaskEnd {
  if (signal === SIGNAL_NO_LOG) return 'folder-missing';
  const code = exitCode || exitInLog(logTail);
  if (code === EXIT_FOLDER_MISSING) return 'folder-missing';
  if (code === EXIT_STOPPED) return 'worker-stopped';
  if (fromLog) return fromLog;
  if (code === SIGNALLED + SIGKILL || code === SIGNALLED + SIGTERM) return 'launch-failure';
  if (code !== undefined && code !== 0) return 'worker-failed';
  if (signal === SIGKILL || signal === SIGTERM || /JobLaunchFailure|RaisedSignal/.test(reason)) return 'launch-failure';
  // The queue alone does not say with what it ended.
  return reason === 'NonZeroExitCode' ? 'worker-failed' : 'unknown';
}

/** What our program ends with where something of the machine is missing, full, locked or set wrong, whatever it reads. */
const OF_MACHINE = new Set<number>([EXIT.missingDependency, EXIT.output, EXIT.access, EXIT.config]);

/** What the program of ours writes first: see app/work-on-task.ts. An error of its own is a word too. */
const FIRST_WORD = /^(task \d+-\d+: |\{"type":"error")/m;
/** Of containers and shells that cannot start a program: apptainer(1), bash(1) EXIT STATUS. */
const NOT_STARTED = new Set([125, 126, 127, 255]);

/**
 * Names the end of a task whose program failed before its first word: `node-fault`, or `launch-failure` where it was killed.
 * Undefined where the program spoke, or the log does not tell. Pure.
 */
export function endBeforeFirstWord({ exitCode, logTail = '' }: EndSigns): TaskEnd | undefined {
  const byScript = exitInLog(logTail);
  const code = exitCode || byScript;
  if (!code || code === EXIT_FOLDER_MISSING || code === EXIT_STOPPED) return undefined;
  const isTold = logTail.includes(START_MARK)
    ? !FIRST_WORD.test(latestStart(logTail)) && (byScript !== undefined || NOT_STARTED.has(code))
    : logTail.trim() === '' && (NOT_STARTED.has(code) || OF_MACHINE.has(code));
  if (!isTold) return undefined;
  return code === SIGNALLED + SIGKILL || code === SIGNALLED + SIGTERM ? 'launch-failure' : 'node-fault';
}

/** The part of a log that the latest start of its task wrote. */
export function latestStart(log: string): string {
  return log.slice(Math.max(0, log.lastIndexOf(START_MARK)));
}

function endInLog(tail: string): TaskEnd | undefined {
  const lines = latestStart(tail)
    .split('\n')
    .filter((line) => /slurmstepd|slurmd|oom/i.test(line));
  for (const line of lines.toReversed()) {
    const found = LOG_SIGNS.find(([sign]) => sign.test(line));
    if (found) return found[1];
  }
  return undefined;
}

/** What the job script says it ended with; undefined where it was not the one that ended the task. */
export function exitInLog(tail: string): number | undefined {
  const log = latestStart(tail);
  const at = log.lastIndexOf(EXIT_MARK);
  const fit = at < 0 ? undefined : /^\s*(\d+)/.exec(log.slice(at + EXIT_MARK.length));
  return fit?.[1] === undefined ? undefined : Number(fit[1]);
}

function firstWord(state: string): string {
  return /^[A-Z_]+/.exec(state)?.[0] ?? '';
}
