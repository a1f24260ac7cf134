import { randomBytes } from 'node:crypto';
import type { AccessToken } from 'box-node-sdk/schemas';
import { registerSecret } from '../../../core/secrets.ts';
import { AccessError } from '../../../core/errors.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import { classifyCall } from '../transport/classify.ts';
import { connect, type BoxNetwork } from '../transport/connect.ts';
import { RetryingClient } from '../transport/retrying-client.ts';
import { readAppFile } from './app-file.ts';
import { AppSession } from './app-session.ts';
import { withLoginLock } from './login-lock.ts';
import { writeLogin } from './login-file.ts';
import { tokenEndMs, type AppLogin, type PersonLogin } from './login-record.ts';
import type { BoxApp } from './person-session.ts';
import { listenForRedirect, USUAL_PORT } from './redirect-listener.ts';
import { authorizeAddress, readRedirect } from './redirect.ts';
import { readUser } from './read-user.ts';

/** How long a person has to log in. */
const LOGIN_WAIT_MS = 600_000;
/** Box's code lives 30 s: the exchange must not be tried for longer. */
const EXCHANGE_LIMITS = { maxWaitMs: 20_000, maxOutageMs: 20_000 };

/** The person's side of logging in. */
export interface LoginTalk {
  /** Shows where to go: `startAddress` works where this computer's ports can be reached, `boxAddress` everywhere. */
  invite(startAddress: string, boxAddress: string, waitMs: number): Promise<void> | void;
  /** Lines the person pastes; may end at once. */
  readonly pasted: AsyncIterable<string>;
  /** Says that a pasted line was not it, and why. */
  complain(reason: string): void;
  /** The port to listen on first; absent: the usual one. */
  readonly port?: number | undefined;
}

/**
 * Lets a person log in to Box with a browser, here or elsewhere, and keeps the login.
 * @throws {AccessError} `BOX_LOGIN_DENIED`, `BOX_LOGIN_TIMEOUT`, `BOX_CODE_OLD`, `BOX_APP_REFUSED`. @throws {TransientError}
 */
export async function logInPerson(
  network: BoxNetwork,
  app: BoxApp,
  loginFile: string,
  talk: LoginTalk,
  signal: AbortSignal,
): Promise<PersonLogin> {
  const state = randomBytes(24).toString('base64url');
  const key = randomBytes(4).toString('hex');
  const { accountUrl, apiUrl } = network.settings;
  const address = (redirectUri: string): string => authorizeAddress(accountUrl, app.clientId, redirectUri, state);
  await using listener = await listenForRedirect({
    port: talk.port ?? USUAL_PORT,
    state,
    key,
    authorizeAddress: address,
  });
  await talk.invite(listener.startAddress, address(listener.redirectUri), LOGIN_WAIT_MS);
  const code = await waitForCode(listener.code, talk, state, signal);
  const token = await exchangeCode(network, app, code);
  const nowMs = network.clock.now();
  const { accessToken = '', refreshToken, expiresIn } = token;
  if (accessToken === '' || refreshToken === undefined)
    throw new AccessError('BOX_APP_REFUSED', 'Box let you in, but without a login that lasts.', {
      why: 'The Box app is of another kind: it must be a custom app with user authentication (OAuth 2.0).',
      remedy: 'Ask whoever set up the Box app (see docs/box.md).',
    });
  registerSecret(accessToken);
  registerSecret(refreshToken);
  const once = { accessToken: async () => accessToken, renew: async () => accessToken };
  const user = await readUser(await connect(network, once), signal);
  const record: PersonLogin = {
    kind: 'person',
    user,
    clientId: app.clientId,
    apiUrl,
    accessToken,
    refreshToken,
    renewedAt: new Date(nowMs).toISOString(),
    expiresAt: new Date(tokenEndMs(nowMs, expiresIn)).toISOString(),
  };
  await withLoginLock(loginFile, () => writeLogin(loginFile, record));
  return record;
}

/** Logs in as a service account and remembers where its app file is. @throws {AccessError | ConfigError | TransientError} */
export async function logInApp(
  network: BoxNetwork,
  appFile: string,
  loginFile: string,
  signal: AbortSignal,
): Promise<AppLogin> {
  const session = new AppSession(await readAppFile(appFile), network);
  const user = await readUser(await connect(network, session), signal);
  const record: AppLogin = { kind: 'app', user, apiUrl: network.settings.apiUrl, appFile };
  await withLoginLock(loginFile, () => writeLogin(loginFile, record));
  return record;
}

async function waitForCode(
  listened: Promise<string>,
  talk: LoginTalk,
  state: string,
  signal: AbortSignal,
): Promise<string> {
  const done = new AbortController();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LOGIN_WAIT_MS), done.signal]);
  const stopped = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason as Error), { once: true });
  });
  stopped.catch(() => undefined);
  try {
    return await Promise.race([listened, readPasted(talk, state), stopped]);
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    throw new AccessError('BOX_LOGIN_TIMEOUT', `Nobody logged in for ${LOGIN_WAIT_MS / 60_000} minutes.`, {
      safe: 'Nothing was changed.',
      remedy: 'ocr-pipeline login box',
    });
  } finally {
    done.abort();
  }
}

/** Settles with the first code pasted; never when the lines end without one. */
async function readPasted(talk: LoginTalk, state: string): Promise<string> {
  for await (const line of talk.pasted) {
    if (line.trim() === '') continue;
    const redirect = readRedirect(line, state);
    if (redirect.kind === 'code') return redirect.code;
    if (redirect.kind === 'denied')
      throw new AccessError('BOX_LOGIN_DENIED', 'Box was told not to let this program in.', {
        remedy: 'ocr-pipeline login box',
      });
    if (redirect.kind === 'foreign')
      talk.complain('That address belongs to another login. Use the one from this link.');
    else talk.complain('That is not the address of the page: it begins with http://localhost and contains "code=".');
  }
  return new Promise<never>(() => undefined);
}

async function exchangeCode(network: BoxNetwork, app: BoxApp, code: string): Promise<AccessToken> {
  registerSecret(code);
  registerSecret(app.clientSecret);
  const { BoxOAuth, OAuthConfig } = await import('box-node-sdk');
  const { clock, random, onWait, paced } = network;
  const tokenStorage = { get: async () => undefined, store: async () => undefined, clear: async () => undefined };
  const oauth = new BoxOAuth({ config: new OAuthConfig({ ...app, tokenStorage }) });
  const client = new RetryingClient(paced, { clock, random, onWait, limits: EXCHANGE_LIMITS });
  try {
    return await oauth.getTokensAuthorizationCodeGrant(code, network.sessionOver(client));
  } catch (error) {
    if (!(error instanceof BoxCallError)) throw error;
    if (error.status !== 400 && error.status !== 401) throw classifyCall(error, { doing: 'folder', name: 'login' });
    if (error.code === 'invalid_grant')
      throw new AccessError('BOX_CODE_OLD', 'Box no longer takes that address.', {
        why: 'It is good for 30 seconds and one use.',
        remedy: 'ocr-pipeline login box        and paste the new one at once.',
      });
    throw new AccessError('BOX_APP_REFUSED', `Box does not accept this Box app (${error.code ?? error.status}).`, {
      why: 'Its client ID or secret is wrong, or it was taken out of service.',
      remedy: 'Ask whoever set up the Box app for the current secret (see docs/box.md).',
    });
  }
}
