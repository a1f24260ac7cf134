import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { childEnvironment } from '../core/child-environment.ts';
import { InternalError } from '../core/errors.ts';
import { readErrno } from '../core/errno.ts';
import { startProgram } from '../files/start-program.ts';

/** How a program ended. Exactly one of `exitCode`, `killedBy` and `startError` says why. */
export interface ProgramEnd {
  readonly exitCode?: number | undefined;
  /** The signal that ended it. */
  readonly killedBy?: NodeJS.Signals | undefined;
  /** The system's error where it could not be started. */
  readonly startError?: unknown;
  readonly stdout: Buffer;
  /** The last of what it wrote to its standard error. */
  readonly stderrTail: string;
  /** It wrote more than was allowed and was ended for it. */
  readonly tooMuchOutput: boolean;
}

export interface ProgramLimits {
  readonly stdoutBytes: number;
  /** Ends the program after this time; absent: only the signal does. */
  readonly timeoutMs?: number | undefined;
}

const STDERR_TAIL_BYTES = 4_000;
/** After the program was killed its pipes close at once, unless something it started holds them. */
const CLOSE_GRACE_MS = 1_000;

/** What a program reads from its standard input: a file from its beginning, or bytes through a pipe. */
export type ProgramInput = { readonly fileDescriptor: number } | { readonly bytes: readonly Uint8Array[] };

/**
 * Runs a program to its end, gives it `input` and gathers what it writes. Settles however it ends; when `signal` aborts
 * it is killed and the promise rejects with the signal's reason once it is gone.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  input: ProgramInput,
  limits: ProgramLimits,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  let child: ChildProcess;
  try {
    child = await startProgram(program, args, {
      stdio: ['fileDescriptor' in input ? input.fileDescriptor : 'pipe', 'pipe', 'pipe'],
      env: childEnvironment('engine', process.env),
      windowsHide: true,
    });
  } catch (startError) {
    signal.throwIfAborted();
    if (!readErrno(startError)) throw startError;
    return { startError, stdout: Buffer.alloc(0), stderrTail: '', tooMuchOutput: false };
  }
  const chunks: Buffer[] = [];
  let received = 0;
  let stderrTail = '';
  const { stdin, stdout, stderr } = pipesOf(child);
  stdout.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > limits.stdoutBytes) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    stderrTail = (stderrTail + text).slice(-STDERR_TAIL_BYTES);
  });
  // A program that ends before it has read all closes the pipe: its exit says why.
  stdin?.on('error', () => {});
  const ended = Promise.withResolvers<{ exitCode?: number; killedBy?: NodeJS.Signals }>();
  // Of a signal that could not be sent: its end says the rest.
  child.on('error', () => {});
  child.on('close', (code, killedBy) => ended.resolve(ending(code, killedBy)));
  child.on('exit', (code, killedBy) => {
    setTimeout(() => {
      stdout.destroy();
      stderr.destroy();
      ended.resolve(ending(code, killedBy));
    }, CLOSE_GRACE_MS).unref();
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  const timer = limits.timeoutMs === undefined ? undefined : setTimeout(kill, limits.timeoutMs);
  try {
    if ('bytes' in input) for (const part of input.bytes) stdin?.write(part);
    stdin?.end();
    const end = await ended.promise;
    signal.throwIfAborted();
    return {
      ...end,
      stdout: Buffer.concat(chunks),
      stderrTail,
      tooMuchOutput: received > limits.stdoutBytes,
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

function pipesOf({ stdin, stdout, stderr }: ChildProcess): {
  stdin: Writable | null;
  stdout: Readable;
  stderr: Readable;
} {
  if (stdout && stderr) return { stdin, stdout, stderr };
  throw new InternalError('NO_PIPES', 'A program was started without pipes to hear it by.');
}

function ending(
  code: number | null,
  killedBy: NodeJS.Signals | null,
): { exitCode?: number; killedBy?: NodeJS.Signals } {
  return killedBy === null ? { exitCode: code ?? 0 } : { killedBy };
}
