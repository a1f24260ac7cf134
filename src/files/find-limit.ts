import { readFile } from 'node:fs/promises';
import { parseLimits, suspectLimit, type SuspectedLimit, type WorkerEnd } from '../core/process-limits.ts';

/** The limit of this process, which those it starts share, that most likely ended one of them; see {@link suspectLimit}. */
export async function findLimit(end: WorkerEnd): Promise<SuspectedLimit | undefined> {
  return suspectLimit(end, parseLimits(await readFile('/proc/self/limits', 'utf8').catch(() => '')));
}
