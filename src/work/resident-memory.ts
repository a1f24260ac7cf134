import { readFileSync } from 'node:fs';

/** Pages of /proc/pid/statm; 4 KiB on x86-64 and on the usual arm64 kernels. */
const PAGE_KIB = 4;

/**
 * Resident memory of a process and its direct children in MiB; undefined where the system does not tell (no /proc) or the
 * process is gone. Synchronous on purpose: three short reads of a memory file system, shared pages counted twice.
 */
export function residentMiB(pid: number): number | undefined {
  const own = residentPages(pid);
  if (own === undefined) return undefined;
  let pages = own;
  for (const child of childrenOf(pid)) pages += residentPages(child) ?? 0;
  return (pages * PAGE_KIB) / 1024;
}

function residentPages(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  } catch {
    return undefined;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
