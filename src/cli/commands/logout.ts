import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { cleanText } from '../screens/display-text.ts';
import { requireBox } from './login.ts';

/** `logout box` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  requireBox(invocation, 'logout');
  const { terminal, shell } = invocation;
  const box = invocation.app.openBox({ choices: await invocation.loadSettings(), environment: shell.environment });
  const done = await box.logOut();
  if (!done) terminal.print('You were not logged in to Box.');
  else if (done.revoked)
    terminal.print(
      `[ok] Logged out: ${cleanText(done.user.login)}. Box was told; no copy of the login works any more.`,
    );
  else terminal.print(`[ok] Logged out: ${cleanText(done.user.login)}. The login is no longer kept here.`);
  if ((shell.environment['BOX_DEVELOPER_TOKEN'] ?? '') !== '')
    terminal.say('[warn] BOX_DEVELOPER_TOKEN is still set, and is used.');
  return EXIT.ok;
}
