import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { readSmallFile } from './read-small-file.ts';
import { join } from 'node:path';
import { hasErrno } from '../core/errno.ts';
import { asOutputError } from '../core/write-failure.ts';
import { isAlive, isOnThisMachine, markOwnProcess, type ProcessMark } from './process-life.ts';

/** A lock that cannot be read is being written for this long at most. */
const TORN_AFTER_MS = 3_000;

/** Where a lock is, and when it is given up for dead. */
export interface LockPlace {
  readonly folder: string;
  /** The files are `<name>.<n>.json`. */
  readonly name: string;
  /** A holder on another machine without a sign of life for this long is taken for dead. */
  readonly staleAfterMs: number;
  /** How often a holder shows that it lives; absent: it never holds the lock for as long as that. */
  readonly heartbeatMs?: number | undefined;
  /** Whether a lock that was given back stays, marked as such, or goes. */
  readonly whenReleased: 'stays' | 'goes';
}

interface LockRecord extends ProcessMark {
  /** Tells one taking of the lock from another of the same process. */
  readonly token?: string | undefined;
  /** Its holder has finished: anyone may take the next. */
  readonly released: boolean;
}

/** A lock that may be taken, and what was in it when that was decided: undefined where there is none. */
interface FreeLock {
  readonly kind: 'free';
  readonly text: string | undefined;
}

/** The lock is ours until it is released. */
export interface Lock {
  readonly kind: 'ours';
  /** Aborts when somebody has taken the lock over: this process was paused for so long that it was taken for dead. */
  readonly lost: AbortSignal;
  /** Never rejects: a lock that cannot be given back is taken over when this process has ended. */
  release(): Promise<void>;
}

/** Somebody alive has the lock. */
export interface LockHolder extends ProcessMark {
  readonly kind: 'held';
  /** Since its last sign of life. */
  readonly ageMs: number;
}

/**
 * Tries once to take a lock; undefined where others are taking it at this moment: try again soon. A lock whose holder has died
 * on this machine, or is silent on another, is taken over.
 *
 * Locks are numbered, and the highest number is the one that counts. A new lock is made under the next number, which only
 * one taker can do. It counts if then there is no higher one, and the one before is still what was found to be free: a slow
 * taker finds that it was overtaken, and takes its own back.
 * @throws {OutputError} the lock cannot be written.
 */
export async function tryLock(place: LockPlace): Promise<Lock | LockHolder | undefined> {
  try {
    const newest = (await listLocks(place)).at(-1) ?? 0;
    const found = newest === 0 ? NEVER_TAKEN : await inspectLock(place, newest, true);
    return found?.kind === 'free' ? await take(place, newest, found) : found;
  } catch (error) {
    throw asOutputError(error, join(place.folder, place.name));
  }
}

const NEVER_TAKEN: FreeLock = { kind: 'free', text: undefined };

/** Who holds a lock, as far as a look tells that changes nothing; undefined: nobody. */
export async function findHolder(place: LockPlace): Promise<LockHolder | undefined> {
  const newest = (await listLocks(place)).at(-1);
  const found = newest === undefined ? NEVER_TAKEN : await inspectLock(place, newest, false);
  return found?.kind === 'held' ? found : undefined;
}

async function take(place: LockPlace, before: number, { text }: FreeLock): Promise<Lock | undefined> {
  const mine = before + 1;
  const record: LockRecord = { ...(await markOwnProcess()), token: randomUUID(), released: false };
  try {
    await writeFile(fileOf(place, mine), JSON.stringify(record), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return undefined;
    throw error;
  }
  const numbers = await listLocks(place);
  const overtaken = numbers.some((number) => number > mine) || (await readText(fileOf(place, before))) !== text;
  if (overtaken) {
    await rm(fileOf(place, mine), { force: true });
    return undefined;
  }
  for (const number of numbers) if (number < mine) await rm(fileOf(place, number), { force: true });
  return hold(place, mine, record);
}

function hold(place: LockPlace, mine: number, record: LockRecord): Lock {
  const file = fileOf(place, mine);
  const losing = new AbortController();
  const beat = async (): Promise<void> => {
    if ((await listLocks(place)).some((number) => number > mine)) losing.abort();
    const now = new Date();
    await utimes(file, now, now);
  };
  const heartbeat =
    place.heartbeatMs === undefined
      ? undefined
      : setInterval(() => void beat().catch(() => undefined), place.heartbeatMs).unref();
  const release = async (): Promise<void> => {
    clearInterval(heartbeat);
    const aside = `${file}.tmp`;
    try {
      // Taken over from us if we were asleep for long: then it is not ours to touch.
      if (losing.signal.aborted || (await readText(file)) !== JSON.stringify(record)) return;
      if (place.whenReleased === 'goes') return await rm(file, { force: true });
      await writeFile(aside, JSON.stringify({ ...record, released: true }), { mode: 0o600 });
      await rename(aside, file);
    } catch {
      await rm(aside, { force: true }).catch(() => undefined);
      // A full disk takes this still, and an empty lock is taken for a torn one.
      await truncate(file).catch(() => undefined);
    }
  };
  return { kind: 'ours', lost: losing.signal, release };
}

/** Undefined while it is still being written, or has gone meanwhile. */
async function inspectLock(
  place: LockPlace,
  number: number,
  mayWrite: boolean,
): Promise<LockHolder | FreeLock | undefined> {
  const file = fileOf(place, number);
  const text = await readText(file);
  const held = parseLock(text);
  if (held?.released === true) return { kind: 'free', text };
  const ageMs = await ageOf(file, mayWrite);
  if (ageMs === undefined) return undefined;
  // Being written at this moment, or torn by a crash: give a living writer time.
  if (held === undefined) return ageMs > TORN_AFTER_MS ? { kind: 'free', text } : undefined;
  const lives = isOnThisMachine(held) ? await isAlive(held) : ageMs < place.staleAfterMs;
  const { host, pid, startTicks } = held;
  return lives ? { kind: 'held', host, pid, startTicks, ageMs } : { kind: 'free', text };
}

function fileOf({ folder, name }: LockPlace, number: number): string {
  return join(folder, `${name}.${number}.json`);
}

/** Numbers of the locks there are, ascending. */
async function listLocks({ folder, name }: LockPlace): Promise<number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  });
  const numbers = names.flatMap((file) => {
    const number = /^(\d+)\.json$/.exec(file.startsWith(`${name}.`) ? file.slice(name.length + 1) : '')?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  return numbers.toSorted((a, b) => a - b);
}

/**
 * How long ago the file was touched, by the file system's own clock where we `mayWrite`: that may differ from ours, and a file
 * made now tells its time. Undefined where it has gone.
 */
async function ageOf(file: string, mayWrite: boolean): Promise<number | undefined> {
  const probe = `${file}.${randomBytes(6).toString('hex')}.now`;
  const now = mayWrite ? await timeOfDisk(probe) : undefined;
  return await stat(file).then(
    ({ mtimeMs }) => (now ?? Date.now()) - mtimeMs,
    () => undefined,
  );
}

async function timeOfDisk(probe: string): Promise<number | undefined> {
  try {
    await writeFile(probe, '', { flag: 'wx', mode: 0o600 });
    return (await stat(probe)).mtimeMs;
  } catch {
    return undefined;
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

function readText(path: string): Promise<string | undefined> {
  return readSmallFile(path).then(
    ({ text }) => text,
    () => undefined,
  );
}

function parseLock(text: string | undefined): LockRecord | undefined {
  try {
    const record = JSON.parse(text ?? '') as Partial<LockRecord> | null;
    if (typeof record?.host !== 'string' || typeof record.pid !== 'number') return undefined;
    const { host, pid, startTicks = null, released = false } = record;
    return { host, pid, startTicks, released };
  } catch {
    return undefined;
  }
}
