import { setTimeout as sleep } from 'node:timers/promises';
import { isErrnoOf } from '../core/errno.ts';
import { realFileSystem, type FileSystem } from './file-system.ts';

/** Does `work`, and once more where the disk did not answer as it should: network disks have such moments. */
export async function tryAgain<T>(
  work: () => Promise<T>,
  { pauseMs }: Pick<FileSystem, 'pauseMs'> = realFileSystem,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isErrnoOf(error, 'passing')) throw error;
    await sleep(pauseMs);
    return await work();
  }
}
