import { BoxCallError } from '../transport/box-call-error.ts';
import { classifyCall } from '../transport/classify.ts';
import type { BoxNetwork } from '../transport/connect.ts';
import { RetryingClient } from '../transport/retrying-client.ts';
import { withLoginLock } from './login-lock.ts';
import { readLogin, removeLogin } from './login-file.ts';
import type { BoxUser, PersonLogin } from './login-record.ts';
import type { BoxApp } from './person-session.ts';

const REVOKE_LIMITS = { maxWaitMs: 20_000, maxOutageMs: 20_000 };

/** What logging out did. */
export interface LoggedOut {
  readonly user: BoxUser;
  /** Box was told, so that copies of the login are of no use either. */
  readonly revoked: boolean;
}

/**
 * Ends the kept login: at Box first, so that copies die with it, then here. Undefined where there was none.
 * @throws {TransientError} Box cannot be told; the login is kept. @throws {ConfigError} the app is unknown: as above.
 */
export async function logOut(
  network: BoxNetwork,
  loginFile: string,
  appOf: () => BoxApp,
): Promise<LoggedOut | undefined> {
  return withLoginLock(loginFile, async () => {
    const record = await readLogin(loginFile);
    if (!record) return undefined;
    const revoked = record.kind === 'person' && record.ended === undefined && (await revoke(network, record, appOf()));
    await removeLogin(loginFile);
    return { user: record.user, revoked };
  });
}

async function revoke(network: BoxNetwork, record: PersonLogin, app: BoxApp): Promise<boolean> {
  const { BoxOAuth, OAuthConfig } = await import('box-node-sdk');
  const { clock, random, onWait, paced } = network;
  // Revoking any token of a login ends all of it; the refresh token is the one that still lives after an idle hour.
  const tokenStorage = {
    get: async () => ({ accessToken: record.refreshToken }),
    store: async () => undefined,
    clear: async () => undefined,
  };
  const oauth = new BoxOAuth({ config: new OAuthConfig({ ...app, tokenStorage }) });
  const client = new RetryingClient(paced, { clock, random, onWait, limits: REVOKE_LIMITS });
  try {
    await oauth.revokeToken(network.sessionOver(client));
    return true;
  } catch (error) {
    if (!(error instanceof BoxCallError)) throw error;
    // Box does not know it any more: that is what was wanted.
    if (error.status >= 400 && error.status < 500 && error.status !== 429) return false;
    throw classifyCall(error, { doing: 'folder', name: 'login' });
  }
}
