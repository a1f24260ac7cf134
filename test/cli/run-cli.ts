import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { HANG_MS } from '../support/hang.ts';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
export const BIN = join(PROJECT, 'bin', 'ocr-pipeline.js');

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** Another program than ours. */
  readonly script?: string;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder that lasts as long as the tests of its file. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ocr-cli-test-'));
  made.push(folder);
  return folder;
}

let bin: string | undefined;

/** A folder for the PATH in which the program is, as after an installation. */
export function installed(): string {
  if (bin === undefined) {
    bin = join(makeFolder(), 'bin');
    mkdirSync(bin);
    symlinkSync(BIN, join(bin, 'ocr-pipeline'));
  }
  return bin;
}

/** Compiled code that all programs of all tests share: each home is a new one, and compiling is half of a start. */
export const COMPILED = { NODE_COMPILE_CACHE: join(PROJECT, '.cache', 'compiled') };

/** An environment with nothing of the person's own in it, where the program is on the PATH. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: `${installed()}:${process.env['PATH'] ?? ''}`, HOME: home, LANG: 'C.UTF-8', ...COMPILED };
}

/** Runs the real program to its end, at most a minute. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const home = makeFolder();
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), options.script ?? BIN, ...args], {
    cwd: options.cwd ?? home,
    env: { ...cleanEnvironment(home), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANG_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
