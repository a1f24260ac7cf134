import { setTimeout as sleep } from 'node:timers/promises';
import { isErrnoOf } from '../core/errno.ts';

/** How long the trouble of a disk gets to pass. */
const PAUSE_MS = 500;

/** Does `work`, and once more where the disk did not answer as it should: network disks have such moments. */
export async function tryAgain<T>(work: () => Promise<T>, pauseMs: number = PAUSE_MS): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isErrnoOf(error, 'passing')) throw error;
    await sleep(pauseMs);
    return await work();
  }
}
