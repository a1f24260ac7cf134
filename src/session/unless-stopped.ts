import { stopReason } from '../core/errors.ts';

/** Who waits, by the signal that may stop them. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Settles as `work` does, or rejects as soon as we are stopped; `work` then goes on without us. Thousands may wait on one
 * signal: they share a listener, as to add or remove one walks through all that a signal has.
 */
export async function unlessStopped(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(stopReason(signal));
  if (signal.aborted) stop();
  const others = waitersOf(signal);
  others.add(stop);
  try {
    await Promise.race([work, stopped.promise]);
  } finally {
    others.delete(stop);
  }
}

function waitersOf(signal: AbortSignal): Set<() => void> {
  const known = waiting.get(signal);
  if (known) return known;
  const waiters = new Set<() => void>();
  waiting.set(signal, waiters);
  signal.addEventListener('abort', () => waiters.forEach((stop) => stop()), { once: true });
  return waiters;
}
