import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readChildren, readCpuSeconds, readPeakMiB, readResidentMiB } from './proc.ts';

/** What a command cost, with all its children and theirs. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of every process that ended, as the kernel counted it. */
  readonly cpuSeconds: number;
  /** Largest sum of resident memory over the tree at one moment; pages that processes share count for each. */
  readonly peakTreeMiB: number;
  /** Of the command itself, without its children: peak of resident memory as the kernel counted it. */
  readonly mainPeakMiB: number;
  /** Of the command itself, without its children; taken at the last sample, so up to a sample's interval short. */
  readonly mainCpuSeconds: number;
  /** As `mainCpuSeconds`, of the processes the command itself started: page workers of ours, without their engines. */
  readonly workersCpuSeconds: number;
  /** Peak of resident memory of the largest of those processes. */
  readonly workerPeakMiB: number;
  readonly exitCode: number;
  readonly stdout: string;
  /** The end of what it said. */
  readonly stderr: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** After this it is killed, and the benchmark fails. */
  readonly timeoutMs: number;
}

const SAMPLE_INTERVAL_MS = 100;
const KEPT_STDERR_CHARS = 4000;

// The shell's own `time` counts what wait4(2) says of the command and of all it waited for; nothing need be installed.
const TIMED = `exec 3>"$0"; TIMEFORMAT='%3R %3U %3S'; { time "$@" 2>&4; } 4>&2 2>&3`;

/** Runs a command and measures it. Linux only. @throws {Error} it could not be started, or took too long. */
export async function measure(command: Command): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const times = join(folder, 'times');
  try {
    const { exitCode, stdout, stderr, ...samples } = await watch(command, times);
    const seconds = readFileSync(times, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
    const [wallSeconds, user, system] = seconds;
    if (wallSeconds === undefined || user === undefined || system === undefined) {
      throw new Error(`${command.program} left no times: ${stderr}`);
    }
    return { wallSeconds, cpuSeconds: user + system, ...samples, exitCode, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As {@link measure}, and insists on the exit code. @throws {Error} with the end of what the command said. */
export async function measureSuccess(command: Command, accepted: readonly number[] = [0]): Promise<Cost> {
  const cost = await measure(command);
  if (accepted.includes(cost.exitCode)) return cost;
  throw new Error(
    `${command.program} ${command.args.slice(0, 3).join(' ')} ended with ${cost.exitCode}: ${cost.stderr}`,
  );
}

type Watched = Omit<Cost, 'wallSeconds' | 'cpuSeconds'>;

function watch(command: Command, times: string): Promise<Watched> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', TIMED, times, command.program, ...command.args], {
      cwd: command.cwd,
      env: { ...process.env, OMP_THREAD_LIMIT: '1', ...command.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that all of it can be ended.
      detached: true,
    });
    let stdout = '';
    let stderr = '';
    let late = false;
    const peaks: Samples = { peakTreeMiB: 0, mainPeakMiB: 0, mainCpuSeconds: 0, workerPeakMiB: 0, workers: new Map() };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT_STDERR_CHARS)));
    const shell = child.pid;
    const sampling = setInterval(() => shell !== undefined && sample(shell, peaks), SAMPLE_INTERVAL_MS);
    const limit = setTimeout(() => {
      late = true;
      if (shell !== undefined) process.kill(-shell, 'SIGKILL');
    }, command.timeoutMs);
    const settle = (): void => {
      clearInterval(sampling);
      clearTimeout(limit);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code) => {
      settle();
      if (late) reject(new Error(`${command.program} took more than ${command.timeoutMs / 1000} s and was ended`));
      else resolve({ ...summarize(peaks), exitCode: code ?? -1, stdout, stderr });
    });
  });
}

interface Samples {
  peakTreeMiB: number;
  mainPeakMiB: number;
  mainCpuSeconds: number;
  workerPeakMiB: number;
  /** CPU seconds of each child of the command, by process ID. */
  readonly workers: Map<number, number>;
}

/** Adds one moment of the tree below the shell. */
function sample(shell: number, samples: Samples): void {
  const main = readChildren(shell)[0];
  if (main === undefined) return;
  samples.mainPeakMiB = Math.max(samples.mainPeakMiB, readPeakMiB(main));
  samples.mainCpuSeconds = Math.max(samples.mainCpuSeconds, readCpuSeconds(main));
  const workers = readChildren(main);
  for (const pid of workers) {
    samples.workers.set(pid, Math.max(samples.workers.get(pid) ?? 0, readCpuSeconds(pid)));
    samples.workerPeakMiB = Math.max(samples.workerPeakMiB, readPeakMiB(pid));
  }
  let sum = readResidentMiB(main);
  const open = [...workers];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    sum += readResidentMiB(pid);
    open.push(...readChildren(pid));
  }
  samples.peakTreeMiB = Math.max(samples.peakTreeMiB, sum);
}

function summarize({ workers, ...peaks }: Samples): Omit<Watched, 'exitCode' | 'stdout' | 'stderr'> {
  return { ...peaks, workersCpuSeconds: [...workers.values()].reduce((sum, each) => sum + each, 0) };
}
