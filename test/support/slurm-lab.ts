import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { requireAll, requireTools, type Requirement } from './requires.ts';
import { HANG_MS } from './hang.ts';

/** What the cluster is like. Times in seconds, as in slurm.conf. */
export interface SlurmLabOptions {
  readonly nodes?: number;
  /** Cores that each node says it has; may be more than the machine has. */
  readonly cpus?: number;
  /** A database, `sacct`, and the accounts fc_test and co_test with the QoS savio_normal, savio_debug and savio_lowprio. */
  readonly accounting?: boolean;
  /** Memory limits kept by the kernel: jobs past theirs end as OUT_OF_MEMORY. Needs root. */
  readonly cgroup?: boolean;
  /** How long the queue remembers ended jobs; at least 2. */
  readonly minJobAgeS?: number;
  /** From TERM to KILL. */
  readonly killWaitS?: number;
  /** Silence after which a node is down. */
  readonly slurmdTimeoutS?: number;
  readonly maxArraySize?: number;
  readonly maxJobs?: number;
}

/** Another system whose Slurm is tested in place of this one's; see scripts/slurm-root.sh. */
const ROOT = process.env['OCR_SLURM_ROOT'] || undefined;
const SCRIPTS = resolve(import.meta.dirname, '../../scripts');
/** Below the ports that systems give out by themselves. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
/** One to hold the block, 12 for the daemons of all, and the nodes. */
const PORTS_A_LAB = 60;
const run = promisify(execFile);

/** Tells whether real clusters can be started here. */
export function requireSlurm(options: SlurmLabOptions = {}): Requirement {
  const daemons = ['slurmctld', 'slurmd', 'sbatch', 'munged'];
  const accounting = ['slurmdbd', 'mariadbd', 'sacctmgr'];
  process.env['PATH'] = withSbin(process.env['PATH'] ?? '');
  return requireAll(requireTools(daemons), ...(options.accounting ? [requireTools(accounting)] : []));
}

/** A real Slurm cluster on loopback, private to one test file. Its partitions: savio3_htc (cores, the default), savio3 (whole
 * nodes) and savio3_lowprio (jobs make room for those of the others). Close it, or its daemons stay. */
export class SlurmLab implements AsyncDisposable {
  /** Holds all that is the cluster's; removed by `close`. */
  readonly folder: string;
  readonly nodes: number;
  /** For programs that are to use this cluster: SLURM_CONF, and a PATH with the daemons. */
  readonly env: Readonly<Record<'SLURM_CONF' | 'PATH', string>>;
  readonly #guard: Server;
  readonly #upArguments: readonly string[];

  private constructor(folder: string, guard: Server, basePort: number, options: SlurmLabOptions) {
    this.folder = folder;
    this.nodes = options.nodes ?? 2;
    this.#guard = guard;
    this.env = { SLURM_CONF: join(folder, 'etc/slurm.conf'), PATH: pathToSlurm(process.env['PATH'] ?? '') };
    this.#upArguments = ['--dir', folder, '--base-port', String(basePort), ...flagsOf(options)];
  }

  /** Starts a cluster and waits until its nodes are idle: half a second, some ten with accounting. */
  static async start(options: SlurmLabOptions = {}): Promise<SlurmLab> {
    const { guard, basePort } = await holdPorts();
    // The path of a Unix socket has at most 107 bytes, so that the folder lies right below the temporary one.
    const lab = new SlurmLab(mkdtempSync(join(tmpdir(), 'slurm-lab-')), guard, basePort, options);
    try {
      await lab.up();
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  /** Starts whatever of the cluster does not run, after a kill or a stop, and waits until all nodes are up. */
  async up(): Promise<void> {
    await this.#script('slurm-up.sh', this.#upArguments);
  }

  /** Runs one of Slurm's programs on this cluster. @returns what it printed, without blanks at the ends. */
  async call(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(program, args, { env: { ...process.env, ...this.env }, timeout: HANG_MS });
    return stdout.trim();
  }

  /** Kills a node's slurmd, like a crash of it; with `jobs` also all that runs there, like a power cut. */
  async killNode(node: number, what: { readonly jobs: boolean }): Promise<void> {
    await this.#end(`slurmd-n${node}`, 'SIGKILL');
    if (what.jobs) this.killSteps(node);
  }

  /** Kills the supervisors of a node's jobs and all their processes; slurmd stays. */
  killSteps(node: number): void {
    for (const pid of this.supervisors(node)) {
      const below = descendantsOf(pid);
      // First the supervisor: it would still tell the controller that the job was killed.
      killNow(pid);
      for (const descendant of below) killNow(descendant);
    }
  }

  /** Process IDs of the slurmstepd of a node's jobs. */
  supervisors(node: number): number[] {
    const log = join(this.folder, `log/slurmd-n${node}.log`);
    return allProcesses().filter(
      (pid) => commandOf(pid) === 'slurmstepd' && filesOf(pid).some((file) => file.endsWith(log)),
    );
  }

  /** Process IDs of all that a node's jobs run. */
  jobProcesses(node: number): number[] {
    return this.supervisors(node).flatMap(descendantsOf);
  }

  /** Kills slurmctld. Jobs of the last seconds may be lost with it: it writes its state now and then. */
  async killController(): Promise<void> {
    await this.#end('slurmctld', 'SIGKILL');
  }

  /** Ends slurmctld tidily, as for maintenance: it knows all jobs when `up` starts it again. */
  async stopController(): Promise<void> {
    await this.#end('slurmctld', 'SIGTERM');
  }

  /** Sets a node down or back, as an administrator would. */
  async setNode(node: number, state: 'down' | 'resume' | 'drain'): Promise<void> {
    const reason = state === 'resume' ? [] : ['reason=test'];
    await this.call('scontrol', 'update', `nodename=n${node}`, `state=${state}`, ...reason);
  }

  /** Waits until what is asked holds. @throws {Error} it did not within the time. */
  async until(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = HANG_MS): Promise<void> {
    for (const from = performance.now(); performance.now() - from < timeoutMs;) {
      if (await holds()) return;
      await sleep(100);
    }
    throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`);
  }

  /** Ends all jobs and daemons of this cluster and removes its folder. */
  async close(): Promise<void> {
    await this.#script('slurm-down.sh', ['--dir', this.folder, '--wipe']);
    await new Promise<void>((closed) => this.#guard.close(() => closed()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #script(name: string, args: readonly string[]): Promise<void> {
    // The daemons inherit the pipes of their parent, and would keep them open for ever.
    const command = [...(ROOT === undefined ? [] : ['chroot', ROOT]), 'bash', join(SCRIPTS, name), ...args];
    const child = spawn(command[0] ?? '', command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: HANG_MS,
    });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4_000)));
    const code = await new Promise<number | null>((ended, failed) => child.once('error', failed).once('exit', ended));
    child.stderr.destroy();
    if (code !== 0) throw new Error(`${name} ended with ${code}: ${said}`);
  }

  async #end(daemon: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const pid = Number(readFileSync(join(this.folder, `run/${daemon}.pid`), 'utf8'));
    process.kill(pid, signal);
    await this.until(`${daemon} has ended`, () => commandOf(pid) === undefined);
  }
}

function flagsOf(options: SlurmLabOptions): string[] {
  const {
    nodes = 2,
    cpus = 4,
    accounting,
    cgroup,
    minJobAgeS,
    killWaitS,
    slurmdTimeoutS,
    maxArraySize,
    maxJobs,
  } = options;
  const values: Readonly<Record<string, number | undefined>> = {
    '--nodes': nodes,
    '--cpus': cpus,
    '--min-job-age': minJobAgeS,
    '--kill-wait': killWaitS,
    '--slurmd-timeout': slurmdTimeoutS,
    '--max-array-size': maxArraySize,
    '--max-jobs': maxJobs,
  };
  const flags = Object.entries(values).flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
  if (accounting) flags.push('--accounting');
  if (cgroup) flags.push('--cgroup');
  return flags;
}

/** Takes a block of ports for one cluster: its first is listened on for as long as the block is ours. */
async function holdPorts(): Promise<{ guard: Server; basePort: number }> {
  const blocks = Math.floor((LAST_PORT - FIRST_PORT) / PORTS_A_LAB);
  const first = process.pid % blocks;
  for (let index = 0; index < blocks; index++) {
    const port = FIRST_PORT + ((first + index) % blocks) * PORTS_A_LAB;
    const guard = await listen(port);
    if (guard && (await Promise.all([1, 2, 3, 11, 12, 13].map((offset) => isFree(port + offset)))).every(Boolean)) {
      return { guard, basePort: port + 1 };
    }
    guard?.close();
  }
  throw new Error('No block of ports is free for a Slurm cluster.');
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (!server) return false;
  await new Promise<void>((closed) => server.close(() => closed()));
  return true;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => settle(server.unref()));
  });
}

/** The programs of the Slurm that is tested come first. */
function pathToSlurm(path: string): string {
  return ROOT === undefined ? withSbin(path) : `${join(ROOT, 'ocr-slurm-programs')}:${withSbin(path)}`;
}

function withSbin(path: string): string {
  return path.split(':').includes('/usr/sbin') ? path : `${path}:/usr/sbin:/sbin`;
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Name and parent of a process; undefined when it is no more, or only waits to be buried. */
function statOf(pid: number): { command: string; parent: number } | undefined {
  try {
    const [, command = '', state, parent] =
      /^\d+ \((.*)\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state === 'Z' || state === undefined ? undefined : { command, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string | undefined {
  return statOf(pid)?.command;
}

function descendantsOf(pid: number): number[] {
  const children = allProcesses().filter((candidate) => statOf(candidate)?.parent === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function filesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
