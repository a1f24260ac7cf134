import { safeJson } from '../../core/safe-json.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import { showPath } from '../../config/config-files.ts';
import type { BoxAccount } from '../../app/contract.ts';
import type { Invocation } from '../invocation.ts';
import { cleanText } from '../screens/display-text.ts';

const KINDS = {
  person: 'a person',
  app: 'a service account',
  'developer-token': 'a developer token (BOX_DEVELOPER_TOKEN)',
} as const;

/** `whoami [--json]` */
export async function run({ app, terminal, flags, signal, shell, loadSettings }: Invocation): Promise<ExitCode> {
  const box = app.openBox({ choices: await loadSettings(), environment: shell.environment });
  const account = await box.whoAmI(signal);
  const { user, kind, loginFile, warning } = account;
  if (flags.json === true) {
    terminal.print(safeJson({ user, kind, loginFile, warning }, 2));
    return EXIT.ok;
  }
  const lines = [
    `${cleanText(user.login)}   (${cleanText(user.name)}, Box user ${cleanText(user.id)})`,
    `Logged in as  ${KINDS[kind]}`,
    ...(loginFile === undefined ? [] : [`Kept in       ${showPath(loginFile, shell)}`]),
    `Lasts         ${lifeOf(account)}`,
  ];
  terminal.print(lines.join('\n'));
  if (warning !== undefined) terminal.say(`[warn] ${warning}`);
  return EXIT.ok;
}

function lifeOf({ kind, lastsUnusedDays }: BoxAccount): string {
  if (kind === 'developer-token') return 'at most 60 minutes';
  if (kind === 'app') return 'as long as its app file is there and the app is authorised';
  // Asking who it is has used it, so its days begin anew.
  return `as long as it is used once every ${lastsUnusedDays} days`;
}
