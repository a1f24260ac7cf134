import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { TransientError } from '../../../core/errors.ts';
import { systemClock, type Clock } from '../transport/clock.ts';
import { hasErrno } from '../../../core/errno.ts';

/** Nobody holds the lock longer: renewals are bounded well below. */
export const STALE_MS = 60_000;
/** Longer than two holders may take one after the other. */
const MAX_WAIT_MS = 150_000;
const LOOK_EVERY_MS = 100;

/**
 * Runs `use` while no other process does, on this machine or another that shares the file system. A lock whose holder
 * died is taken over: at once on the same machine, after a minute from another.
 * @throws {TransientError} `BOX_LOGIN_LOCKED`: others hold it one after the other.
 */
export async function withFileLock<T>(lockFile: string, use: () => Promise<T>, clock: Clock = systemClock): Promise<T> {
  const mark = `${hostname()} ${process.pid} ${randomBytes(8).toString('hex')}`;
  await take(lockFile, mark, clock);
  try {
    return await use();
  } finally {
    // Taken over from us if we were asleep for long: then it is not ours to remove.
    if ((await readMark(lockFile)) === mark) await rm(lockFile, { force: true });
  }
}

async function take(lockFile: string, mark: string, clock: Clock): Promise<void> {
  await mkdir(dirname(lockFile), { recursive: true, mode: 0o700 });
  for (let waitedMs = 0; waitedMs <= MAX_WAIT_MS; waitedMs += LOOK_EVERY_MS) {
    if (await tryTake(lockFile, mark)) return;
    if (await isStale(lockFile)) await clear(lockFile);
    else await clock.sleep(LOOK_EVERY_MS);
  }
  throw new TransientError('BOX_LOGIN_LOCKED', 'Another run keeps renewing the Box login.', {
    safe: 'The login is untouched.',
    remedy: `The same command in a minute. If no other run is on: remove ${lockFile}`,
  });
}

/** Writes the mark aside and links it into place: whoever sees the lock sees whose it is. */
async function tryTake(lockFile: string, mark: string): Promise<boolean> {
  const aside = `${lockFile}.${mark.split(' ').at(-1)}`;
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(mark);
    } finally {
      await handle.close();
    }
    await link(aside, lockFile);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function isStale(lockFile: string): Promise<boolean> {
  const mark = await readMark(lockFile);
  if (mark === undefined) return false;
  const [host, pid] = mark.split(' ');
  if (host === hostname() && Number(pid) > 0 && !isAlive(Number(pid))) return true;
  const age = await ageOf(lockFile);
  return age !== undefined && age > STALE_MS;
}

/** By the file system's own clock, which may differ from ours: a file made now tells its time. */
async function ageOf(lockFile: string): Promise<number | undefined> {
  const probe = `${lockFile}.${randomBytes(6).toString('hex')}.now`;
  try {
    await (await open(probe, 'wx', 0o600)).close();
    const [now, then] = await Promise.all([stat(probe), stat(lockFile)]);
    return now.mtimeMs - then.mtimeMs;
  } catch {
    return undefined;
  } finally {
    await rm(probe, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrno(error, 'EPERM');
  }
}

/** Moves the stale lock away, so that of several who see it only one clears it; a fresh one caught by mistake goes back. */
async function clear(lockFile: string): Promise<void> {
  const away = `${lockFile}.${randomBytes(6).toString('hex')}.stale`;
  const before = await readMark(lockFile);
  try {
    await rename(lockFile, away);
    if ((await readMark(away)) !== before) await link(away, lockFile);
  } catch {
    // Another was faster, or took the lock meanwhile: both end in another look.
  } finally {
    await rm(away, { force: true });
  }
}

async function readMark(lockFile: string): Promise<string | undefined> {
  return readFile(lockFile, 'utf8').catch(() => undefined);
}
