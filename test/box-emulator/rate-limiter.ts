import { ApiProblem } from './api-problem.ts';
import type { EndpointName } from './call.ts';
import type { EmulatorClock } from './clock.ts';

/** Calls that may be made in any 60 s by one user. */
export interface RateLimits {
  readonly callsPerMinute: number;
  readonly uploadsPerMinute: number;
}

/** Box, "Rate limits". */
export const RATE_LIMITS: RateLimits = { callsPerMinute: 1000, uploadsPerMinute: 240 };

const MINUTE_MS = 60_000;
const UPLOADS: ReadonlySet<EndpointName> = new Set(['upload', 'upload-version', 'commit']);

/** Refuses calls beyond the limits, over a sliding minute of the emulator's clock. */
export class RateLimiter {
  readonly #clock: EmulatorClock;
  readonly #limits: RateLimits;
  readonly #windows = new Map<string, number[]>();

  constructor(clock: EmulatorClock, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** @throws {ApiProblem} 429 with the seconds until there is room again. */
  admit(userId: string, endpoint: EndpointName): void {
    this.#count(`calls ${userId}`, this.#limits.callsPerMinute);
    if (UPLOADS.has(endpoint)) this.#count(`uploads ${userId}`, this.#limits.uploadsPerMinute);
  }

  #count(key: string, limit: number): void {
    const nowMs = this.#clock.nowMs();
    const window = (this.#windows.get(key) ?? []).filter((atMs) => atMs > nowMs - MINUTE_MS);
    this.#windows.set(key, window);
    const oldestMs = window[0];
    if (window.length >= limit && oldestMs !== undefined) {
      const seconds = Math.max(1, Math.ceil((oldestMs + MINUTE_MS - nowMs) / 1000));
      throw new ApiProblem(429, 'rate_limit_exceeded', 'Request rate limit exceeded, please try again later', {
        headers: { 'retry-after': String(seconds) },
      });
    }
    window.push(nowMs);
  }
}
