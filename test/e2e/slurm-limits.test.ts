import { setTimeout as sleep } from 'node:timers/promises';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { expectWhole } from '../support/expect-whole.ts';
import { requireAll, requireThat } from '../support/requires.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FAULTS, fullScratch, inflict, memoryGroup, outOfMemory } from '../support/slurm-faults.ts';
import { requireSlurm, SlurmLab, type SlurmLabOptions } from '../support/slurm-lab.ts';
import { expectedOf, SlurmProgram, type SlurmProgramOptions } from '../support/slurm-program.ts';
import { SmallScratch } from '../support/small-scratch.ts';

const PAGES = [104, 30, 9, 5, 1, 1];
/** So that all workers of a job are at work at once. */
const PAGE_MS = 200;
/** Pages read at once on this machine: a node that says it has more cores than there are starts no more workers. */
const WORKERS = Math.min(4, availableParallelism());
/** How often the memory of a job is measured. */
const MEASURE_MS = 50;
const MIB = 1_048_576;

// They mostly wait: for Slurm, for pages that take their time.
vi.setConfig({ maxConcurrency: 8 });

const slurm = requireSlurm();
const accounting = requireSlurm({ accounting: true });
const isRoot = process.getuid?.() === 0;
const cgroup = requireAll(
  slurm,
  requireThat(
    isRoot && existsSync('/sys/fs/cgroup/memory/cgroup.procs'),
    'memory cgroups of version 1 are not here, or not for us',
  ),
);
const several = requireThat(WORKERS > 1, 'one core starts one worker, which is all or nothing');
const mounts = requireAll(slurm, requireThat(isRoot, 'only root can mount a small file system to fill'));

describe.skipIf(slurm.skip)('a run on a cluster loses nothing and doubles nothing where', () => {
  let expected: Record<string, string>;
  beforeAll(async () => {
    expected = await expectedOf(PAGES);
  });

  async function onCluster(
    labOptions: SlurmLabOptions,
    options: Partial<SlurmProgramOptions>,
    story: (program: SlurmProgram, lab: SlurmLab) => Promise<void>,
  ): Promise<void> {
    await using lab = await SlurmLab.start({ nodes: 2, cpus: 4, ...labOptions });
    await using program = await SlurmProgram.create(lab, {
      pages: PAGES,
      held: true,
      args: ['--cores', '2'],
      ...options,
    });
    await story(program, lab);
    await expectWhole(program, expected);
  }

  it.skipIf(mounts.skip).concurrent('scratch is full for a while', async () => {
    using scratch = new SmallScratch(16);
    await onCluster({}, { workDir: scratch.folder }, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      const site = { lab, program, life, random: seededRandom(1) };
      await fullScratch.inflict(site);
      await program.letGo();
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(74);
      expect(stderr).toMatch(/No room left on the disk/);
      await fullScratch.mend?.(site);
      const next = await program.start().ended;
      expect(next.code, next.stderr).toBe(0);
    });
  });

  it.concurrent('the run folder vanishes for a while', async () => {
    await onCluster({}, {}, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      const site = { lab, program, life, random: seededRandom(1) };
      await FAULTS.folderVanishes.inflict(site);
      await program.letGo();
      const { code, stderr } = await life.ended;
      expect([74, 75], stderr).toContain(code);
      await FAULTS.folderVanishes.mend(site);
      const next = await program.start().ended;
      expect(next.code, next.stderr).toBe(0);
    });
  });

  for (const [how, needs, options, words] of [
    ['and there is no accounting', slurm, { minJobAgeS: 2 }, /gone without a trace/],
    ['and accounting knows', accounting, { minJobAgeS: 2, accounting: true }, /A job failed/],
  ] as const) {
    it.skipIf(needs.skip).concurrent(`a job that failed is forgotten before anybody looks, ${how}`, async () => {
      await onCluster(options, {}, async (program, lab) => {
        const life = program.start();
        await program.whileReading(life, 10);
        life.kill('SIGKILL');
        const site = { lab, program, life, random: seededRandom(1) };
        await life.ended;
        // Other jobs of the run go on; one whose submission outlived the coordinator may come after this first look.
        const seen = new Set((await program.tasks()).map(({ id }) => id));
        await inflict(FAULTS.taskKilled, site);
        await lab.until('the queue has forgotten the job', async () => {
          const known = new Set((await program.tasks()).map(({ id }) => id));
          for (const id of known) seen.add(id);
          return seen.size > known.size;
        });
        await program.letGo();
        const next = await program.start().ended;
        expect(next.code, next.stderr).toBe(0);
        expect(next.stderr).toMatch(words);
      });
    });
  }

  it.concurrent('Slurm does not answer for long', async () => {
    await onCluster({}, {}, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      await lab.killController();
      await lab.until('it says so', () => /Slurm does not answer/.test(life.said()) || life.hasEnded());
      await lab.up();
      await program.letGo();
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/Slurm does not answer/);
    });
  });

  /** The most memory that a job of so many workers ever has in use, in MiB, as the watcher counts it. */
  async function measurePeak(watcher: 'the kernel' | 'Slurm', workers: number): Promise<number> {
    await using lab = await SlurmLab.start({ nodes: 1, cpus: 4, cgroup: watcher === 'the kernel' });
    const args = ['--cores', String(workers)];
    await using program = await SlurmProgram.create(lab, { pages: PAGES, pageMs: PAGE_MS, args });
    const life = program.start();
    let peak = 0;
    while (!life.hasEnded()) {
      const processes = lab.jobProcesses(0);
      peak = Math.max(peak, watcher === 'the kernel' ? ownMemoryOf(processes) : residentMemoryOf(processes));
      await sleep(MEASURE_MS);
    }
    const { code, stderr } = await life.ended;
    expect(code, stderr).toBe(0);
    expect(peak).toBeGreaterThan(0);
    return peak / MIB;
  }

  // Not beside each other: clusters of one machine share the kernel's names of memory groups.
  for (const [watcher, needs, state] of [
    ['the kernel', cgroup, 'OUT_OF_MEMORY'],
    ['Slurm', slurm, 'FAILED'],
  ] as const) {
    it.skipIf(needs.skip || several.skip)(
      `a job has too little memory for all its workers, says ${watcher}`,
      async () => {
        // More than half of them need, and less than all.
        const half = await measurePeak(watcher, Math.floor(WORKERS / 2));
        const all = await measurePeak(watcher, WORKERS);
        expect(all, 'a worker more needs more').toBeGreaterThan(half);
        // The kernel makes room by letting go of what it can read again, and by waiting.
        const part = watcher === 'the kernel' ? 0.25 : 0.5;
        const share = Math.round((half + (all - half) * part) / WORKERS);
        const options = { args: ['--cores', String(WORKERS)], held: false, pageMs: PAGE_MS };
        await onCluster({ cgroup: watcher === 'the kernel' }, options, async (program, lab) => {
          await lab.call('scontrol', 'update', 'PartitionName=savio3_htc', `DefMemPerCPU=${share}`);
          const { code, stderr } = await program.start().ended;
          expect(code, stderr).toBe(0);
          expect((await program.tasks()).map((task) => task.state)).toContain(state);
          // The kernel may take a worker at a time, whose page is then read again: nothing is left to order anew.
          if (watcher === 'Slurm') expect(stderr).toMatch(/ran out of memory/);
        });
      },
    );
  }

  it.skipIf(cgroup.skip)('the memory of a running job gets scarce', async () => {
    await onCluster({ cgroup: true }, {}, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      await inflict(outOfMemory, { lab, program, life, random: seededRandom(1) });
      await program.letGo();
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(0);
      expect((await program.tasks()).map(({ state }) => state)).toContain('OUT_OF_MEMORY');
    });
  });
});

/** What Slurm itself counts: each process with all that it has, shared or not. */
function residentMemoryOf(processes: readonly number[]): number {
  return processes.reduce((sum, pid) => {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readIfThere(`/proc/${pid}/status`))?.[1] ?? 0;
    return sum + Number(kib) * 1_024;
  }, 0);
}

/** What the kernel cannot do without: memory of the job's group that is no copy of a file. */
function ownMemoryOf([first]: readonly number[]): number {
  const group = first === undefined ? undefined : memoryGroup(first);
  const stat = group === undefined ? '' : readIfThere(join(group, 'memory.stat'));
  return Number(/^total_rss (\d+)/m.exec(stat)?.[1] ?? 0);
}

/** Processes and their groups may end while they are looked at. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
