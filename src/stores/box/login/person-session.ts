import { registerSecret } from '../../../core/secrets.ts';
import type { FetchOptionsInput } from 'box-node-sdk/networking';
import type { AccessToken } from 'box-node-sdk/schemas';
import { AccessError } from '../../../core/errors.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import type { BoxLogin } from './box-login.ts';
import { loginEnded } from '../transport/classify.ts';
import type { BoxNetwork } from '../transport/connect.ts';
import { RetryingClient } from '../transport/retrying-client.ts';
import { withLoginLock } from './login-lock.ts';
import { readLogin, writeLogin } from './login-file.ts';
import { tokenEndMs, type PersonLogin } from './login-record.ts';

/** The Box app people log in to. */
export interface BoxApp {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Renewed this long before it expires, so that no call under way meets its end. */
const RENEW_EARLY_MS = 300_000;
/** A token that Box refused may still say that it is good; another one must last at least this long to be preferred. */
const STILL_GOOD_MS = 30_000;
/** One renewal with all its attempts; well below the age at which the lock counts as stale. */
const MAX_HOLD_MS = 45_000;
const MAX_RENEWAL_MS = 30_000;

/**
 * A person's login as the file keeps it, shared by all calls of this process and all processes that share the file: of
 * many who find the token old one renews it, under a lock, and the others take what it kept.
 */
export class PersonSession implements BoxLogin {
  readonly #file: string;
  readonly #app: BoxApp;
  readonly #network: BoxNetwork;
  #record: PersonLogin | undefined;
  #renewing: Promise<PersonLogin> | undefined;

  constructor(file: string, app: BoxApp, network: BoxNetwork) {
    this.#file = file;
    this.#app = app;
    this.#network = network;
  }

  async accessToken(): Promise<string> {
    const record = (this.#record ??= await this.#load());
    const leftMs = Date.parse(record.expiresAt) - this.#network.clock.now();
    if (leftMs > RENEW_EARLY_MS && record.ended === undefined) return record.accessToken;
    try {
      return (await this.#renewOnce(undefined)).accessToken;
    } catch (error) {
      // Early enough that the old one still serves, and the next call tries again.
      if (!(error instanceof AccessError) && leftMs > STILL_GOOD_MS) return record.accessToken;
      throw error;
    }
  }

  async renew(refused: string): Promise<string> {
    const known = this.#record;
    // Refused with an older token than we have by now: another call has renewed it.
    if (known && known.accessToken !== refused && known.ended === undefined) return known.accessToken;
    const renewed = await this.#renewOnce(refused);
    if (renewed.accessToken !== refused) return renewed.accessToken;
    // The renewal we joined was begun by a call that did not know yet that Box refuses this token.
    return (await this.#renewOnce(refused)).accessToken;
  }

  async #load(): Promise<PersonLogin> {
    const record = await readLogin(this.#file);
    if (record?.kind !== 'person') throw notLoggedIn();
    if (record.apiUrl !== this.#network.settings.apiUrl || record.clientId !== this.#app.clientId)
      throw new AccessError('BOX_LOGIN_ELSEWHERE', 'The kept login belongs to another Box app.', {
        why: 'The settings name another app or server than the one you logged in to.',
        remedy: 'ocr-pipeline login box',
      });
    return record;
  }

  #renewOnce(refused: string | undefined): Promise<PersonLogin> {
    this.#renewing ??= this.#renewLocked(refused).finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renewLocked(refused: string | undefined): Promise<PersonLogin> {
    return withLoginLock(this.#file, async () => {
      const record = (this.#record = await this.#load());
      if (record.ended !== undefined) throw loginEnded(record.ended);
      const leftMs = Date.parse(record.expiresAt) - this.#network.clock.now();
      // Another process has renewed it while we waited.
      if (record.accessToken !== refused && leftMs > (refused === undefined ? RENEW_EARLY_MS : STILL_GOOD_MS))
        return record;
      return (this.#record = await this.#exchange(record));
    });
  }

  /** Sends the refresh token and keeps its successor. Marked before and after: a process killed between leaves a trace. */
  async #exchange(record: PersonLogin): Promise<PersonLogin> {
    const { clock } = this.#network;
    const renewingSince = new Date(clock.now()).toISOString();
    // Also finds out that the disk is full before the only token is spent.
    await writeLogin(this.#file, { ...record, renewingSince: record.renewingSince ?? renewingSince });
    let token: AccessToken;
    try {
      token = await this.#send(record.refreshToken);
    } catch (error) {
      if (!(error instanceof BoxCallError)) throw error;
      // Tried again without the lock by whoever makes the call, for as long as any other: Box may ask for a minute.
      if (error.status !== 400 && error.status !== 401) throw error;
      throw await this.#end(record, error);
    }
    const { accessToken, refreshToken, expiresIn } = token;
    if (accessToken === undefined || refreshToken === undefined) throw loginEnded('Box answered without a token.');
    registerSecret(accessToken);
    registerSecret(refreshToken);
    const nowMs = clock.now();
    const renewed: PersonLogin = {
      ...record,
      accessToken,
      refreshToken,
      renewedAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(tokenEndMs(nowMs, expiresIn)).toISOString(),
      renewingSince: undefined,
    };
    await writeLogin(this.#file, renewed);
    return renewed;
  }

  async #send(refreshToken: string): Promise<AccessToken> {
    const { BoxOAuth, OAuthConfig } = await import('box-node-sdk');
    const { clock, random, onWait, paced, settings } = this.#network;
    const tokenStorage = {
      get: async () => ({ refreshToken }),
      store: async () => undefined,
      clear: async () => undefined,
    };
    const oauth = new BoxOAuth({ config: new OAuthConfig({ ...this.#app, tokenStorage }) });
    const limits = { maxWaitMs: Math.min(MAX_RENEWAL_MS, settings.maxWaitMs), maxOutageMs: MAX_RENEWAL_MS };
    const client = new RetryingClient(paced, { clock, random, onWait, limits });
    const limit = AbortSignal.timeout(MAX_HOLD_MS);
    const bounded = { fetch: (options: FetchOptionsInput) => client.fetch({ ...options, cancellationToken: limit }) };
    try {
      return await oauth.refreshToken(this.#network.sessionOver(bounded));
    } catch (error) {
      if (error instanceof BoxCallError || !limit.aborted) throw error;
      throw new BoxCallError({ operation: 'POST /oauth2/token', status: 0, code: 'IDLE' });
    }
  }

  /** Writes down that the login is over, so that its used token is not sent again, and says why as well as can be known. */
  async #end(record: PersonLogin, error: BoxCallError): Promise<AccessError> {
    if (error.code !== 'invalid_grant')
      return new AccessError('BOX_APP_REFUSED', `Box does not accept this Box app (${error.code ?? error.status}).`, {
        why: 'Its client ID or secret is wrong, or it was taken out of service.',
        safe: 'Your login is untouched.',
        remedy: 'Ask whoever set up the Box app for the current secret (see docs/box.md).',
      });
    let ended = 'It was not used for 60 days, or it was used on another computer.';
    if (record.renewingSince !== undefined)
      ended = `A run was stopped just while it renewed the login (${record.renewingSince}); Box had done its part.`;
    else if (error.attempts > 1) ended = 'Box renewed it, but its answer was lost on the network.';
    await writeLogin(this.#file, { ...record, renewingSince: undefined, ended });
    this.#record = { ...record, ended };
    return loginEnded(ended);
  }
}

/** Said wherever a login is needed and none is kept. */
export function notLoggedIn(): AccessError {
  return new AccessError('BOX_NOT_LOGGED_IN', 'You are not logged in to Box.', {
    safe: 'Nothing was started.',
    remedy: 'ocr-pipeline login box        then the same command.',
  });
}
