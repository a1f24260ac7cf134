import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { listenForStop } from '../../src/cli/stop-signals.ts';
import { cleanEnvironment, makeFolder, PROJECT, runCli } from './run-cli.ts';

const PROGRAM = join(PROJECT, 'test', 'cli', 'fixtures', 'waiting-program.ts');
const RUN = ['run', '--input', 'scans', '--output', 'text'];
const children: ChildProcess[] = [];

/** Starts a run and answers when it has said its first words. */
async function startWaiting(env: Record<string, string> = {}): Promise<{
  child: ChildProcess;
  said: () => string;
  heard: (words: string) => Promise<void>;
  ended: Promise<number | null>;
}> {
  const home = makeFolder();
  const child = spawn(process.execPath, [PROGRAM, ...RUN], {
    cwd: home,
    env: { ...cleanEnvironment(home), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
  });
  children.push(child);
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
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
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('stopping a run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)(
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
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a second %s ends at once', async (signal, code) => {
    const { child, heard, ended } = await startWaiting({ STUBBORN: '1' });
    child.kill(signal);
    await heard('Stopping:');
    child.kill(signal);
    expect(await ended).toBe(code);
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

  it('SIGUSR2, however often, is only a warning', async () => {
    const { child, heard, ended } = await startWaiting({ STUBBORN: '1' });
    child.kill('SIGUSR2');
    await heard('Stopping:');
    child.kill('SIGUSR2');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
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
