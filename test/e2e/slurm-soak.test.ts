import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectWhole } from '../support/expect-whole.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FAULTS, fullScratch, preemption, type Fault } from '../support/slurm-faults.ts';
import { requireSlurm, SlurmLab } from '../support/slurm-lab.ts';
import { SlurmProgram, type Life } from '../support/slurm-program.ts';
import { SmallScratch } from '../support/small-scratch.ts';

/** How long runs are disturbed, one after the other; the full soak is 600. The last one is then let go to its end. */
const SECONDS = Number(process.env['OCR_SLURM_SOAK_SECONDS'] ?? 30);
const SEED = Number(process.env['OCR_SLURM_SOAK_SEED'] ?? 5);
/** Of each run, before it is left in peace. */
const FAULTS_A_RUN = 12;
const PAGE_MS = 150;
/** A minute a task, so that they are many and come to their limit. */
const FLAGS = ['--cores', '2', '--nodes', '4', '--time', '1'];
/** Fewer would mean that hardly anything was disturbed; a busy machine takes longer for them. */
const LEAST_FAULTS = Math.ceil(SECONDS / 10);
/** Lives that a run may take to its end once it is left in peace. */
const CALM_LIVES = 4;
/** Exit codes that stand for "stopped, and the same command goes on": a full disk, and all that passes. */
const RESUMABLE = new Set([74, 75]);

const slurm = requireSlurm();

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

describe.skipIf(slurm.skip)(`runs on a cluster disturbed for ${SECONDS} s`, () => {
  let lab: SlurmLab;
  let scratch: SmallScratch;
  beforeEach(async () => {
    scratch = new SmallScratch(32);
    lab = await SlurmLab.start({ nodes: 3, cpus: 4, slurmdTimeoutS: 10, minJobAgeS: 10 });
  });
  afterEach(async () => {
    await lab.close();
    scratch[Symbol.dispose]();
  });

  it('end whole', async () => {
    const random = seededRandom(SEED);
    const faults: readonly Fault[] = [...Object.values(FAULTS), preemption, ...(scratch.isOwn ? [fullScratch] : [])];
    const counts = new Map<string, number>();
    const until = performance.now() + SECONDS * 1_000;
    let rounds = 0;
    const isEnough = (): boolean => performance.now() >= until && sumOf(counts) >= LEAST_FAULTS;
    for (; rounds === 0 || !isEnough(); rounds++) {
      const pages = [260, 130, 20 + Math.floor(random() * 300), 59, 4, 1, 1];
      const workDir = join(scratch.folder, `runs-${rounds}`);
      const options = { pages, pageMs: PAGE_MS, workDir, partition: 'savio3_lowprio', args: FLAGS };
      await using program = await SlurmProgram.create(lab, options);
      const expected = await program.expected();
      await disturb(program, faults, random, counts, isEnough);
      await finish(program);
      await expectWhole(program, expected);
    }
    console.info(
      `soak: ${rounds} runs ended whole after\n${[...counts].map(([name, count]) => `${String(count).padStart(4)} x ${name}`).join('\n')}`,
    );
  });

  /** Starts the program again whenever it ended, and does harm, until there was enough of it or the run is done. */
  async function disturb(
    program: SlurmProgram,
    faults: readonly Fault[],
    random: () => number,
    counts: Map<string, number>,
    isEnough: () => boolean,
  ): Promise<void> {
    let life = program.start();
    const mending: Promise<void>[] = [];
    for (let hits = 0; hits < FAULTS_A_RUN && !isEnough();) {
      await sleep(300 + random() * 2_500);
      if (life.hasEnded()) {
        const { code, signal, stderr } = await life.ended;
        if (code === 0) break;
        expect(signal === 'SIGKILL' || RESUMABLE.has(code ?? -1), `ended with ${code}: ${stderr}`).toBe(true);
        life = program.start();
        continue;
      }
      const fault = faults[Math.floor(random() * faults.length)];
      const site = { lab, program, life, random };
      // The controller may not answer for a while: then there is nothing to hit.
      const hit = await fault?.inflict(site).catch(() => undefined);
      if (!fault || hit === undefined) continue;
      hits++;
      counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
      await sleep(random() * 3_000);
      const mended = fault.mend?.(site);
      if (mended && fault.mendsSlowly) mending.push(mended);
      else await mended;
    }
    await Promise.all(mending);
    await settle(life);
  }

  /** A life that was disturbed ends as it can; it is not left alone for longer than it takes to see the run through. */
  async function settle(life: Life): Promise<void> {
    const { code, signal, stderr } = await life.ended;
    expect(code === 0 || signal === 'SIGKILL' || RESUMABLE.has(code ?? -1), `ended with ${code}: ${stderr}`).toBe(true);
  }

  async function finish(program: SlurmProgram): Promise<void> {
    let last = await program.start().ended;
    for (let life = 2; life <= CALM_LIVES && RESUMABLE.has(last.code ?? -1); life++) last = await program.start().ended;
    expect(last.code, last.stderr).toBe(0);
  }
});
