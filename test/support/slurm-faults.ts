import { readFileSync } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlurmLab } from './slurm-lab.ts';
import type { Life, QueuedTask, SlurmProgram } from './slurm-program.ts';

/** Where something goes wrong. */
export interface FaultSite {
  readonly lab: SlurmLab;
  readonly program: SlurmProgram;
  /** The coordinator. */
  readonly life: Life;
  /** In [0, 1): which of several is hit. */
  readonly random: () => number;
}

/** Something that goes wrong on a cluster. */
export interface Fault {
  readonly name: string;
  /** Does the harm. @returns what was hit; undefined where there was nothing to hit. */
  inflict(site: FaultSite): Promise<string | undefined>;
  /** Mends what does not mend by itself; harmless where nothing is broken. */
  mend?(site: FaultSite): Promise<void>;
  /** Mending takes half a minute, in which other things may go wrong. */
  readonly mendsSlowly?: boolean;
}

/** Does harm; where there is nothing to hit, since Slurm has just put a task back, it waits until there is. */
export async function inflict(fault: Fault, site: FaultSite): Promise<void> {
  await site.lab.until(`something to hit: ${fault.name}`, async () => (await fault.inflict(site)) !== undefined);
}

/** How long the job that takes the nodes away keeps them. */
const PREEMPTOR_S = 2;
/** Between being asked to register and having done so. */
const REGISTRATION_MS = 2_000;
/** Each waits half a minute for the nodes. */
const UP_TRIES = 5;

/** All that can go wrong anywhere; {@link preemption}, {@link outOfMemory} and {@link fullScratch} need a cluster made for them. */
export const FAULTS = {
  coordinatorKilled: {
    name: 'the coordinator is killed',
    inflict: ({ life }) => {
      if (life.hasEnded()) return Promise.resolve(undefined);
      life.kill('SIGKILL');
      return Promise.resolve('coordinator');
    },
  },
  pageWorkerKilled: killing('a page worker is killed', (command) => /worker-main/.test(command)),
  taskKilled: killing(
    "a task's program is killed",
    (command) => / work \S+ \d+-\d+/.test(command) && !/^\S*bash/.test(command),
  ),
  batchShellKilled: killing("a job's shell is killed", (command) => /slurm_script/.test(command)),
  containerKilled: killing('a container is killed', (command) => /starter|apptainer/i.test(command)),
  supervisorKilled: {
    name: "the supervisors of a node's jobs and all below them are killed",
    async inflict({ lab, program, random }) {
      const task = pick(await program.runningTasks(), random);
      if (task?.node === undefined) return undefined;
      lab.killSteps(task.node);
      return `n${task.node}`;
    },
    mend: beNoticed,
    mendsSlowly: true,
  },
  orphanedTask: {
    name: 'a supervisor is killed, and what it ran goes on',
    async inflict({ lab, program, random }) {
      const task = pick(await program.runningTasks(), random);
      const [supervisor] = task?.node === undefined ? [] : lab.supervisors(task.node);
      if (supervisor === undefined) return undefined;
      process.kill(supervisor, 'SIGKILL');
      return task?.id;
    },
    mend: beNoticed,
    mendsSlowly: true,
  },
  nodeDaemonKilled: {
    name: 'slurmd is killed, its jobs go on',
    async inflict({ lab, program, random }) {
      const task = pick(await program.runningTasks(), random);
      if (task?.node === undefined) return undefined;
      await lab.killNode(task.node, { jobs: false });
      return `n${task.node}`;
    },
    mend: bringUp,
  },
  powerCut: {
    name: 'a node dies with all that runs there, and comes back',
    async inflict({ lab, program, random }) {
      const task = pick(await program.runningTasks(), random);
      if (task?.node === undefined) return undefined;
      await lab.killNode(task.node, { jobs: true });
      await lab.setNode(task.node, 'down');
      return `n${task.node}`;
    },
    mend: bringUp,
  },
  taskCancelled: {
    name: 'somebody else cancels a task',
    async inflict({ lab, program, random }) {
      const task = pick(await program.openTasks(), random);
      if (task) await lab.call('scancel', task.id);
      return task?.id;
    },
  },
  taskRequeued: {
    name: 'a task is put back into the queue',
    async inflict({ lab, program, random }) {
      const task = pick(await program.runningTasks(), random);
      if (task) await tolerant(lab.call('scontrol', 'requeue', task.id));
      return task?.id;
    },
  },
  timeLimit: {
    name: 'a task comes to its time limit',
    async inflict({ lab, program, random }) {
      const task = pick(await program.runningTasks(), random);
      if (task) await tolerant(lab.call('scontrol', 'update', `JobId=${task.id}`, 'EndTime=now+1seconds'));
      return task?.id;
    },
  },
  controllerDown: {
    name: 'slurmctld is down',
    async inflict({ lab }) {
      await lab.killController();
      return 'slurmctld';
    },
    mend: bringUp,
  },
  folderVanishes: {
    name: 'the run folder is not there for a while',
    async inflict({ program }) {
      const folder = await program.runFolder();
      if (folder === undefined || folder.endsWith(GONE)) return undefined;
      await rename(program.workDir, `${program.workDir}${GONE}`);
      return folder;
    },
    async mend({ program }) {
      // Whoever finds no folder may have made an empty one.
      const names = await readdir(`${program.workDir}${GONE}`).catch(() => undefined);
      if (!names) return;
      await rm(program.workDir, { recursive: true, force: true });
      await rename(`${program.workDir}${GONE}`, program.workDir);
    },
  },
} as const satisfies Readonly<Record<string, Fault>>;

const GONE = '.gone';

/** All jobs of the run lose their nodes to one that goes before them; for programs on the partition savio3_lowprio. */
export const preemption: Fault = {
  name: 'jobs make room for others',
  async inflict({ lab, program }) {
    const victims = await program.runningTasks();
    if (victims.length === 0) return undefined;
    const nodes = String(lab.nodes);
    const wanted = ['--partition', 'savio3_htc', '--nodes', nodes, '--ntasks', nodes, '--exclusive', '--time', '1'];
    const job = await lab.call(
      'sbatch',
      '--parsable',
      ...wanted,
      '--output',
      '/dev/null',
      '--wrap',
      `sleep ${PREEMPTOR_S}`,
    );
    const isThere = async (): Promise<boolean> =>
      (await lab.call('squeue', '-h', '-t', 'PD,R,CG', '-o', '%A')).split('\n').includes(job);
    await lab.until('the preemptor has come and gone', async () => !(await isThere()));
    return victims.map(({ id }) => id).join(' ');
  },
};

/** The memory of a running job is cut to what it uses at that moment: it is out of memory with its next page. Needs `cgroup`. */
export const outOfMemory: Fault = {
  name: 'a job runs out of memory',
  async inflict({ lab, program, random }) {
    const task = pick(await program.runningTasks(), random);
    if (task?.node === undefined) return undefined;
    const [batch] = lab.jobProcesses(task.node);
    const group = batch === undefined ? undefined : memoryGroup(batch);
    if (group === undefined) return undefined;
    const usage = Number(readFileSync(join(group, 'memory.usage_in_bytes'), 'utf8'));
    // What is used grows between reading and writing; the kernel refuses a limit that is below it.
    for (let spare = 1 << 20; spare <= 1 << 26; spare *= 2) {
      const set = await writeFile(join(group, 'memory.limit_in_bytes'), String(usage + spare)).then(
        () => true,
        () => false,
      );
      if (set) return `${task.id} at ${usage + spare} bytes`;
    }
    return undefined;
  },
};

/** The file system of the run folders has no room left. It must be one of its own: a tmpfs. */
export const fullScratch: Fault = {
  name: 'no room is left for the run folder',
  async inflict({ program }) {
    const ballast = join(program.workDir, BALLAST);
    // Written until it fails, then by single bytes, so that not even a line fits.
    for (const size of [1 << 20, 1 << 12, 1]) {
      while (await tolerant(writeFile(ballast, Buffer.alloc(size), { flag: 'a' }))) continue;
    }
    return ballast;
  },
  mend: async ({ program }) => await rm(join(program.workDir, BALLAST), { force: true }),
};

const BALLAST = '.ballast';

/** Starts what was killed. A node may be busy for a while with ending what it ran, and counts as not there meanwhile. */
async function bringUp({ lab }: FaultSite): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await lab.up();
      return;
    } catch (error) {
      if (tries >= UP_TRIES) throw error;
    }
  }
}

/**
 * Waits until the controller knows that supervisors are gone: nodes tell when they register, which they are made to do here,
 * and a job younger than some twenty seconds is not asked about (BatchStartTimeout, slurm.conf(5)).
 */
async function beNoticed({ lab, program }: FaultSite): Promise<void> {
  const hasGhosts = async (): Promise<boolean> => {
    const nodes = (await program.runningTasks()).flatMap(({ node }) => node ?? []);
    return nodes.some((node) => nodes.filter((other) => other === node).length > lab.supervisors(node).length);
  };
  await lab.until('slurmctld knows which jobs are dead', async () => {
    if (!(await hasGhosts())) return true;
    await tolerant(lab.call('scontrol', 'reconfigure'));
    await sleep(REGISTRATION_MS);
    return !(await hasGhosts());
  });
}

/** A fault that kills one process of a running job. */
function killing(name: string, isIt: (command: string) => boolean): Fault {
  return {
    name,
    async inflict({ lab, program, random }) {
      const nodes = new Set((await program.runningTasks()).flatMap(({ node }) => node ?? []));
      const processes = [...nodes].flatMap((node) => lab.jobProcesses(node)).filter((pid) => isIt(commandLineOf(pid)));
      const victim = pick(processes, random);
      if (victim === undefined) return undefined;
      const what = commandLineOf(victim);
      try {
        process.kill(victim, 'SIGKILL');
      } catch {
        return undefined;
      }
      return what.slice(0, 120);
    },
  };
}

function pick<T>(items: readonly T[], random: () => number): T | undefined {
  return items[Math.floor(random() * items.length)];
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** The memory cgroup of a process, version 1; undefined where it has none of Slurm's. */
export function memoryGroup(pid: number): string | undefined {
  try {
    const group = /^\d+:memory:(.*slurm.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
    return group?.replace(/^(.*\/step_batch).*$/, '/sys/fs/cgroup/memory$1');
  } catch {
    return undefined;
  }
}

/** Whether something was done; that it could not be, because a job had just ended, is no error. */
async function tolerant(doing: Promise<unknown>): Promise<boolean> {
  return await doing.then(
    () => true,
    () => false,
  );
}

/** For messages: what was hit where. */
export function describeTasks(tasks: readonly QueuedTask[]): string {
  return tasks.map(({ id, state, reason, node }) => `${id} ${state} ${reason} n${node ?? '-'}`).join('\n');
}
