import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { expectWhole } from '../support/expect-whole.ts';
import { requireAll, requireLanguages } from '../support/requires.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FAULTS, inflict, preemption, type Fault } from '../support/slurm-faults.ts';
import { requireSlurm, SlurmLab } from '../support/slurm-lab.ts';
import { expectedOf, SlurmProgram, type SlurmProgramOptions } from '../support/slurm-program.ts';

/** Two chunks and more: a large document is cut, small ones share. */
const PAGES = [104, 30, 9, 5, 1, 1];

interface Case {
  readonly fault: Fault;
  /** How long what is broken stays so. */
  readonly brokenMs?: number;
  /** How often it happens, each time after more pages were read. */
  readonly times?: number;
  /** The coordinator's exit code in the life that was hit; null: it was killed. 0 by default. */
  readonly code?: number | null;
  /** State and reason of a task that shows that the harm was done, as the queue has them. */
  readonly shows?: RegExp;
  /** How often tasks were started again by Slurm, at least: that shows it, too. */
  readonly restarts?: number;
  /** What a person reads of it. */
  readonly words?: RegExp;
  readonly options?: Partial<SlurmProgramOptions>;
}

const PUT_BACK = /Slurm put .* back into the queue.*finished pages are kept/;

const CASES: readonly Case[] = [
  { fault: FAULTS.coordinatorKilled, code: null },
  { fault: FAULTS.pageWorkerKilled },
  {
    fault: FAULTS.taskKilled,
    shows: /FAILED NonZeroExitCode/,
    words: /A job was killed, .* on n\d; what it left undone is ordered again/,
  },
  { fault: FAULTS.batchShellKilled, shows: /FAILED/, words: /A job was killed, or could not be started on n\d/ },
  { fault: FAULTS.supervisorKilled, restarts: 1 },
  { fault: FAULTS.orphanedTask, restarts: 1 },
  { fault: FAULTS.nodeDaemonKilled, brokenMs: 1_000 },
  { fault: FAULTS.powerCut, brokenMs: 2_000, restarts: 1, words: PUT_BACK },
  { fault: FAULTS.taskCancelled, shows: /CANCELLED/, words: /A job was cancelled by somebody else/ },
  { fault: FAULTS.taskRequeued, restarts: 1, words: PUT_BACK },
  { fault: preemption, times: 2, restarts: 2, words: PUT_BACK, options: { partition: 'savio3_lowprio' } },
  { fault: FAULTS.timeLimit, shows: /TIMEOUT/, words: /A job ran out of time/ },
  { fault: FAULTS.controllerDown, brokenMs: 4_000 },
];

// They mostly wait: for Slurm, for pages that take their time.
vi.setConfig({ maxConcurrency: 8 });

const slurm = requireSlurm();
const tesseract = requireAll(slurm, requireLanguages(['eng']));

/** State and reason of each task, a line each. */
async function endsOf(program: SlurmProgram): Promise<string> {
  return (await program.tasks()).map(({ state, reason }) => `${state} ${reason}`).join('\n');
}

describe.skipIf(slurm.skip)('a run on a cluster loses nothing and doubles nothing where', () => {
  let expected: Record<string, string>;
  beforeAll(async () => {
    expected = await expectedOf(PAGES);
  });

  for (const { fault, brokenMs = 0, times = 1, code = 0, shows, restarts = 0, words, options } of CASES) {
    it.concurrent(`${fault.name}${times > 1 ? `, ${times} times` : ''}`, async () => {
      await using lab = await SlurmLab.start({ nodes: 2, cpus: 4 });
      const args = ['--cores', '2', '--nodes', '2'];
      await using program = await SlurmProgram.create(lab, {
        pages: PAGES,
        held: true,
        partition: 'savio3_htc',
        args,
        ...options,
      });
      const life = program.start();
      const site = { lab, program, life, random: seededRandom(1) };
      for (let time = 1; time <= times; time++) {
        await program.whileReading(life, 10 * time);
        await inflict(fault, site);
        await sleep(brokenMs);
        await fault.mend?.(site);
        // What shows the harm comes by itself, while work is still left.
        await lab.until('the harm shows', async () => {
          const isSeen = !shows || shows.test(await endsOf(program));
          const isSaid = !words || life.hasEnded() || words.test(life.said());
          return isSeen && isSaid && (await program.restarts()) >= Math.min(time, restarts);
        });
      }
      await program.letGo();
      let result = await life.ended;
      expect(result.code, result.stderr).toBe(code);
      const { stderr } = result;
      if (code !== 0) result = await program.start().ended;
      expect(result.code, result.stderr).toBe(0);
      if (words) expect(stderr).toMatch(words);
      await expectWhole(program, expected);
    });
  }

  for (const fault of [FAULTS.pageWorkerKilled, FAULTS.powerCut]) {
    it.skipIf(tesseract.skip).concurrent(`Tesseract reads, and ${fault.name}`, async () => {
      await using lab = await SlurmLab.start({ nodes: 2, cpus: 2 });
      await using program = await SlurmProgram.create(lab, {
        pages: [40, 7, 1],
        engine: 'tesseract',
        args: ['--cores', '2'],
      });
      const whole = await program.expected();
      const life = program.start();
      const site = { lab, program, life, random: seededRandom(1) };
      await program.whileReading(life, 3);
      await inflict(fault, site);
      if ('mend' in fault) await fault.mend(site);
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(0);
      await expectWhole(program, whole);
    });
  }
});
