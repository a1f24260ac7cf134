import { OutputError } from '../core/errors.ts';
import { hideKnownSecrets } from '../core/secrets.ts';
import { explainErrno, hasErrno } from '../core/errno.ts';
import type { TypedCommands } from './typed-commands.ts';

/** The part of a stream that is needed to talk to it. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  readonly writableLength: number;
  write(text: string, done?: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What may be printed where. */
export interface TerminalAbilities {
  /** Characters beyond ASCII for drawing. Names of files are printed as they are. */
  readonly unicode: boolean;
  /** Lines may be drawn again in place. */
  readonly redraw: boolean;
  /** The same of standard output. */
  readonly redrawOut: boolean;
  readonly colorOut: boolean;
  readonly colorErr: boolean;
  /** A person reads standard error, and may be asked something. */
  readonly asks: boolean;
}

/** Where commands print: results to standard output, talk to standard error. Nothing printed holds a secret. */
export interface Terminal {
  readonly abilities: TerminalAbilities;
  /** Puts commands in our own sentences as they must be typed here. Not for names, paths or JSON of people's. */
  readonly typed: TypedCommands;
  /** Errors are told as JSON lines, not in prose. Set by commands whose standard error is for programs. */
  jsonErrors: boolean;
  columns(): number;
  rows(): number;
  /** Prints lines of result. A reader that has gone away is no error. */
  print(text: string): void;
  /** Prints lines of talk. */
  say(text: string): void;
  /** Writes to standard error without a line end: for drawing. */
  draw(text: string): void;
  /** Settles when all that was printed has left. @throws {OutputError} `STDOUT_FAILED`: the result could not be written. */
  flush(): Promise<void>;
}

const FLUSH_TIMEOUT_MS = 5_000;

/** Decides from the environment what a terminal can do (no-color.org, force-color.org; `ACCESSIBLE` as in screen-reader modes). */
export function detectAbilities(
  environment: Readonly<Record<string, string | undefined>>,
  outIsTTY: boolean,
  errIsTTY: boolean,
): TerminalAbilities {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  const dumb = environment['TERM'] === 'dumb';
  const accessible = isSet('ACCESSIBLE') && environment['ACCESSIBLE'] !== '0';
  const forced = isSet('FORCE_COLOR') && environment['FORCE_COLOR'] !== '0';
  const color = (isTTY: boolean): boolean => !isSet('NO_COLOR') && (forced || (isTTY && !dumb));
  return {
    unicode: !dumb && /utf-?8/i.test(locale),
    asks: errIsTTY,
    redraw: errIsTTY && !dumb && !accessible,
    redrawOut: outIsTTY && !dumb && !accessible,
    colorOut: color(outIsTTY),
    colorErr: color(errIsTTY),
  };
}

/** Opens the two streams for printing. Their errors are taken care of from now on. */
export function openTerminal(
  stdout: OutputStream,
  stderr: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
  typed: TypedCommands,
): Terminal {
  let outClosed = false;
  let errClosed = false;
  let failure: OutputError | undefined;
  stdout.on('error', (error) => {
    outClosed = true;
    // A reader such as `head` has enough: that is its right.
    if (!hasErrno(error, 'EPIPE')) failure ??= stdoutError(error);
  });
  stderr.on('error', () => {
    errClosed = true;
  });
  const writeErr = (text: string): void => {
    if (!errClosed) stderr.write(hideKnownSecrets(text));
  };
  return {
    abilities: detectAbilities(environment, stdout.isTTY ?? false, stderr.isTTY ?? false),
    typed,
    jsonErrors: false,
    // A terminal that was never told its size says 0.
    columns: () => Math.min(80, stderr.columns || stdout.columns || 80),
    rows: () => stderr.rows || 24,
    print(text) {
      if (!outClosed) stdout.write(`${hideKnownSecrets(text)}\n`);
    },
    say: (text) => writeErr(`${text}\n`),
    draw: writeErr,
    async flush() {
      await Promise.all([outClosed ? undefined : drain(stdout), errClosed ? undefined : drain(stderr)]);
      if (failure) throw failure;
    },
  };
}

function drain(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    stream.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function stdoutError(cause: Error): OutputError {
  return new OutputError(
    'STDOUT_FAILED',
    `The result could not be written to standard output: ${explainErrno(cause)}.`,
    {
      safe: 'What was already on disk is unchanged.',
      remedy: 'Check where the output is redirected to, then the same command.',
    },
    { cause },
  );
}

/** ANSI colours by meaning. */
const PAINTS = { good: '32', warn: '33', bad: '31', strong: '1', quiet: '2' } as const;

/** Colours a text where that is allowed. The words alone must say it all. */
export function paint(text: string, meaning: keyof typeof PAINTS, allowed: boolean): string {
  return allowed ? `\u001b[${PAINTS[meaning]}m${text}\u001b[0m` : text;
}
