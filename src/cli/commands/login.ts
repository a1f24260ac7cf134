import { childEnvironment } from '../../core/child-environment.ts';
import { quoteValue } from '../../core/quote-value.ts';
import { safeJson } from '../../core/safe-json.ts';
import { spawn } from 'node:child_process';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { EXIT, UsageError, type ExitCode } from '../../core/errors.ts';
import { showPath } from '../../config/config-files.ts';
import type { BoxAccount, BoxLoginTalk, BoxService } from '../../app/contract.ts';
import { cleanText } from '../screens/display-text.ts';
import type { Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { renderInvitation, renderWaiting } from '../screens/render-box.ts';

/** Longest login that is received, in characters. */
const MAX_RECEIVED = 65_536;

/** `login box [--check | --app-file FILE | --hand-over | --receive]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  requireBox(invocation, 'login');
  const { flags, signal, shell } = invocation;
  const given = (['check', 'app-file', 'hand-over', 'receive'] as const).filter(
    (flag) => flags[flag] !== undefined && flags[flag] !== false,
  );
  if (given.length > 1)
    throw new UsageError('FLAGS_CONFLICT', `--${given.join(' and --')} do not go together.`, {
      safe: 'Nothing was changed.',
    });
  const box = invocation.app.openBox({ choices: await invocation.loadSettings(), environment: shell.environment });
  switch (given[0]) {
    case 'check':
      return check(invocation, box);
    case 'app-file': {
      const appFile = resolve(shell.workingFolder, flags['app-file'] ?? '');
      return printSuccess(invocation, await box.logIn({ kind: 'service-account', appFile }, signal));
    }
    case 'hand-over':
      return sendLogin(invocation, box);
    case 'receive':
      return printSuccess(invocation, await box.logIn({ kind: 'handed-over', read: readInput }, signal));
    default:
      return printSuccess(invocation, await logInWithTalk(invocation, box));
  }
}

/** @throws {UsageError} another service than Box was named. */
export function requireBox({ positionals }: Invocation, command: string): void {
  const [service = ''] = positionals;
  if (service.toLowerCase() !== 'box')
    throw new UsageError('UNKNOWN_SERVICE', `There is no service called ${quoteValue(service)}.`, {
      safe: 'Nothing was changed.',
      remedy: `ocr-pipeline ${command} box`,
    });
}

async function check({ terminal, flags, signal }: Invocation, box: BoxService): Promise<ExitCode> {
  const { user, kind, warning } = await box.whoAmI(signal);
  if (flags.json === true) terminal.print(safeJson({ ok: true, kind, user, warning }, 2));
  else terminal.print(`[ok] The Box login works: ${cleanText(user.login)}`);
  if (warning !== undefined && flags.json !== true) terminal.say(`[warn] ${warning}`);
  return EXIT.ok;
}

function printSuccess({ terminal, flags, shell }: Invocation, account: BoxAccount): ExitCode {
  const { user, kind, loginFile = '', lastsUnusedDays } = account;
  if (flags.json === true) {
    terminal.print(safeJson({ ok: true, kind, user, loginFile }, 2));
    return EXIT.ok;
  }
  const lasts =
    kind === 'app'
      ? 'as long as the app file is there and the app is authorised'
      : `as long as it is used once every ${lastsUnusedDays} days`;
  const share = kind === 'app' ? [`     Share:    the folder in Box with ${cleanText(user.login)}`] : [];
  terminal.print(
    [
      `[ok] Logged in to Box as ${cleanText(user.login)}`,
      `     Kept in:  ${showPath(loginFile, shell)} (readable by you alone)`,
      `     Lasts:    ${lasts}`,
      ...share,
      terminal.typed('Next: ocr-pipeline ls      (find your folder)'),
    ].join('\n'),
  );
  return EXIT.ok;
}

/** Prints the login itself: the one thing that must not pass through the terminal's redaction. */
async function sendLogin({ terminal }: Invocation, box: BoxService): Promise<ExitCode> {
  if (process.stdout.isTTY)
    throw new UsageError('HAND_OVER_TO_SCREEN', 'A login is not shown on a screen.', {
      why: 'Whoever reads it has your Box account.',
      safe: 'It was not handed over.',
      remedy: 'ocr-pipeline login box --hand-over | ssh HOST ocr-pipeline login box --receive',
    });
  const { user } = await box.sendLogin((text) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
    return promise;
  });
  terminal.say(`[ok] The login of ${cleanText(user.login)} was handed over; this computer has none now.`);
  return EXIT.ok;
}

async function readInput(): Promise<string> {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    text += part;
    if (text.length > MAX_RECEIVED) break;
  }
  return text;
}

async function logInWithTalk(invocation: Invocation, box: BoxService): Promise<BoxAccount> {
  using talk = talkThrough(invocation);
  return await box.logIn({ kind: 'person', talk }, invocation.signal);
}

/** Says how much of the time is left: each second where a line can be drawn again, else once. */
function countDown(terminal: Terminal, waitMs: number): Disposable {
  const endMs = Date.now() + waitMs;
  if (!terminal.abilities.redraw) {
    terminal.say(renderWaiting(waitMs));
    return { [Symbol.dispose]: () => undefined };
  }
  const show = (): void => terminal.draw(`\r\u001b[K${renderWaiting(endMs - Date.now())}`);
  show();
  const timer = setInterval(show, 1_000);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      terminal.draw('\r\u001b[K');
    },
  };
}

function talkThrough({ terminal, shell }: Invocation): BoxLoginTalk & Disposable {
  const { environment } = shell;
  const remote = (environment['SSH_CONNECTION'] ?? '') !== '';
  const input = createInterface({ input: process.stdin, crlfDelay: Infinity });
  let waiting: Disposable | undefined;
  return {
    invite(startAddress, boxAddress, waitMs) {
      const place = remote ? { user: userInfo().username, host: hostname() } : undefined;
      terminal.say(renderInvitation(startAddress, boxAddress, place, terminal.typed));
      waiting = countDown(terminal, waitMs);
      if (!remote) openBrowser(startAddress);
    },
    pasted: input,
    complain: (reason) => terminal.say(terminal.abilities.redraw ? `\r\u001b[K${reason}` : reason),
    [Symbol.dispose]: () => waiting?.[Symbol.dispose](),
  };
}

/** Best effort: the address is on the screen. */
function openBrowser(address: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['explorer', address]
        : ['xdg-open', address];
  try {
    const child = spawn(command ?? '', args, {
      env: childEnvironment('desktop', process.env),
      stdio: 'ignore',
      detached: true,
    });
    child.on('error', () => undefined);
    child.unref();
  } catch {
    // Some refusals to start a program are thrown, others are events.
  }
}
