import { isThere } from '../../files/is-there.ts';
import type { ErrorRecord } from '../../core/errors.ts';
import { parseLine } from '../../files/ndjson.ts';
import { openRegular } from '../../files/open-regular.ts';
import type { ChunkResults } from './store/chunk-results.ts';
import {
  classifyEnd,
  endBeforeFirstWord,
  exitInLog,
  isLive,
  latestStart,
  type EndSigns,
} from './decide/classify-end.ts';
import type { EndedTask, UnfinishedChunk } from './decide/decide-retry.ts';
import type { LiveTask } from './live-work.ts';
import type { AccountingRow } from './parse/parse-accounting.ts';
import type { SlurmClient } from './slurm-client.ts';
import type { WaveStore } from './store/wave-store.ts';

/** How much of a log's end is read, and how much of that a person sees. */
const TAIL_BYTES = 16_384;
const TAIL_LINES = 8;
const TAIL_LINE_CHARACTERS = 200;

interface TaskEndDependencies {
  readonly client: Pick<SlurmClient, 'accounting'>;
  readonly store: WaveStore;
  readonly results: ChunkResults;
  readonly nowMs: number;
  /** How long results of a task that ended well may take to be seen here. */
  readonly lagMs: number;
  /** How long a task may be gone without a trace. */
  readonly patienceMs: number;
  /** Cores a task has, where nothing else limits its workers. */
  readonly coresPerTask: number;
}

/**
 * Finds out how tasks ended that are neither waiting nor running and have chunks without results: from the queue while it
 * remembers them, from accounting where that is kept, and from their logs. Tasks that may yet explain themselves are left out.
 */
export async function explainTaskEnds(
  tasks: readonly LiveTask[],
  dependencies: TaskEndDependencies,
  signal: AbortSignal,
): Promise<EndedTask[]> {
  const logs = new Map<LiveTask, TaskLog>();
  for (const task of tasks)
    logs.set(task, readLog(await readTail(dependencies.store.logFile(task.wave.wave, task.index))));
  const unexplained = tasks.filter(
    (task) => !task.endRow || (task.endRow.state === 'FAILED' && !logs.get(task)?.error),
  );
  const accounted = await queryAccounting(unexplained, dependencies.client, signal);
  const ended: EndedTask[] = [];
  for (const task of tasks) {
    const log = logs.get(task) ?? readLog('');
    const judged = explainEnd(task, accounted.get(task), log, dependencies);
    if (judged === undefined) continue;
    const unfinished: UnfinishedChunk[] = [];
    for (const { chunk, history } of task.open) {
      const keptBytes = await dependencies.results.keptBytes(chunk.id);
      unfinished.push({ id: chunk.id, history, begun: keptBytes > 0, progressed: keptBytes > history.keptBytes });
    }
    // A page that was read is a word too.
    if (judged.end === 'node-fault' && unfinished.some(({ progressed }) => progressed)) judged.end = 'worker-failed';
    const { node, wave, chunkCount, maxWorkers = dependencies.coresPerTask } = task;
    ended.push({
      ...judged,
      error: log.error,
      sourcesAreGone: log.error?.code === 'SOURCE_NOT_SEEN' && !(await anySource(task)),
      node: node === '' ? undefined : node,
      logTail: log.tail,
      minutes: wave.minutes,
      workers: Math.min(maxWorkers, dependencies.coresPerTask),
      unfinished,
      wasAlone: chunkCount === 1,
      isOld: wave.isInherited && !task.seenLive,
    });
  }
  return ended;
}

function explainEnd(
  task: LiveTask,
  row: AccountingRow | undefined,
  log: TaskLog,
  dependencies: TaskEndDependencies,
): { end: EndedTask['end']; exitCode?: number | undefined } | undefined {
  const goneMs = dependencies.nowMs - (task.goneSinceMs ?? dependencies.nowMs);
  // Accounting lags: what it calls alive has left the queue since, or is on its way there.
  const accounted = row && !isLive(row.state) ? row : undefined;
  const queued = task.endRow;
  if (!accounted && !queued) return goneMs >= dependencies.patienceMs ? { end: 'lost' } : undefined;
  const signs: EndSigns = {
    state: accounted?.state ?? queued?.state ?? '',
    reason: queued?.reason ?? accounted?.reason,
    exitCode: accounted?.exitCode ?? log.exitCode,
    signal: accounted?.signal,
    logTail: log.raw,
  };
  const end = classifyEnd(signs);
  if (end !== 'completed')
    return {
      end: (end === 'worker-failed' && endBeforeFirstWord(signs)) || end,
      exitCode: signs.exitCode || exitInLog(log.raw),
    };
  return goneMs >= dependencies.lagMs ? { end: 'lost' } : undefined;
}

/** Whether any document of a task is to be seen from this machine. */
async function anySource({ open: chunks }: LiveTask): Promise<boolean> {
  for (const { file } of [...chunks].flatMap(({ chunk }) => chunk.ranges)) {
    if (await isThere(file)) return true;
  }
  return false;
}

/** Asks once for all of them. Tasks of a job whose number is not known are asked for by its name. */
async function queryAccounting(
  tasks: readonly LiveTask[],
  client: Pick<SlurmClient, 'accounting'>,
  signal: AbortSignal,
): Promise<Map<LiveTask, AccountingRow>> {
  const found = new Map<LiveTask, AccountingRow>();
  if (tasks.length === 0) return found;
  const jobNames = [...new Set(tasks.map(({ wave }) => wave.jobName))];
  const jobIds = [...new Set(tasks.flatMap(({ wave }) => wave.jobId ?? []))];
  const allKnown = tasks.every(({ wave }) => wave.jobId !== undefined);
  const rows = await client.accounting(allKnown ? { jobIds } : { jobNames }, signal);
  if (!rows || rows === 'unavailable') return found;
  const byTask = new Map(rows.map((row) => [`${row.jobName} ${row.arrayIndex ?? 0}`, row]));
  for (const task of tasks) {
    const row = byTask.get(`${task.wave.jobName} ${task.index}`);
    if (row) found.set(task, row);
  }
  return found;
}

interface TaskLog {
  readonly raw: string;
  /** Last lines for a person, without those meant for programs. */
  readonly tail: string;
  readonly error?: ErrorRecord | undefined;
  readonly exitCode?: number | undefined;
}

/** Reads what the latest start of a task wrote; see commands/work.ts for its last word. */
function readLog(text: string): TaskLog {
  const raw = latestStart(text);
  const lines = raw.split('\n').filter((line) => line.trim() !== '');
  const words = lines.flatMap((line) =>
    line.startsWith('{"type":"error"') ? (parseLine<ErrorRecord & { exitCode: number }>(line) ?? []) : [],
  );
  const last = words.at(-1);
  const tail = lines
    .filter((line) => !line.startsWith('{'))
    .slice(-TAIL_LINES)
    .map((line) => line.slice(0, TAIL_LINE_CHARACTERS));
  if (!last) return { raw, tail: tail.join('\n') };
  const { family, code, message, why, safe, remedy, scope, exitCode } = last;
  return { raw, tail: tail.join('\n'), error: { family, code, message, why, safe, remedy, scope }, exitCode };
}

async function readTail(file: string): Promise<string> {
  try {
    const { handle, facts } = await openRegular(file);
    try {
      const { size } = facts;
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
      await handle.read(bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('utf8');
    } finally {
      await handle.close();
    }
  } catch {
    // A log that is not there, or not to be read, says nothing.
    return '';
  }
}
