/** Where the emulator reads the time: rate limits, lifetimes of tokens, codes, sessions and download URLs. */
export interface EmulatorClock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
}

export const realClock: EmulatorClock = { nowMs: () => Date.now() };

/** A clock that stands still until it is told to move. */
export class ManualClock implements EmulatorClock {
  #nowMs: number;

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError('a clock moves forward only');
    this.#nowMs += byMs;
  }
}

/** A time as Box writes it: RFC 3339 without fractions of a second. */
export function boxTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
}
