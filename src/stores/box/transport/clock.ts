import { setTimeout as sleepFor } from 'node:timers/promises';

/** Time, so that waits of hours can be tested in an instant. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Settles after `durationMs`; rejects with the signal's reason when it aborts first. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** The computer's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(durationMs, signal) {
    try {
      await sleepFor(Math.max(0, durationMs), undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
