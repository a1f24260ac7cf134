import { registerSecret } from '../../../core/secrets.ts';
import type { Authentication } from 'box-node-sdk/networking';
import { AccessError } from '../../../core/errors.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import type { BoxLogin } from './box-login.ts';
import { classifyCall, loginEnded } from '../transport/classify.ts';
import type { BoxNetwork } from '../transport/connect.ts';
import { planRetry } from '../transport/retry-policy.ts';
import type { AppCredentials } from './app-file.ts';
import { tokenEndMs } from './login-record.ts';

const RENEW_EARLY_MS = 300_000;

interface Current {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** A service account: asks for a token whenever it needs one. Nothing is used up, so nothing is kept or locked. */
export class AppSession implements BoxLogin {
  readonly #credentials: AppCredentials;
  readonly #network: BoxNetwork;
  #current: Current | undefined;
  #asking: Promise<Current> | undefined;

  constructor(credentials: AppCredentials, network: BoxNetwork) {
    this.#credentials = credentials;
    this.#network = network;
  }

  async accessToken(): Promise<string> {
    const current = this.#current;
    if (current && current.expiresAtMs - this.#network.clock.now() > RENEW_EARLY_MS) return current.token;
    return (await this.#requestOnce()).token;
  }

  async renew(refused: string): Promise<string> {
    const current = this.#current;
    if (current && current.token !== refused) return current.token;
    return (await this.#requestOnce()).token;
  }

  #requestOnce(): Promise<Current> {
    this.#asking ??= this.#requestToken().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #requestToken(): Promise<Current> {
    const { clock, settings, random, onWait, paced } = this.#network;
    const auth = await makeAuth(this.#credentials);
    const startedMs = clock.now();
    let askedMs = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        // Single attempts: a JWT assertion works once, so the SDK must make another for each.
        const answer = await auth.refreshToken(this.#network.sessionOver(paced));
        if (answer.accessToken === undefined) throw loginEnded('Box answered without a token.');
        registerSecret(answer.accessToken);
        const expiresAtMs = tokenEndMs(clock.now(), answer.expiresIn);
        return (this.#current = { token: answer.accessToken, expiresAtMs });
      } catch (error) {
        if (!(error instanceof BoxCallError)) throw error;
        const wait = planRetry(error, attempt, { elapsedMs: clock.now() - startedMs, askedMs }, settings, random());
        if (!wait) throw this.#refusal(error);
        onWait?.({ ...wait, operation: error.facts.operation });
        await clock.sleep(wait.waitMs);
        if (wait.asked) askedMs += wait.waitMs;
      }
    }
  }

  #refusal(error: BoxCallError): Error {
    if (error.status !== 400 && error.status !== 401) return classifyCall(error, { doing: 'folder', name: 'login' });
    const clock =
      this.#credentials.way === 'jwt' ? " Or this computer's clock is wrong: it may be 30 s off at most." : '';
    return new AccessError(
      'BOX_APP_REFUSED',
      `Box does not accept this service account (${error.code ?? error.status}).`,
      {
        why: `The app was not authorised by the administrator, or its file is out of date.${clock}`,
        remedy: 'Ask your research-computing staff to authorise the app in the Box admin console (see docs/box.md).',
      },
    );
  }
}

async function makeAuth(credentials: AppCredentials): Promise<Pick<Authentication, 'refreshToken'>> {
  const { BoxCcgAuth, BoxJwtAuth, CcgConfig, JwtConfig } = await import('box-node-sdk');
  if (credentials.way === 'jwt')
    return new BoxJwtAuth({ config: JwtConfig.fromConfigJsonString(credentials.configText) });
  const { clientId, clientSecret, subject } = credentials;
  const who = subject.kind === 'user' ? { userId: subject.id } : { enterpriseId: subject.id };
  return new BoxCcgAuth({ config: new CcgConfig({ clientId, clientSecret, ...who }) });
}
