import type { Clock } from './clock.ts';

const WINDOW_MS = 60_000;

/** Lets at most so many calls pass in any minute, in the order they came. */
export class Pace {
  readonly #perMinute: number;
  readonly #clock: Clock;
  /** When the last calls passed or will pass, oldest first; never longer than `perMinute`. */
  readonly #passed: number[] = [];

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** Settles when the caller may go on. Its place stays taken when `signal` aborts while waiting. */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const nowMs = this.#clock.now();
    const oldest = this.#passed.length < this.#perMinute ? undefined : this.#passed.shift();
    const atMs = oldest === undefined ? nowMs : Math.max(nowMs, oldest + WINDOW_MS);
    this.#passed.push(atMs);
    if (atMs > nowMs) await this.#clock.sleep(atMs - nowMs, signal);
  }
}
