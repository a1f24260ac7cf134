import type { BoxCallError } from './box-call-error.ts';

/** How long a call is tried again, by what went wrong. */
export interface RetryLimits {
  readonly maxWaitMs: number;
  readonly maxOutageMs: number;
}

export type WaitReason = 'throttled' | 'unavailable' | 'unreachable' | 'busy';

export interface Wait {
  readonly reason: WaitReason;
  readonly waitMs: number;
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** Box's two 409s that pass by themselves (developer.box.com, Common errors). */
const PASSING_CONFLICTS = new Set(['name_temporarily_reserved', 'operation_blocked_temporary']);

/**
 * Decides whether a failed call is made again, and after how long; undefined gives up. Pure.
 * `attempt` is 1 after the first failure, `elapsedMs` the time since it, `random` 0 to 1.
 */
export function planRetry(
  error: BoxCallError,
  attempt: number,
  elapsedMs: number,
  limits: RetryLimits,
  random: number,
): Wait | undefined {
  const reason = reasonToRetry(error);
  if (reason === undefined) return undefined;
  const limitMs = reason === 'throttled' ? limits.maxWaitMs : Math.min(limits.maxOutageMs, limits.maxWaitMs);
  const leftMs = limitMs - elapsedMs;
  if (leftMs <= 0) return undefined;
  const asked = error.facts.retryAfterMs;
  if (asked === undefined) return { reason, waitMs: Math.min(backoffMs(attempt, random), leftMs) };
  // A wait that Box asks for is never shortened: the answer would be the same. A little more, so that many do not return at once.
  if (asked > leftMs) return undefined;
  return { reason, waitMs: Math.min(Math.ceil(asked + random * Math.min(1_000, asked)), leftMs) };
}

function reasonToRetry(error: BoxCallError): WaitReason | undefined {
  const { status, code } = error;
  if (status === 429 || status === 202) return 'throttled';
  if (status === 0) return 'unreachable';
  if (status === 408 || (status >= 500 && status !== 501)) return 'unavailable';
  if (status === 409 && code !== undefined && PASSING_CONFLICTS.has(code)) return 'busy';
  return undefined;
}

/** Doubles from a second to a minute, halved or not by chance so that many callers spread out. */
function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.ceil(full * (0.5 + random / 2));
}

/** Reads a Retry-After header, seconds or an HTTP date (RFC 9110, 10.2.3); undefined where it is neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
