import { EXIT, type ExitCode } from '../../core/errors.ts';
import { showPath } from '../../config/config-files.ts';
import { loginAge } from '../../stores/box/login/login-record.ts';
import type { OpenLogin } from '../../stores/box/login/open-login.ts';
import type { Invocation } from '../commands.ts';
import { cleanText } from '../screens/display-text.ts';
import { openBox } from '../../app/open-box.ts';

const KINDS = {
  person: 'a person',
  app: 'a service account',
  'developer-token': 'a developer token (BOX_DEVELOPER_TOKEN)',
} as const;

/** `whoami [--json]` */
export async function run({ terminal, flags, signal, shell, loadSettings }: Invocation): Promise<ExitCode> {
  using box = await openBox(await loadSettings(), shell.environment);
  const { opened, user } = await box.who(signal);
  const loginFile = opened.record === undefined ? undefined : box.loginFile;
  if (flags.json === true) {
    terminal.print(JSON.stringify({ user, kind: opened.kind, loginFile, warning: opened.warning }, null, 2));
    return EXIT.ok;
  }
  const lines = [
    `${cleanText(user.login)}   (${cleanText(user.name)}, Box user ${cleanText(user.id)})`,
    `Logged in as  ${KINDS[opened.kind]}`,
    ...(loginFile === undefined ? [] : [`Kept in       ${showPath(loginFile, shell)}`]),
    `Lasts         ${lifeOf(opened)}`,
  ];
  terminal.print(lines.join('\n'));
  if (opened.warning !== undefined) terminal.say(`[warn] ${opened.warning}`);
  return EXIT.ok;
}

function lifeOf({ kind, record }: OpenLogin): string {
  if (kind === 'developer-token') return 'at most 60 minutes';
  if (record?.kind !== 'person') return 'as long as its app file is there and the app is authorised';
  // Asking who it is has used it, so its days begin anew.
  return `as long as it is used once every ${loginAge(record, Date.parse(record.renewedAt)).daysLeft} days`;
}
