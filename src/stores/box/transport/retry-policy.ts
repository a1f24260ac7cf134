import type { BoxCallError } from './box-call-error.ts';
import { isTransient } from './network-errors.ts';

/** How long a call is tried again, by what went wrong. */
export interface RetryLimits {
  readonly maxWaitMs: number;
  readonly maxOutageMs: number;
}

export type WaitReason = 'throttled' | 'unavailable' | 'unreachable' | 'busy';

export interface Wait {
  readonly reason: WaitReason;
  readonly waitMs: number;
  /** Box named the time itself. */
  readonly asked: boolean;
}

/** What a call has cost since it failed first. */
export interface Spent {
  readonly elapsedMs: number;
  /** Of that: waited because Box asked for it, which is no outage. */
  readonly askedMs: number;
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** A date begins with the name of the day, in each of its three forms (RFC 9110, 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /i;
/** Box's two 409s that pass by themselves (developer.box.com, Common errors). */
const PASSING_CONFLICTS = new Set(['name_temporarily_reserved', 'operation_blocked_temporary']);

/**
 * Decides whether a failed call is made again, and after how long; undefined gives up. Pure.
 * `attempt` is 1 after the first failure, `random` 0 to 1.
 */
export function planRetry(
  error: BoxCallError,
  attempt: number,
  { elapsedMs, askedMs }: Spent,
  { maxWaitMs, maxOutageMs }: RetryLimits,
  random: number,
): Wait | undefined {
  const reason = reasonToRetry(error);
  if (reason === undefined) return undefined;
  const asked = error.facts.retryAfterMs;
  const leftToWaitMs = maxWaitMs - elapsedMs;
  if (asked === undefined) {
    const leftMs = reason === 'throttled' ? leftToWaitMs : Math.min(leftToWaitMs, maxOutageMs - (elapsedMs - askedMs));
    if (leftMs <= 0) return undefined;
    return { reason, waitMs: Math.min(backoffMs(attempt, random), leftMs), asked: false };
  }
  // A wait that Box asks for is never shortened: the answer would be the same.
  if (leftToWaitMs <= 0 || asked > leftToWaitMs) return undefined;
  // A little more, so that many do not return at once; and whoever keeps saying "at once" is not believed.
  const leastMs = asked < FIRST_BACKOFF_MS && attempt > 1 ? backoffMs(attempt - 1, random) : 0;
  const waitMs = Math.max(leastMs, Math.ceil(asked + random * Math.min(1_000, asked)));
  return { reason, waitMs: Math.min(waitMs, leftToWaitMs), asked: true };
}

function reasonToRetry(error: BoxCallError): WaitReason | undefined {
  const { status, code } = error;
  if (status === 429 || status === 202) return 'throttled';
  if (status === 0) return isTransient(error) ? 'unreachable' : undefined;
  if (status === 408 || (status >= 500 && status !== 501)) return 'unavailable';
  if (status === 409 && code !== undefined && PASSING_CONFLICTS.has(code)) return 'busy';
  return undefined;
}

/** Doubles from a second to a minute, halved or not by chance so that many callers spread out. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.ceil(full * (0.5 + random / 2));
}

/**
 * Reads a Retry-After header, seconds or an HTTP date (RFC 9110, 10.2.3); undefined where it is neither. Of several in one
 * line, as proxies join them, the first counts.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const seconds = /^(\d{1,12})(?:\.\d{1,9})?(?:\s*,|$)/.exec(text)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000 + (text.includes('.') ? 1000 : 0);
  if (!HTTP_DATE.test(text)) return undefined;
  // The oldest of the three forms names no zone; all are in UTC.
  const dateMs = Date.parse(/ GMT$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
