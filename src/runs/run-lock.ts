import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../core/errors.ts';
import { asOutputError } from '../core/write-failure.ts';
import { hasErrno } from '../core/errno.ts';

/** How often a holder shows that it lives. */
const HEARTBEAT_MS = 20_000;
/** A lock of another host without a sign of life for this long is taken over: 15 heartbeats, to outlast a paused node. */
const STALE_AFTER_MS = 300_000;
/** A lock that cannot be read is being written for this long at most. */
const TORN_AFTER_MS = 3_000;

interface LockRecord {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in clock ticks since boot (proc(5), /proc/pid/stat, field 22): tells a reused pid. */
  readonly startTicks: string | null;
  /** Its holder has finished: anyone may take the next. */
  readonly released: boolean;
}

/** The right to write a run folder. One process at a time, on whatever host. */
export interface RunLock extends AsyncDisposable {
  /** Aborts when somebody has taken the run over: this process was paused for so long that it was taken for dead. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the lock of a run folder. A lock whose holder has died on this host, or is silent on another, is taken over.
 *
 * Locks are numbered, and the highest number is the one that counts. A new lock is made under the next number, which only
 * one taker can do; numbers are never used again, so that a slow taker always finds that it was overtaken.
 * @throws {TransientError} `RUN_BUSY`: somebody else is working on the run.
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const record: LockRecord = {
    host: hostname(),
    pid: process.pid,
    startTicks: await startTicksOf(process.pid),
    released: false,
  };
  for (let attempt = 0; attempt < 50; attempt++) {
    const newest = (await listLocks(folder)).at(-1) ?? 0;
    if (newest > 0 && !(await mayTake(fileOf(folder, newest)))) {
      await sleep(100);
      continue;
    }
    const mine = newest + 1;
    try {
      await writeFile(fileOf(folder, mine), JSON.stringify(record), { flag: 'wx' });
    } catch (error) {
      if (hasErrno(error, 'EEXIST')) continue;
      throw asOutputError(error, fileOf(folder, mine));
    }
    const numbers = await listLocks(folder);
    const overtaken = numbers.some((number) => number > mine);
    for (const number of numbers)
      if (number < mine || (overtaken && number === mine)) await rm(fileOf(folder, number), { force: true });
    if (!overtaken) return holdLock(folder, mine, record);
  }
  throw new TransientError('RUN_BUSY', `Somebody else is taking over the run in ${folder}.`, {
    remedy: 'Try again in a minute.',
  });
}

/** Whether somebody alive holds the lock of a run folder. */
export async function isLocked(folder: string): Promise<boolean> {
  const newest = (await listLocks(folder)).at(-1);
  if (newest === undefined) return false;
  const file = fileOf(folder, newest);
  const held = await readLock(file);
  return held !== undefined && (await isAlive(held, (await ageOf(file)) ?? Infinity));
}

function holdLock(folder: string, mine: number, record: LockRecord): RunLock {
  const file = fileOf(folder, mine);
  const losing = new AbortController();
  const beat = async (): Promise<void> => {
    if ((await listLocks(folder)).some((number) => number > mine)) losing.abort(takenOver(folder));
    const now = new Date();
    await utimes(file, now, now);
  };
  const heartbeat = setInterval(() => void beat().catch(() => undefined), HEARTBEAT_MS);
  heartbeat.unref();
  const release = async (): Promise<void> => {
    clearInterval(heartbeat);
    const aside = `${file}.tmp`;
    try {
      await writeFile(aside, JSON.stringify({ ...record, released: true }));
      await rename(aside, file);
    } catch (error) {
      // Of no use on a full disk: whoever comes next sees that the holder is dead.
      await rm(aside, { force: true });
      throw error;
    }
  };
  return { lost: losing.signal, release, [Symbol.asyncDispose]: () => release().catch(() => undefined) };
}

function takenOver(folder: string): TransientError {
  return new TransientError(
    'RUN_TAKEN_OVER',
    'Another process has taken this run over, after minutes without a sign of life from this one.',
    {
      safe: 'The other one goes on with it; all finished pages are kept.',
      remedy: `ocr-pipeline status --watch   to follow it, in ${folder}`,
    },
  );
}

/** False while it is still being written. @throws {TransientError} `RUN_BUSY`: its holder lives. */
async function mayTake(file: string): Promise<boolean> {
  const held = await readLock(file);
  const age = await ageOf(file);
  if (age === undefined) return false;
  // Being written at this moment, or torn by a crash: give a living writer time.
  if (held === undefined) return age > TORN_AFTER_MS;
  if (!(await isAlive(held, age))) return true;
  throw new TransientError('RUN_BUSY', `This run is being worked on already, on ${held.host} (process ${held.pid}).`, {
    safe: `Nothing was changed. Its last sign of life was ${Math.round(age / 1000)} s ago.`,
    remedy: 'ocr-pipeline status --watch   to follow it',
  });
}

function fileOf(folder: string, number: number): string {
  return join(folder, `lock.${number}.json`);
}

/** Numbers of the locks there are, ascending. */
async function listLocks(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  const numbers = names.flatMap((name) => /^lock\.(\d+)\.json$/.exec(name)?.slice(1).map(Number) ?? []);
  return numbers.toSorted((a, b) => a - b);
}

async function ageOf(file: string): Promise<number | undefined> {
  return await stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => undefined,
  );
}

async function isAlive(held: LockRecord, ageMs: number): Promise<boolean> {
  if (held.released) return false;
  if (held.host !== hostname()) return ageMs < STALE_AFTER_MS;
  try {
    process.kill(held.pid, 0);
  } catch (error) {
    if (hasErrno(error, 'ESRCH')) return false;
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
