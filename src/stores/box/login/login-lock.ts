import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { TransientError } from '../../../core/errors.ts';
import { asOutputError } from '../../../core/write-failure.ts';
import { tryLock, type Lock } from '../../../files/lock.ts';
import { systemClock, type Clock } from '../transport/clock.ts';

/** Nobody holds the lock longer: renewals are bounded well below. */
export const STALE_MS = 60_000;
/** Longer than two holders may take one after the other. */
const MAX_WAIT_MS = 150_000;
const LOOK_EVERY_MS = 100;

/**
 * Runs `use` while no other process works with the login in `loginFile`, on this machine or another that shares the file system.
 * A lock whose holder died is taken over: at once on the same machine, after a minute from another.
 * @throws {TransientError} `BOX_LOGIN_LOCKED`: others hold it one after the other. @throws {OutputError} the disk.
 */
export async function withLoginLock<T>(
  loginFile: string,
  use: () => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const lock = await take(loginFile, clock);
  try {
    return await use();
  } finally {
    await lock.release();
  }
}

async function take(loginFile: string, clock: Clock): Promise<Lock> {
  const folder = dirname(loginFile);
  const name = `${basename(loginFile)}.lock`;
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw asOutputError(error, folder);
  });
  for (let waitedMs = 0; waitedMs <= MAX_WAIT_MS; waitedMs += LOOK_EVERY_MS) {
    const found = await tryLock({ folder, name, staleAfterMs: STALE_MS, whenReleased: 'goes' });
    if (found?.kind === 'ours') return found;
    await clock.sleep(LOOK_EVERY_MS);
  }
  throw new TransientError('BOX_LOGIN_LOCKED', 'Another run keeps renewing the Box login.', {
    safe: 'The login is untouched.',
    remedy: `The same command in a minute. If no other run is on: remove the files ${loginFile}.lock.*`,
  });
}
