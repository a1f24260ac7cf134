import type { FetchOptionsInput, FetchResponse, NetworkClient } from 'box-node-sdk/networking';
import { BoxCallError } from './box-call-error.ts';
import type { BoxLogin } from '../login/box-login.ts';
import type { Clock } from './clock.ts';
import { planRetry, type RetryLimits, type Wait } from './retry-policy.ts';

/** Hears of waits, so that a person is told why nothing moves. Must not throw. */
export type WaitListener = (wait: Wait & { readonly operation: string }) => void;

/**
 * Tokens an attempt may go through. One is not enough: what another call has renewed can have ended again by the time it
 * is sent. A login that has really ended says so when it is renewed.
 */
const MAX_RENEWALS = 3;

export interface RetryingClientOptions {
  readonly clock: Clock;
  readonly limits: RetryLimits;
  /** Absent for calls that carry no token. */
  readonly login?: BoxLogin | undefined;
  readonly onWait?: WaitListener | undefined;
  /** 0 to 1; `Math.random` outside tests. */
  readonly random: () => number;
}

/**
 * Makes calls until they succeed, fail for good, or the limits are reached. Brings the token, and another one when Box
 * refuses it. Also honours waits that the SDK's own strategy overlooks: Retry-After, and 202 "not yet".
 */
export class RetryingClient implements NetworkClient {
  readonly #inner: NetworkClient;
  readonly #options: RetryingClientOptions;

  constructor(inner: NetworkClient, options: RetryingClientOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  async fetch(options: FetchOptionsInput): Promise<FetchResponse> {
    const { clock, limits, onWait, random } = this.#options;
    const signal = options.cancellationToken;
    const startedMs = clock.now();
    let askedMs = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#fetchLoggedIn(options);
      } catch (error) {
        if (!(error instanceof BoxCallError)) throw error;
        error.attempts = attempt;
        const wait = planRetry(error, attempt, { elapsedMs: clock.now() - startedMs, askedMs }, limits, random());
        if (!wait) throw error;
        onWait?.({ ...wait, operation: error.facts.operation });
        await clock.sleep(wait.waitMs, signal);
        if (wait.asked) askedMs += wait.waitMs;
      }
    }
  }

  async #fetchLoggedIn(options: FetchOptionsInput): Promise<FetchResponse> {
    const { login } = this.#options;
    // The SDK marks calls that need a token by giving its authentication along.
    if (options.auth === undefined || !login) return this.#inner.fetch(options);
    let token = await login.accessToken();
    for (let renewals = 0; ; renewals++) {
      try {
        return await this.#inner.fetch(withToken(options, token));
      } catch (error) {
        if (!(error instanceof BoxCallError) || error.status !== 401 || renewals >= MAX_RENEWALS) throw error;
        token = await login.renew(token);
      }
    }
  }
}

function withToken(options: FetchOptionsInput, token: string): FetchOptionsInput {
  return { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } };
}
