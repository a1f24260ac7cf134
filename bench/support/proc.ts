import { readFileSync, readdirSync } from 'node:fs';

// proc(5). A process may end between any two reads: then these answer 0 or nothing.

/** Clock ticks a second in /proc/<pid>/stat: 100 on every Linux platform that Node runs on. */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1024;

/** The processes that a process has started and that have not been waited for. */
export function readChildren(pid: number): number[] {
  const children: number[] = [];
  for (const thread of listOrNothing(`/proc/${pid}/task`)) {
    for (const child of readOrNothing(`/proc/${pid}/task/${thread}/children`).split(' ')) {
      if (child !== '') children.push(Number(child));
    }
  }
  return children;
}

/** User and system time of a process and its threads so far, without its children. */
export function readCpuSeconds(pid: number): number {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  // The command's name stands in brackets and may hold anything; the fields after it are numbered from 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** Resident memory of a process now. */
export function readResidentMiB(pid: number): number {
  return readStatus(pid, 'VmRSS');
}

/** The largest resident memory of a process so far. */
export function readPeakMiB(pid: number): number {
  return readStatus(pid, 'VmHWM');
}

function readStatus(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readOrNothing(`/proc/${pid}/status`));
  return Number(found?.[1] ?? 0) / KIB_PER_MIB;
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listOrNothing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
