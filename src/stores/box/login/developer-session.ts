import type { BoxLogin } from './box-login.ts';
import { loginEnded } from '../transport/classify.ts';

/** A developer token from the environment: for a first try. Good for an hour, then the run stops and can be resumed. */
export class DeveloperSession implements BoxLogin {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  accessToken(): Promise<string> {
    return Promise.resolve(this.#token);
  }

  renew(): Promise<string> {
    return Promise.reject(loginEnded('The developer token in BOX_DEVELOPER_TOKEN is over: it is good for 60 minutes.'));
  }
}
