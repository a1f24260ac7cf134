import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { hasErrno } from '../core/errno.ts';

/** What tells a process from all others, as long as its machine is not started anew. */
export interface ProcessMark {
  readonly host: string;
  readonly pid: number;
  /** When it began, in clock ticks since boot (proc(5), /proc/pid/stat, field 22): tells a reused pid. Null where unknown. */
  readonly startTicks: string | null;
}

/** This process. */
export async function markOwnProcess(): Promise<ProcessMark> {
  const { pid } = process;
  return { host: hostname(), pid, startTicks: (await readStat(pid))?.startTicks ?? null };
}

/** True where the process is, or was, on this machine, so that {@link isAlive} can tell. */
export function isOnThisMachine({ host }: Pick<ProcessMark, 'host'>): boolean {
  return host === hostname();
}

/**
 * Whether a process of this machine lives. A zombie is dead, however long nobody reaps it; so is one whose number another has
 * now. Where the machine does not tell, it is taken to live.
 */
export async function isAlive({ pid, startTicks }: Pick<ProcessMark, 'pid' | 'startTicks'>): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's, and there.
    if (hasErrno(error, 'ESRCH')) return false;
  }
  const now = await readStat(pid);
  if (!now) return true;
  return isStateOfLife(now.state) && (startTicks === null || now.startTicks === startTicks);
}

/** Zombie, and dead: proc(5), /proc/pid/stat, field 3. */
function isStateOfLife(state: string): boolean {
  return !['Z', 'X', 'x'].includes(state);
}

async function readStat(pid: number): Promise<{ state: string; startTicks: string | null } | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command name, in parentheses, may hold spaces: count from its end.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: fields[19] ?? null };
  } catch {
    return undefined;
  }
}
