import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoxCallError } from '../../../../src/stores/box/transport/box-call-error.ts';
import { Pace } from '../../../../src/stores/box/transport/pace.ts';
import { parseRetryAfter, planRetry } from '../../../../src/stores/box/transport/retry-policy.ts';

const AT_ONCE = { elapsedMs: 0, askedMs: 0 };
const LIMITS = { maxWaitMs: 3_600_000, maxOutageMs: 600_000 };

function failure(status: number, code?: string, retryAfterMs?: number): BoxCallError {
  return new BoxCallError({ operation: 'GET /2.0/files/1', status, code, retryAfterMs });
}

describe('whether and when a call is made again', () => {
  it('reads Retry-After in seconds and as a date', () => {
    const now = Date.parse('2024-05-01T12:00:00Z');
    expect(parseRetryAfter('0', now)).toBe(0);
    expect(parseRetryAfter(' 60 ', now)).toBe(60_000);
    expect(parseRetryAfter('Wed, 01 May 2024 12:01:30 GMT', now)).toBe(90_000);
    expect(parseRetryAfter('Wed, 01 May 2024 11:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('Wednesday, 01-May-24 12:01:30 GMT', now)).toBe(90_000);
    expect(parseRetryAfter('Wed May  1 12:01:30 2024', now)).toBe(90_000);
    expect(parseRetryAfter('1.5', now)).toBe(2_000);
    expect(parseRetryAfter('120, 120', now)).toBe(120_000);
    for (const odd of [undefined, '', 'soon', 'NaN', '-5', '1e3', '0x10', '1 2', '2024-05-01'])
      expect(parseRetryAfter(odd, now)).toBeUndefined();
  });

  it('waits as long as Box asks, not less and at most a second more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3_000_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (asked, random) => {
          const wait = planRetry(failure(429, undefined, asked), 1, AT_ONCE, LIMITS, random);
          expect(wait?.waitMs).toBeGreaterThanOrEqual(asked);
          expect(wait?.waitMs).toBeLessThanOrEqual(asked + 1_001);
        },
      ),
    );
  });

  it('never gives up on throttling before the longest wait is over', () => {
    let elapsedMs = 0;
    let attempts = 0;
    for (;;) {
      const wait = planRetry(failure(429), ++attempts, { elapsedMs, askedMs: 0 }, LIMITS, 1);
      if (!wait) break;
      expect(wait.reason).toBe('throttled');
      expect(wait.waitMs).toBeLessThanOrEqual(60_000);
      elapsedMs += wait.waitMs;
    }
    expect(elapsedMs).toBe(LIMITS.maxWaitMs);
    expect(attempts).toBeGreaterThan(60);
  });

  it('gives up at once where waiting as asked would take too long', () => {
    expect(planRetry(failure(429, undefined, 3_600_001), 1, AT_ONCE, LIMITS, 0)).toBeUndefined();
    expect(
      planRetry(failure(429, undefined, 60_000), 1, { elapsedMs: 3_599_000, askedMs: 0 }, LIMITS, 0),
    ).toBeUndefined();
  });

  it('waits as long as Box asks with any answer, not as long as an outage may last', () => {
    const asked = planRetry(failure(503, undefined, 900_000), 1, AT_ONCE, LIMITS, 0);
    expect(asked).toEqual({ reason: 'unavailable', waitMs: 900_000, asked: true });
    expect(planRetry(failure(503, undefined, 3_600_001), 1, AT_ONCE, LIMITS, 0)).toBeUndefined();
  });

  it('does not count what Box asked for as an outage', () => {
    const later = { elapsedMs: 900_000, askedMs: 900_000 };
    expect(planRetry(failure(503), 2, later, LIMITS, 0)).toMatchObject({ reason: 'unavailable' });
    expect(planRetry(failure(503), 2, { elapsedMs: 1_500_000, askedMs: 900_000 }, LIMITS, 0)).toBeUndefined();
  });

  it('does not return at once for ever where Box keeps saying so', () => {
    expect(planRetry(failure(429, undefined, 0), 1, AT_ONCE, LIMITS, 0)?.waitMs).toBe(0);
    expect(planRetry(failure(429, undefined, 0), 8, AT_ONCE, LIMITS, 0)?.waitMs).toBe(30_000);
  });

  it.each([
    [0, 'CERT_HAS_EXPIRED', undefined],
    [0, 'SELF_SIGNED_CERT_IN_CHAIN', undefined],
    [0, 'ERR_TLS_CERT_ALTNAME_INVALID', undefined],
    [0, 'EPROTO', undefined],
    [0, 'ECONNRESET', 'unreachable'],
    [202, undefined, 'throttled'],
    [408, undefined, 'unavailable'],
    [500, undefined, 'unavailable'],
    [502, undefined, 'unavailable'],
    [503, undefined, 'unavailable'],
    [409, 'name_temporarily_reserved', 'busy'],
    [409, 'operation_blocked_temporary', 'busy'],
    [409, 'item_name_in_use', undefined],
    [400, 'bad_digest', undefined],
    [401, undefined, undefined],
    [403, undefined, undefined],
    [404, 'not_found', undefined],
    [412, undefined, undefined],
    [501, undefined, undefined],
  ])('%s %s: %s', (status, code, reason) => {
    expect(planRetry(failure(status, code), 1, AT_ONCE, LIMITS, 0)?.reason).toBe(reason);
  });
});

/** Time that passes only by waiting. */
function standingClock() {
  let nowMs = 0;
  return {
    now: () => nowMs,
    sleep: async (durationMs: number) => void (nowMs += durationMs),
  };
}

describe('the pace of calls', () => {
  it('lets no more pass in any minute, and no fewer than it may', async () => {
    const clock = standingClock();
    const pace = new Pace(240, clock);
    const times: number[] = [];
    for (let call = 0; call < 1_000; call++) {
      await pace.take();
      times.push(clock.now());
    }
    for (let call = 240; call < times.length; call++)
      expect((times[call] ?? 0) - (times[call - 240] ?? 0)).toBeGreaterThanOrEqual(60_000);
    expect(times.at(-1)).toBe(240_000);
  });

  it('ends a wait that is told to stop', async () => {
    const pace = new Pace(1, { now: () => 0, sleep: async (_, signal) => signal?.throwIfAborted() });
    await pace.take();
    await expect(pace.take(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});
