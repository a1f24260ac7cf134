import { setTimeout as sleep } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { expectWhole } from '../support/expect-whole.ts';
import { requireAll, requireThat } from '../support/requires.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FAULTS, fullScratch, outOfMemory } from '../support/slurm-faults.ts';
import { requireSlurm, SlurmLab, type SlurmLabOptions } from '../support/slurm-lab.ts';
import { expectedOf, SlurmProgram, type SlurmProgramOptions } from '../support/slurm-program.ts';
import { SmallScratch } from '../support/small-scratch.ts';

const PAGES = [104, 30, 9, 5, 1, 1];
const PAGE_MS = 200;
/**
 * A core's share of memory with which four workers do not fit and two do. The kernel counts pages that processes share once,
 * Slurm itself for each.
 */
const TIGHT_MEMORY_MIB = { 'the kernel': 55, Slurm: 110 };
/** Slurm's programs give up after nine seconds. A minute is the full test. */
const DOWN_MS = Number(process.env['OCR_SLURM_DOWN_SECONDS'] ?? 20) * 1_000;
/** So that two workers have something to do all that time, and after it. */
const DOWN_PAGE_MS = Math.round((DOWN_MS * 1.7 * 2) / PAGES.reduce((sum, pages) => sum + pages, 0));
/** The controller forgets ended jobs some ten seconds late. */
const FORGETTING_MS = 40_000;

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
    await using lab = await SlurmLab.start({ nodes: 2, cpus: 4, slurmdTimeoutS: 10, ...labOptions });
    await using program = await SlurmProgram.create(lab, {
      pages: PAGES,
      pageMs: PAGE_MS,
      args: ['--cores', '2'],
      ...options,
    });
    await story(program, lab);
    await expectWhole(program, expected);
  }

  it.skipIf(mounts.skip).concurrent('scratch is full for a while', { timeout: 180_000 }, async () => {
    using scratch = new SmallScratch(16);
    await onCluster({}, { workDir: scratch.folder }, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      const site = { lab, program, life, random: seededRandom(1) };
      await fullScratch.inflict(site);
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(74);
      expect(stderr).toMatch(/No room left on the disk/);
      await fullScratch.mend?.(site);
      const next = await program.start().ended;
      expect(next.code, next.stderr).toBe(0);
    });
  });

  it.concurrent('the run folder vanishes for a while', { timeout: 180_000 }, async () => {
    await onCluster({}, {}, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      const site = { lab, program, life, random: seededRandom(1) };
      await FAULTS.folderVanishes.inflict(site);
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
    it.skipIf(needs.skip).concurrent(
      `a job that failed is forgotten before anybody looks, ${how}`,
      { timeout: 240_000 },
      async () => {
        await onCluster(options, {}, async (program, lab) => {
          const life = program.start();
          await program.whileReading(life, 10);
          life.kill('SIGKILL');
          const site = { lab, program, life, random: seededRandom(1) };
          await life.ended;
          expect(await FAULTS.taskKilled.inflict(site)).toBeDefined();
          await lab.until(
            'the queue has forgotten the job',
            async () => (await program.tasks()).length === 0,
            FORGETTING_MS,
          );
          const next = await program.start().ended;
          expect(next.code, next.stderr).toBe(0);
          expect(next.stderr).toMatch(words);
        });
      },
    );
  }

  it.concurrent('Slurm does not answer for long', { timeout: 4 * DOWN_MS + 180_000 }, async () => {
    await onCluster({}, { pageMs: DOWN_PAGE_MS }, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      await lab.killController();
      await sleep(DOWN_MS);
      await lab.up();
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/Slurm does not answer/);
    });
  });

  // Not beside each other: clusters of one machine share the kernel's names of memory groups.
  for (const [watcher, needs, state] of [
    ['the kernel', cgroup, 'OUT_OF_MEMORY'],
    ['Slurm', slurm, 'FAILED'],
  ] as const) {
    it.skipIf(needs.skip)(
      `a job has too little memory for all its workers, says ${watcher}`,
      { timeout: 180_000 },
      async () => {
        await onCluster({ cgroup: watcher === 'the kernel' }, { args: ['--cores', '4'] }, async (program, lab) => {
          await lab.call('scontrol', 'update', 'PartitionName=savio3_htc', `DefMemPerCPU=${TIGHT_MEMORY_MIB[watcher]}`);
          const { code, stderr } = await program.start().ended;
          expect(code, stderr).toBe(0);
          expect(stderr).toMatch(/ran out of memory/);
          expect((await program.tasks()).map((task) => task.state)).toContain(state);
        });
      },
    );
  }

  it.skipIf(cgroup.skip)('the memory of a running job gets scarce', { timeout: 180_000 }, async () => {
    await onCluster({ cgroup: true }, {}, async (program, lab) => {
      const life = program.start();
      await program.whileReading(life, 10);
      expect(await outOfMemory.inflict({ lab, program, life, random: seededRandom(1) })).toBeDefined();
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(0);
      expect((await program.tasks()).map(({ state }) => state)).toContain('OUT_OF_MEMORY');
    });
  });
});
