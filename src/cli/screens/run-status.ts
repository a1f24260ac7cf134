import type { RunProgress } from '../../core/progress.ts';
import type { RunState } from '../../core/run-state.ts';
import type { RunJobs } from '../../app/contract.ts';
import { judgeRun } from '../../core/verdict.ts';
import type { TypedCommands } from '../typed-commands.ts';
import { cleanText, padEnd, truncate } from './display-text.ts';
import { formatCount, formatDuration, formatDurationRange, countOf } from './format-numbers.ts';

/** A run whose last sign of life is older than this is called silent: fifteen times the interval between signs. */
export const SILENT_AFTER_MS = 30_000;

export type RunStateWord =
  | 'listing'
  | 'running'
  | 'stopping'
  | 'silent'
  | 'dead'
  | 'waiting'
  | 'paused'
  | 'done'
  | 'failed';

/** A run as `status` shows it. Plain JSON. */
export interface RunStatus {
  readonly name: string;
  readonly folder: string;
  readonly where: string;
  readonly state: RunStateWord;
  /** What more is to be said of the state: `for 14 min`, `STOPPED`, `2 documents`. */
  readonly stateDetail?: string | undefined;
  /** Since its last sign of life, where it is silent or dead. */
  readonly silentSeconds?: number | undefined;
  readonly createdAt: string;
  readonly documents: {
    readonly total: number;
    readonly done: number;
    readonly failed: number;
    readonly leftOut: number;
  };
  readonly pages: { readonly total: number; readonly done: number; readonly failed: number; readonly faint: number };
  readonly secondsLeft?: readonly [low: number, high: number] | undefined;
  /** Documents a person should look at. */
  readonly lookAt: number;
  /** What the scheduler says, where the run has jobs and somebody answers. */
  readonly jobs?: RunJobs | undefined;
}

interface RunIdentity {
  readonly name: string;
  readonly folder: string;
  readonly createdAt: string;
}

/** True where the last sign of life is of a run that had not ended: then the ledger need not be read. */
export function isUnderWay(progress: RunProgress | undefined): progress is RunProgress {
  return progress !== undefined && progress.phase !== 'ended';
}

/** A run that is on, or was when it last gave a sign of life. */
export function statusOfProgress(run: RunIdentity, progress: RunProgress, nowMs: number, isAlive?: boolean): RunStatus {
  const ageMs = nowMs - Date.parse(progress.at);
  const dead = isAlive === false;
  const silent = !dead && ageMs > SILENT_AFTER_MS;
  const { documents, pages } = progress;
  return {
    ...run,
    where: progress.where,
    state: dead
      ? 'dead'
      : silent
        ? 'silent'
        : progress.phase === 'working'
          ? 'running'
          : progress.phase === 'stopping'
            ? 'stopping'
            : 'listing',
    ...(dead || silent ? { stateDetail: `for ${formatDuration(ageMs / 1000)}`, silentSeconds: ageMs / 1000 } : {}),
    documents: {
      total: documents.total,
      done: documents.delivered,
      failed: documents.failed,
      leftOut: documents.leftOut,
    },
    pages: {
      total: Math.max(pages.total, pages.estimatedTotal),
      done: pages.done,
      failed: pages.failed,
      faint: pages.faint,
    },
    secondsLeft: dead || silent ? undefined : progress.secondsLeft,
    lookAt: progress.lookAt,
  };
}

/** A run that is not on, as its ledger tells it. */
export function statusOfState(run: RunIdentity, state: RunState): RunStatus {
  const { counts, lookAt, failed, isFinished: complete } = judgeRun(state);
  const { documents, pages } = counts;
  const session = state.sessions.at(-1);
  const ended = session?.endedAt !== undefined;
  const failures = [
    documents.failed > 0 ? countOf(documents.failed, 'document') : '',
    pages.failed > 0 ? countOf(pages.failed, 'page') : '',
  ].filter((part) => part !== '');
  return {
    ...run,
    where: 'this computer',
    state: !complete ? 'paused' : failures.length > 0 ? 'failed' : 'done',
    stateDetail: complete
      ? failures.join(', ') || undefined
      : (session?.error?.code ?? (ended ? undefined : 'ended abruptly')),
    documents: { total: documents.listed, done: documents.done, failed: documents.failed, leftOut: documents.leftOut },
    pages: {
      total: pages.known,
      done: pages.done + pages.blank + pages.keptText + pages.elsewhere,
      failed: pages.failed,
      faint: pages.faint,
    },
    lookAt: lookAt.length + failed.length,
  };
}

/** Adds what the scheduler says. A run that nobody follows is as far as its jobs are. */
export function withJobs(status: RunStatus, jobs: RunJobs | undefined): RunStatus {
  const isDetached = status.stateDetail === 'DETACHED';
  if (!jobs)
    return isDetached ? { ...status, stateDetail: 'its jobs were left to go on; Slurm does not answer' } : status;
  const { jobIds, waiting, running, pagesRead } = jobs;
  const where = jobIds.length === 0 ? 'Slurm' : `Slurm ${jobIds.at(-1)}`;
  if (status.state !== 'paused' && status.state !== 'silent' && status.state !== 'dead')
    return { ...status, where, jobs };
  const pages = { ...status.pages, done: status.pages.done + pagesRead };
  if (running + waiting === 0) {
    const why = status.state === 'paused' && !isDetached ? status.stateDetail : undefined;
    return { ...status, where, pages, jobs, state: 'paused', stateDetail: why ?? 'its jobs have ended' };
  }
  return {
    ...status,
    where,
    pages,
    jobs,
    state: running > 0 ? 'running' : 'waiting',
    stateDetail: undefined,
    secondsLeft: undefined,
  };
}

const COLUMNS = [
  ['RUN', 20],
  ['WHERE', 14],
  ['STATE', 10],
  ['PAGES', 14],
  ['LEFT', 12],
] as const;

/** What waits for a person, the most pressing first; of all the others nothing is said. */
const PRESSING: readonly RunStateWord[] = ['dead', 'silent', 'paused', 'failed', 'waiting', 'running'];

/** Runs that are on, in the order of {@link orderRuns}. */
const LIVE: readonly RunStateWord[] = ['listing', 'running', 'stopping', 'silent', 'waiting'];

/** Runs that are on first, all of them, then the newest; at most so many, with the rest as a number. */
export function orderRuns(runs: readonly RunStatus[], most: number): { shown: readonly RunStatus[]; more: number } {
  const live = runs.filter(({ state }) => LIVE.includes(state));
  const others = runs.filter(({ state }) => !LIVE.includes(state));
  const shown = [...live, ...others].slice(0, Math.max(most, live.length));
  return { shown, more: runs.length - shown.length };
}

/** The table of `status`, then one thing to do next where something waits for a person. */
export function renderStatusTable(runs: readonly RunStatus[], width: number, typed: TypedCommands, more = 0): string {
  const row = (cells: readonly string[], last: string): string =>
    truncate(
      COLUMNS.map(([, size], index) => padEnd(truncate(cells[index] ?? '', size - 1), size)).join('') + last,
      width,
    ).trimEnd();
  const lines = [
    row(
      COLUMNS.map(([title]) => title),
      'LOOK AT',
    ),
  ];
  for (const run of runs) {
    const cells = [
      cleanText(run.name),
      run.where,
      stateWord(run),
      `${formatCount(run.pages.done + run.pages.failed)}/${formatCount(run.pages.total)}`,
      leftText(run),
    ];
    lines.push(row(cells, run.lookAt > 0 ? countOf(run.lookAt, 'doc') : '-'));
  }
  if (more > 0) lines.push(typed(`and ${countOf(more, 'older run')}: ocr-pipeline status --all`));
  const hints = PRESSING.flatMap((state) => runs.filter((run) => run.state === state)).map((run) => detailLines(run));
  const details = (hints.find((hint) => hint.length > 0) ?? []).map(typed);
  return [...lines, ...(details.length > 0 ? ['', ...details] : [])].join('\n');
}

function stateWord({ state }: RunStatus): string {
  return state === 'failed' ? 'done, but' : state;
}

function leftText({ state, secondsLeft, jobs }: RunStatus): string {
  if (state === 'waiting') return jobs?.startsAt === undefined ? 'in the queue' : `about ${clockTime(jobs.startsAt)}`;
  if (secondsLeft !== undefined) return formatDurationRange(secondsLeft);
  return state === 'running' || state === 'listing' ? 'unknown' : '-';
}

/** `16:20` */
function clockTime(at: string): string {
  return new Date(at).toTimeString().slice(0, 5);
}

function detailLines({ state, stateDetail, silentSeconds = 0, name, jobs }: RunStatus): string[] {
  const silence = formatDuration(silentSeconds);
  switch (state) {
    case 'running':
    case 'waiting': {
      if (!jobs) return [];
      const counts = `${countOf(jobs.running, 'job')} running, ${jobs.waiting} waiting`;
      return [
        `${name}: ${counts}; ${jobs.pagesRead > 0 ? `${formatCount(jobs.pagesRead)} pages to collect; ` : ''}follow with`,
        `  ocr-pipeline resume ${name}`,
      ];
    }
    case 'silent':
      return [`${name}: no sign of life for ${silence}; if it was ended, go on with`, `  ocr-pipeline resume ${name}`];
    case 'dead':
      return [`${name}: its program ended without a word ${silence} ago; go on with`, `  ocr-pipeline resume ${name}`];
    case 'paused':
      return [
        `${name}: stopped${stateDetail === undefined ? '' : ` (${stateDetail})`}; go on with`,
        `  ocr-pipeline resume ${name}`,
      ];
    case 'failed':
      return [`${name}: ${stateDetail ?? 'something'} failed; what and why:`, `  ocr-pipeline report ${name}`];
    default:
      return [];
  }
}
