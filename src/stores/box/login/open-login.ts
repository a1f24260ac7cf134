import { registerSecret } from '../../../core/secrets.ts';
import { AccessError, ConfigError } from '../../../core/errors.ts';
import type { BoxLogin } from './box-login.ts';
import type { BoxNetwork } from '../transport/connect.ts';
import { AppSession } from './app-session.ts';
import { readAppFile } from './app-file.ts';
import { DeveloperSession } from './developer-session.ts';
import { readLogin } from './login-file.ts';
import { loginAge, type LoginRecord } from './login-record.ts';
import { notLoggedIn, PersonSession, type BoxApp } from './person-session.ts';

/** Where a login may come from. */
export interface LoginSources {
  readonly loginFile: string;
  /** From the site file or the environment. Absent: only service accounts and developer tokens work. */
  readonly app?: BoxApp | undefined;
  /** `BOX_DEVELOPER_TOKEN`. Comes before the kept login. */
  readonly developerToken?: string | undefined;
}

/** A login ready for use, with what a person may want to know of it. */
export interface OpenLogin {
  readonly login: BoxLogin;
  readonly kind: 'person' | 'app' | 'developer-token';
  /** Absent for a developer token. */
  readonly record?: LoginRecord | undefined;
  /** A sentence to show: the login ends soon, or lasts an hour only. */
  readonly warning?: string | undefined;
}

/**
 * Opens the login this machine has. Asks Box nothing yet.
 * @throws {AccessError} `BOX_NOT_LOGGED_IN`, `BOX_LOGIN_EXPOSED`, `BOX_LOGIN_ENDED` ... @throws {ConfigError} `BOX_APP_UNKNOWN`.
 */
export async function openLogin(sources: LoginSources, network: BoxNetwork): Promise<OpenLogin> {
  registerSecret(sources.developerToken);
  registerSecret(sources.app?.clientSecret);
  if (sources.developerToken !== undefined && sources.developerToken !== '')
    return {
      login: new DeveloperSession(sources.developerToken),
      kind: 'developer-token',
      warning: 'A developer token lasts 60 minutes; a run that takes longer stops then, and can be resumed.',
    };
  const record = await readLogin(sources.loginFile);
  if (!record) throw notLoggedIn();
  if (record.kind === 'app') {
    if (record.apiUrl !== network.settings.apiUrl)
      throw new AccessError('BOX_LOGIN_ELSEWHERE', 'The kept login belongs to another Box server.', {
        remedy: 'ocr-pipeline login box',
      });
    return { login: new AppSession(await readAppFile(record.appFile), network), kind: 'app', record };
  }
  const { daysLeft, idleDays, endsSoon } = loginAge(record, network.clock.now());
  const warning = `The Box login was last used ${idleDays} days ago; it would have ended in ${daysLeft} days.`;
  return {
    login: new PersonSession(sources.loginFile, requireApp(sources.app), network),
    kind: 'person',
    record,
    ...(endsSoon ? { warning } : {}),
  };
}

/** @throws {ConfigError} `BOX_APP_UNKNOWN`: no Box app is set up. */
export function requireApp(app: BoxApp | undefined): BoxApp {
  if (app) return app;
  throw new ConfigError('BOX_APP_UNKNOWN', 'No Box app is set up on this computer.', {
    why: 'Logging in needs the ID and secret of a Box app, which your research-computing staff put in the site file.',
    safe: 'Nothing was started.',
    remedy:
      'Ask them, or use your own app: set OCR_PIPELINE_BOX_CLIENT_ID and OCR_PIPELINE_BOX_CLIENT_SECRET (see docs/box.md).\n' +
      'For a first try: BOX_DEVELOPER_TOKEN.',
  });
}
