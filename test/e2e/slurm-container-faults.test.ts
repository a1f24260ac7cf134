import { beforeAll, describe, expect, it } from 'vitest';
import { builtImage, IMAGE_TIMEOUT_MS, requireApptainer } from '../support/built-image.ts';
import { expectWhole } from '../support/expect-whole.ts';
import { requireAll } from '../support/requires.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FAULTS, inflict } from '../support/slurm-faults.ts';
import { requireSlurm, SlurmLab } from '../support/slurm-lab.ts';
import { SlurmProgram } from '../support/slurm-program.ts';

const need = requireAll(requireSlurm(), requireApptainer());

describe.skipIf(need.skip)('a run in containers on a cluster loses nothing and doubles nothing where', () => {
  let image: string;
  beforeAll(async () => {
    image = await builtImage();
  }, IMAGE_TIMEOUT_MS);

  for (const fault of [FAULTS.containerKilled, FAULTS.pageWorkerKilled]) {
    it.concurrent(fault.name, async () => {
      await using lab = await SlurmLab.start({ nodes: 2, cpus: 2 });
      const args = ['--cores', '2', '--image', image];
      await using program = await SlurmProgram.create(lab, { pages: [60, 7, 1], pageMs: 400, args });
      const expected = await program.expected();
      const life = program.start();
      await program.whileReading(life, 5);
      await inflict(fault, { lab, program, life, random: seededRandom(1) });
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(0);
      if (fault === FAULTS.containerKilled) expect(stderr).toMatch(/what it left undone is ordered again/);
      await expectWhole(program, expected);
    });
  }
});
