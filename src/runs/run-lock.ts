import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../core/errors.ts';
import { findHolder, tryLock, type Lock, type LockHolder, type LockPlace } from '../files/lock.ts';

/** How often a holder shows that it lives. */
const HEARTBEAT_MS = 20_000;
/** A lock of another host without a sign of life for this long is taken over: 15 heartbeats, to outlast a paused node. */
const STALE_AFTER_MS = 300_000;
/** Tries, a tenth of a second apart, while others take the lock or it is being written. */
const ATTEMPTS = 50;

/** The right to write a run folder. One process at a time, on whatever host. */
export interface RunLock extends AsyncDisposable {
  /** Aborts when somebody has taken the run over: this process was paused for so long that it was taken for dead. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Takes the lock of a run folder. A lock whose holder has died on this host, or is silent on another, is taken over.
 * @throws {TransientError} `RUN_BUSY`: somebody else is working on the run. @throws {OutputError} it cannot be written.
 */
export async function lockRun(folder: string): Promise<RunLock> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await tryLock(placeOf(folder));
    if (found?.kind === 'ours') return holdRun(folder, found);
    if (found) throw busy(found);
    await sleep(100);
  }
  throw new TransientError('RUN_BUSY', `Somebody else is taking over the run in ${folder}.`, {
    remedy: 'Try again in a minute.',
  });
}

/** Whether somebody alive holds the lock of a run folder. */
export async function isLocked(folder: string): Promise<boolean> {
  return (await findHolder(placeOf(folder))) !== undefined;
}

function placeOf(folder: string): LockPlace {
  return { folder, name: 'lock', staleAfterMs: STALE_AFTER_MS, heartbeatMs: HEARTBEAT_MS, whenReleased: 'stays' };
}

function holdRun(folder: string, lock: Lock): RunLock {
  const losing = new AbortController();
  lock.lost.addEventListener('abort', () => losing.abort(takenOver(folder)), { once: true });
  const release = (): Promise<void> => lock.release();
  return { lost: losing.signal, release, [Symbol.asyncDispose]: release };
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

function busy({ host, pid, ageMs }: LockHolder): TransientError {
  return new TransientError('RUN_BUSY', `This run is being worked on already, on ${host} (process ${pid}).`, {
    safe: `Nothing was changed. Its last sign of life was ${Math.round(ageMs / 1000)} s ago.`,
    remedy: 'ocr-pipeline status --watch   to follow it',
  });
}
