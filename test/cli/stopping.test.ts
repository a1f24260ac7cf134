import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ignoredAtStart } from '../../src/cli/ignored-signals.ts';
import { listenForStop } from '../../src/cli/stop-signals.ts';
import { requireThat } from '../support/requires.ts';
import { cleanEnvironment, makeFolder, PROJECT, runCli } from './run-cli.ts';
import { HANG_MS } from '../support/hang.ts';

const PROGRAM = join(PROJECT, 'test', 'cli', 'fixtures', 'waiting-program.ts');
const needsProc = requireThat(
  existsSync('/proc/self/status'),
  'ignored signals are read from /proc, which only Linux has',
);
const RUN = ['run', '--input', 'scans', '--output', 'text'];
const children: ChildProcess[] = [];

/** The words before a command that let it begin with signals ignored, as shells, nohup and people do. */
const IGNORING = {
  nohup: ['nohup'],
  'a job in the background of a script': ['sh', '-c', '"$@" & wait', 'sh'],
  'trap in a script': ['sh', '-c', `trap '' INT HUP TERM; exec "$@"`, 'sh'],
} as const;

/** The launcher of a checkout, with the waiting program in the place of the real one; the shell becomes it. */
function launcher(): string {
  const bin = join(makeFolder(), 'bin');
  mkdirSync(bin);
  copyFileSync(join(PROJECT, 'bin', 'ocr-pipeline'), join(bin, 'ocr-pipeline'));
  symlinkSync(PROGRAM, join(bin, 'ocr-pipeline.js'));
  return join(bin, 'ocr-pipeline');
}

/** Starts a run and answers when it has said its first words. */
async function startWaiting(
  env: Record<string, string> = {},
  command: readonly string[] = [process.execPath, PROGRAM],
): Promise<{
  child: ChildProcess;
  said: () => string;
  heard: (words: string) => Promise<void>;
  ended: Promise<number | string | null>;
}> {
  const home = makeFolder();
  const [program = '', ...words] = command;
  const child = spawn(program, [...words, ...RUN], {
    cwd: home,
    env: { ...cleanEnvironment(home), ...env },
    // A group of its own, as a shell at a prompt makes it: signals go to all that was started.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: HANG_MS,
  });
  children.push(child);
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number | string | null>((resolve) => child.on('close', (code, by) => resolve(code ?? by)));
  const heard = (words: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(words)) resolve();
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`ended before saying "${words}": ${stderr}`)));
    });
  await heard('pages 10%');
  return { child, said: () => stderr, heard, ended };
}

afterEach(() => {
  for (const child of children.splice(0)) {
    try {
      signalAll(child, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
});

/** Signals all that a command started, as a terminal does. A shell that waits may be gone before. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  process.kill(-(child.pid ?? 0), signal);
}

describe('stopping a run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGXCPU'] as const)(
    '%s: tidily, with 75 and what to do next',
    async (signal) => {
      const { child, said, ended } = await startWaiting();
      child.kill(signal);
      expect(await ended).toBe(75);
      expect(said()).toContain('Stopping: finishing 2 pages. Ctrl-C again stops now.');
      expect(said()).toMatch(/Stopped.* \[STOPPED\] +\(75\)\n {2}Safe {2}All finished pages are kept\./);
    },
  );

  it.each([
    ['SIGINT', { STUBBORN: '1' }],
    ['SIGTERM', { STUBBORN: '1' }],
    ['SIGINT', { BLOCKED: '1' }],
    ['SIGTERM', { BLOCKED: '1' }],
  ] as const)('a second %s ends it at once, whatever hangs: %o', async (signal, env) => {
    const { child, heard, ended } = await startWaiting(env);
    child.kill(signal);
    await heard('Stopping:');
    child.kill(signal);
    expect(await ended).toBe(signal);
  });

  it('is 130 to a shell where a second Ctrl-C ended it', async () => {
    const shell = ['sh', '-c', `trap : INT; "$@"; echo "ended with $?" >&2`, 'sh', process.execPath, PROGRAM];
    const { child, said, heard, ended } = await startWaiting({ STUBBORN: '1' }, shell);
    signalAll(child, 'SIGINT');
    await heard('Stopping:');
    signalAll(child, 'SIGINT');
    await ended;
    expect(said()).toContain('ended with 130');
  });

  it('a terminal that is closed says so more than once, and the run ends tidily', async () => {
    const { child, ended } = await startWaiting();
    for (let n = 0; n < 3; n++) child.kill('SIGHUP');
    expect(await ended).toBe(75);
  });

  it('a task on a cluster ends tidily however often it is told to', () => {
    const listeners = new Map<string, () => void>();
    const source = {
      on: (signal: string, listener: () => void) => listeners.set(signal, listener),
      off: () => undefined,
    };
    const ended: number[] = [];
    const stop = listenForStop(source, (code) => ended.push(code));
    stop.setStoppable('patiently');
    for (let n = 0; n < 3; n++) listeners.get('SIGTERM')?.();
    expect(stop.signal.aborted).toBe(true);
    expect(ended).toEqual([]);
    listeners.get('SIGINT')?.();
    expect(ended).toEqual([130]);
  });

  it('SIGXCPU, however often, tells whose limit it is', async () => {
    const { child, said, ended } = await startWaiting();
    for (let n = 0; n < 3; n++) child.kill('SIGXCPU');
    expect(await ended).toBe(75);
    expect(said()).toContain('Stopped: the CPU time allowed (ulimit -t) is used up. [STOPPED]');
  });

  it('SIGUSR2, however often, is only a warning', async () => {
    const { child, heard, ended } = await startWaiting({ STUBBORN: '1' });
    child.kill('SIGUSR2');
    await heard('Stopping:');
    child.kill('SIGUSR2');
    child.kill('SIGINT');
    expect(await ended).toBe('SIGINT');
  });
});

describe.skipIf(needsProc.skip)('a signal that was ignored at the start stays ignored', () => {
  it.each([
    ['SIGHUP', 'nohup'],
    ['SIGINT', 'a job in the background of a script'],
    ['SIGINT', 'trap in a script'],
    ['SIGHUP', 'trap in a script'],
    ['SIGTERM', 'trap in a script'],
  ] as const)('%s: %s', async (signal, how) => {
    const { child, said, ended } = await startWaiting({}, [...IGNORING[how], 'sh', launcher()]);
    for (let n = 0; n < 2; n++) signalAll(child, signal);
    signalAll(child, 'SIGUSR2');
    await ended;
    expect(said()).toContain('Stopped: the time allowed is nearly up. [STOPPED]');
  });

  it('without the launcher, where a shell says that it is nohup, or the parent ignores it', async () => {
    const node = [process.execPath, PROGRAM];
    for (const command of [
      ['bash', '-c', 'nohup "$@"', 'bash', ...node],
      ['sh', '-c', `trap '' HUP; "$@"; exit $?`, 'sh', ...node],
    ]) {
      const { child, said, ended } = await startWaiting({}, command);
      signalAll(child, 'SIGHUP');
      signalAll(child, 'SIGUSR2');
      await ended;
      expect(said()).toContain('Stopped: the time allowed is nearly up. [STOPPED]');
    }
  });

  it('and one that was not still stops it', async () => {
    const { child, said, ended } = await startWaiting({}, ['nohup', 'sh', launcher()]);
    signalAll(child, 'SIGINT');
    expect(await ended).toBe(75);
    expect(said()).toContain('Stopped, as you asked. [STOPPED]');
  });

  it('is no matter of what a launcher of another process said', () => {
    const facts = { pid: 7, parentPid: 5, environment: {}, read: () => undefined };
    const of = (told: string): string[] => [
      ...ignoredAtStart({ ...facts, environment: { OCR_IGNORED_SIGNALS: told } }),
    ];
    expect(of('7:0000000000004003')).toEqual(['SIGHUP', 'SIGINT', 'SIGTERM']);
    expect(of('6:0000000000000003')).toEqual([]);
    expect(of('7:nonsense')).toEqual([]);
    // A shell at a prompt ignores SIGTERM and SIGQUIT for itself.
    const read = (): string => 'Name:\tbash\nSigIgn:\t0000000000384004\nSigCgt:\t000000004b813efb\n';
    expect([...ignoredAtStart({ ...facts, read })]).toEqual([]);
  });
});

describe('a defect of the program', () => {
  it('says so, keeps the stack in a file of the owner alone, and hides secrets', async () => {
    const home = makeFolder();
    const { code, stderr } = await runCli(RUN, { script: PROGRAM, env: { HOME: home, FAILING: 'throw' } });
    expect(code).toBe(70);
    expect(stderr).toMatch(/^This is a defect of the program: cannot read the moon/);
    expect(stderr).toContain('[INTERNAL]');
    expect(stderr).toContain('Please report it, with');
    expect(stderr).not.toContain('at startRun');
    const log = join(home, '.local', 'state', 'ocr-pipeline', 'last-crash.log');
    expect(readFileSync(log, 'utf8')).toMatch(/TypeError: cannot read the moon[^]*waiting-program\.ts/);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(stderr + readFileSync(log, 'utf8')).not.toContain('abcdefghijklmnop');
  });

  it('is caught also where nobody waits for it', async () => {
    const { code, stderr } = await runCli(RUN, { script: PROGRAM, env: { FAILING: 'later' } });
    expect(code).toBe(70);
    expect(stderr).toContain('from a timer [INTERNAL]');
  });

  it('never ends as if all were well where it waits in vain', async () => {
    const { code, stderr } = await runCli(RUN, { script: PROGRAM, env: { FAILING: 'never' } });
    expect(code).toBe(70);
    expect(stderr).toContain('[NOTHING_TO_WAIT_FOR]');
  });

  it('shows the stack at --log-level debug', async () => {
    const { stderr } = await runCli([...RUN, '--log-level', 'debug'], { script: PROGRAM, env: { FAILING: 'throw' } });
    expect(stderr).toMatch(/TypeError: cannot read the moon[^]*waiting-program\.ts/);
    expect(stderr).not.toContain('abcdefghijklmnop');
  });

  it('is one JSON line where standard error is for programs', async () => {
    const { stderr } = await runCli([...RUN, '--progress', 'json'], { script: PROGRAM, env: { FAILING: 'throw' } });
    const [line = '', ...rest] = stderr.trim().split('\n');
    expect(rest).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({ type: 'error', exitCode: 70, family: 'InternalError', code: 'INTERNAL' });
  });
});
