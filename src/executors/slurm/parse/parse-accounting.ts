import { parseSlurmDuration } from './duration.ts';

/** One job or array task as accounting keeps it. It may lag some seconds behind the queue. */
export interface AccountingRow {
  readonly jobName: string;
  readonly jobId: string;
  readonly arrayIndex?: number | undefined;
  /** The first word: `COMPLETED`, `CANCELLED`, `OUT_OF_MEMORY`. */
  readonly state: string;
  readonly reason: string;
  readonly exitCode: number;
  /** The signal that ended it; 0 for none. */
  readonly signal: number;
  readonly nodes: string;
  readonly seconds: number;
  /** Cores it had, and is charged for. */
  readonly cores: number;
}

/** What `sacct` is asked for. The name comes last: it alone may hold a bar. */
export const ACCOUNTING_FIELDS = 'JobID,State,ExitCode,NodeList,Elapsed,AllocCPUS,Reason,JobName';

/** Reads the answer of `sacct -X -n -P` to ACCOUNTING_FIELDS; a range of tasks that wait is a row a task. Pure. */
export function parseAccounting(text: string): AccountingRow[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', state = '', code = '', nodes = '', elapsed = '', cores = '', reason = '', ...name] =
      line.split('|');
    const fit = /^(\d+)(?:_(\d+|\[[^\]]*\]))?$/.exec(id);
    if (!fit?.[1]) return [];
    const [exitCode = 0, signal = 0] = code.split(':').map(Number);
    const row = {
      jobName: name.join('|').trim(),
      jobId: fit[1],
      // `CANCELLED by 1000`
      state: state.split(/[ +]/)[0] ?? '',
      reason: reason === 'None' ? '' : reason,
      exitCode,
      signal,
      nodes: nodes === 'None assigned' ? '' : nodes,
      seconds: parseSlurmDuration(elapsed) ?? 0,
      cores: Number(cores) || 0,
    };
    const indexes = parseIndexes(fit[2]);
    return indexes.length === 0 ? [row] : indexes.map((arrayIndex) => ({ ...row, arrayIndex }));
  });
}

/** Reads `7`, and `[0-3,8%4]` as tasks that wait are shown. */
function parseIndexes(text: string | undefined): number[] {
  if (text === undefined) return [];
  const list = text.replaceAll(/[[\]]|%\d+/g, '');
  return list.split(',').flatMap((part) => {
    const [from = NaN, to = from] = part.split('-').map(Number);
    return Number.isInteger(from) && Number.isInteger(to)
      ? Array.from({ length: Math.max(0, to - from + 1) }, (_, offset) => from + offset)
      : [];
  });
}

/** Writes array indexes as short as they can be: `0-3,8`. */
export function formatIndexes(indexes: readonly number[]): string {
  const parts: string[] = [];
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  for (let at = 0; at < sorted.length;) {
    let end = at;
    while (sorted[end + 1] === (sorted[end] ?? NaN) + 1) end++;
    parts.push(end === at ? `${sorted[at]}` : `${sorted[at]}-${sorted[end]}`);
    at = end + 1;
  }
  return parts.join(',');
}
