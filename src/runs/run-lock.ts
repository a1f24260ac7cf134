import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TransientError } from '../core/errors.ts';
import { asOutputError } from '../core/write-failure.ts';

/** How often a holder shows that it lives. */
const HEARTBEAT_MS = 20_000;
/** A lock of another host without a sign of life for this long is taken over: 15 heartbeats, to outlast a paused node. */
const STALE_AFTER_MS = 300_000;

interface LockRecord {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in clock ticks since boot (proc(5), /proc/pid/stat, field 22): tells a reused pid. */
  readonly startTicks: string | null;
  readonly token: string;
}

/** The right to write a run folder. One process at a time, on whatever host. */
export interface RunLock extends AsyncDisposable {
  release(): Promise<void>;
}

/**
 * Takes the lock of a run folder. A lock whose holder has died on this host, or is silent on another, is taken over.
 * @throws {TransientError} `RUN_BUSY`: somebody else is working on the run.
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const path = join(folder, 'lock.json');
  const record: LockRecord = {
    host: hostname(),
    pid: process.pid,
    startTicks: await startTicksOf(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(path, JSON.stringify(record), { flag: 'wx' });
      return holdLock(path, record);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw asOutputError(error, path);
    }
    await removeIfStale(path, folder);
  }
  throw new TransientError('RUN_BUSY', `Somebody else is taking over the run in ${folder}.`, {
    remedy: 'Try again in a minute.',
  });
}

/** Whether somebody alive holds the lock of a run folder. */
export async function isLocked(folder: string): Promise<boolean> {
  const path = join(folder, 'lock.json');
  const held = await readLock(path);
  if (!held) return false;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return await isAlive(held, Date.now() - mtimeMs);
}

function holdLock(path: string, record: LockRecord): RunLock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const release = async (): Promise<void> => {
    clearInterval(heartbeat);
    const held = await readLock(path);
    if (held?.token === record.token) await rm(path, { force: true });
  };
  return { release, [Symbol.asyncDispose]: release };
}

async function removeIfStale(path: string, folder: string): Promise<void> {
  const held = await readLock(path);
  const age = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => undefined,
  );
  if (age === undefined) return;
  if (held === undefined) {
    // Being written at this moment, or torn by a crash: give a living writer time.
    if (age < 5_000) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return;
    }
  } else if (await isAlive(held, age)) {
    throw new TransientError('RUN_BUSY', `This run is being worked on already, on ${held.host} (process ${held.pid}).`, {
      safe: `Nothing was changed. Its last sign of life was ${Math.round(age / 1000)} s ago.`,
      remedy: 'ocr-pipeline status --watch   to follow it',
    });
  }
  // Renaming is atomic: of several takers one wins, the others find nothing and try again.
  const aside = join(folder, `lock.stale-${randomBytes(4).toString('hex')}`);
  const taken = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!taken) return;
  // Another taker may have been faster, and this is its fresh lock: give it back.
  if ((await readLock(aside))?.token !== held?.token) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isAlive(held: LockRecord, ageMs: number): Promise<boolean> {
  if (held.host !== hostname()) return ageMs < STALE_AFTER_MS;
  try {
    process.kill(held.pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  const ticks = await startTicksOf(held.pid);
  return ticks === null || held.startTicks === null || ticks === held.startTicks;
}

async function readLock(path: string): Promise<LockRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LockRecord;
  } catch {
    return undefined;
  }
}

async function startTicksOf(pid: number): Promise<string | null> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command name, in parentheses, may hold spaces: count from its end.
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
