import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../../src/stores/box/transport/clock.ts';
import type { BoxEmulator } from '../box-emulator/box-emulator.ts';
import type { ManualClock } from '../box-emulator/clock.ts';

/** How long nothing must have been asked before time goes on: longer than any call takes on the loopback. */
const QUIET_MS = 25;

/** One time for the program and the emulator: it stands still while calls are made, and jumps when all wait for it. */
export class SimulatedClock implements Clock, Disposable {
  readonly #time: ManualClock;
  readonly #waiting = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  #ended = false;

  constructor(time: ManualClock) {
    this.#time = time;
  }

  now(): number {
    return this.#time.nowMs();
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { untilMs: this.now() + durationMs, wake: resolve };
      this.#waiting.add(entry);
      signal?.addEventListener(
        'abort',
        () => {
          this.#waiting.delete(entry);
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  /** Lets time pass until the clock is disposed of. */
  async drive(emulator: BoxEmulator): Promise<void> {
    for (let seen = -1; !this.#ended;) {
      await sleepFor(QUIET_MS);
      const count = emulator.requests.count();
      if (count === seen && this.#waiting.size > 0) this.#jump();
      seen = count;
    }
  }

  #jump(): void {
    const nextMs = Math.min(...[...this.#waiting].map(({ untilMs }) => untilMs));
    this.#time.advance(Math.max(0, nextMs - this.now()));
    for (const entry of this.#waiting) {
      if (entry.untilMs > this.now()) continue;
      this.#waiting.delete(entry);
      entry.wake();
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
  }
}
