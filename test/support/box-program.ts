import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeLogin } from '../../src/stores/box/login/login-file.ts';
import type { EndpointName } from '../box-emulator/call.ts';
import { OWNER } from '../box-emulator/emulator-options.ts';
import { startBoxEmulator, type BoxEmulator, type BoxEmulatorOptions } from '../box-emulator/box-emulator.ts';
import { BIN, cleanEnvironment, makeFolder, type CliResult } from '../cli/run-cli.ts';
import { makeScan } from '../e2e/make-scan.ts';
import { HANG_MS } from './hang.ts';

/** What a delivered file is, as far as two runs must agree on it. */
export type Delivered = Readonly<Record<string, { readonly sha1: string; readonly versionCount: number }>>;

/** The real program with a person's login, and a Box account on loopback ports. Close it. */
export interface BoxProgram extends AsyncDisposable {
  readonly emulator: BoxEmulator;
  readonly folderId: string;
  /** The program's home and working directory: run folders are below `ocr-runs`. */
  readonly home: string;
  /** Keeps a new login, as if given by the server of that name. */
  logIn(apiUrl?: string): Promise<void>;
  /** Runs `run --box-folder` once. */
  run(options?: LifeOptions): Promise<CliResult>;
  /** Runs any command line. */
  call(args: readonly string[], options?: Omit<LifeOptions, 'args'>): Promise<CliResult>;
  /** What lies in the folder of the results. */
  delivered(): Delivered;
  /** Files in the run folders that are neither whole nor ours to keep. */
  leftovers(): Promise<string[]>;
}

/** How one life of the program is led. */
export interface LifeOptions {
  /** Killed with SIGKILL at that request from now on, before Box answers it. */
  readonly killAtRequest?: number | undefined;
  /** Killed at the first call of this endpoint: when it arrives, or when Box has done its part and has not yet answered. */
  readonly killAt?: { readonly endpoint: EndpointName; readonly when: 'before' | 'after' } | undefined;
  readonly args?: readonly string[] | undefined;
  /** Beyond a clean environment and the Box app; undefined takes a variable out. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Starts an account with an empty folder of scans, and logs the program in. */
export async function startBoxProgram(options: BoxEmulatorOptions = {}): Promise<BoxProgram> {
  // A used refresh token is honoured for a while: a kill between the answer and the disk must not end the login.
  const emulator = await startBoxEmulator({ refreshGraceMs: 600_000, ...options });
  const folderId = emulator.seedFolder('Scans').id;
  const home = makeFolder();
  const program: BoxProgram = {
    emulator,
    folderId,
    home,
    logIn: (apiUrl = emulator.apiUrl) => writeTokens(emulator, join(home, '.config/ocr-pipeline/box.json'), apiUrl),
    run: ({ args = [], ...options } = {}) =>
      live(emulator, home, ['run', '--box-folder', folderId, ...RUN, ...args], options),
    call: (args, options = {}) => live(emulator, home, args, options),
    delivered: () => deliveredBelow(emulator, folderId),
    async leftovers() {
      const names = await readdir(join(home, 'ocr-runs'), { recursive: true }).catch(() => []);
      return names.filter((name) => /\.(part|tmp)$|fetched\/.+|\/chunks\/.+/.test(name)).sort();
    },
    async [Symbol.asyncDispose]() {
      await emulator.close();
      await rm(home, { recursive: true, force: true });
    },
  };
  await program.logIn();
  return program;
}

const RUN = [
  '--engine',
  'null',
  '--jobs',
  '2',
  '--progress',
  'none',
  '--box-calls-per-minute',
  '100000',
  '--box-uploads-per-minute',
  '100000',
];

/** Small scans, all different, in a few sub-folders: the same for the same count. */
export async function seedScans(emulator: BoxEmulator, folderId: string, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await emulator.seedFile(`Series ${number % 7}/scan ${number}.pdf`, makeScan(1, number), { parentId: folderId });
  }
}

async function writeTokens(emulator: BoxEmulator, file: string, apiUrl: string): Promise<void> {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in } = emulator.issueTokens();
  if (refreshToken === undefined) throw new Error('the emulator gave a login without a refresh token');
  const { id, name, login } = OWNER;
  const now = Date.now();
  await writeLogin(file, {
    kind: 'person',
    user: { id, name, login },
    clientId: emulator.clientId,
    apiUrl,
    accessToken,
    refreshToken,
    renewedAt: new Date(now).toISOString(),
    expiresAt: new Date(now + expires_in * 1000).toISOString(),
  });
}

function live(emulator: BoxEmulator, home: string, args: readonly string[], options: LifeOptions): Promise<CliResult> {
  const { killAtRequest, killAt, environment } = options;
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: home,
    env: {
      ...cleanEnvironment(home),
      NO_PROXY: '127.0.0.1',
      OCR_PIPELINE_BOX_API_URL: emulator.apiUrl,
      OCR_PIPELINE_BOX_UPLOAD_URL: emulator.uploadUrl,
      OCR_PIPELINE_BOX_ACCOUNT_URL: emulator.oauthUrl,
      OCR_PIPELINE_BOX_CLIENT_ID: emulator.clientId,
      OCR_PIPELINE_BOX_CLIENT_SECRET: emulator.clientSecret,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANG_MS,
    killSignal: 'SIGKILL',
  });
  const die = (): void => void child.kill('SIGKILL');
  const dieWholly = async (): Promise<void> => {
    die();
    // Box answers a program that is no more.
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const kills = [
    ...(killAtRequest === undefined ? [] : [{ endpoint: 'any' as const, nth: killAtRequest, when: 'before' as const }]),
    ...(killAt === undefined ? [] : [{ ...killAt, nth: 1 }]),
  ].map(({ endpoint, nth, when }) =>
    emulator.faults.add({
      endpoint,
      nth,
      name: 'kill',
      effect: { kind: 'act', act: when === 'after' ? dieWholly : die, when },
    }),
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const kill of kills) kill.remove();
      // Workers of a program that was killed or crashed still write for a while.
      allEnded(home).then(() => resolve({ code, signal, stdout, stderr }), reject);
    });
  });
}

/** Settles when no process works in that folder any more, however long that takes on a busy machine. */
async function allEnded(folder: string): Promise<void> {
  if (process.platform !== 'linux') return;
  while (await isWorkedIn(folder)) await sleep(20);
}

/** By proc(5), /proc/pid/cwd, which what has ended no longer has. Workers are started where the program was. */
async function isWorkedIn(folder: string): Promise<boolean> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    if ((await readlink(`/proc/${pid}/cwd`).catch(() => '')) === folder) return true;
  }
  return false;
}

function deliveredBelow(emulator: BoxEmulator, folderId: string): Delivered {
  const results = emulator.list(folderId).filter(({ path }) => path.startsWith('OCR/'));
  return Object.fromEntries(results.map(({ path, sha1, versionCount }) => [path, { sha1, versionCount }]));
}
