import { AccessError } from '../../../core/errors.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import { classifyCall } from '../transport/classify.ts';
import type { BoxNetwork } from '../transport/connect.ts';
import { withLoginLock } from './login-lock.ts';
import { readLogin, removeLogin, writeLogin } from './login-file.ts';
import { parseLogin, renderLogin, type PersonLogin } from './login-record.ts';
import { notLoggedIn, PersonSession, type BoxApp } from './person-session.ts';

/**
 * Gives the login to another computer: `write` carries it away, then it is removed here. A refresh token works once, so
 * a login is moved and never copied. Where `write` fails it stays.
 * @throws {AccessError} `BOX_NOT_LOGGED_IN`, `BOX_LOGIN_NOT_MOVABLE`.
 */
export async function sendLogin(loginFile: string, write: (text: string) => Promise<void>): Promise<PersonLogin> {
  return withLoginLock(loginFile, async () => {
    const record = await readLogin(loginFile);
    if (!record) throw notLoggedIn();
    if (record.kind === 'app')
      throw new AccessError('BOX_LOGIN_NOT_MOVABLE', 'A service account needs no handing over.', {
        remedy: `Copy ${record.appFile} there, readable by you alone, and: ocr-pipeline login box --app-file FILE`,
      });
    if (record.ended !== undefined) throw notLoggedIn();
    await write(renderLogin(record));
    await removeLogin(loginFile);
    return record;
  });
}

/**
 * Takes a login that was handed over, and renews it at once so that what was carried is of no use to others.
 * @throws {AccessError} `BOX_LOGIN_DAMAGED`, `BOX_LOGIN_ENDED`. @throws {TransientError} kept, but Box cannot be reached.
 */
export async function receiveLogin(
  network: BoxNetwork,
  app: BoxApp,
  loginFile: string,
  text: string,
): Promise<PersonLogin> {
  const record = parseLogin(text);
  if (record.kind !== 'person')
    throw new AccessError('BOX_LOGIN_NOT_MOVABLE', 'What came is not the login of a person.');
  await withLoginLock(loginFile, () => writeLogin(loginFile, record));
  await new PersonSession(loginFile, app, network).renew(record.accessToken).catch((error: unknown) => {
    throw error instanceof BoxCallError ? classifyCall(error, { doing: 'folder', name: 'login' }) : error;
  });
  const kept = await readLogin(loginFile);
  return kept?.kind === 'person' ? kept : record;
}
