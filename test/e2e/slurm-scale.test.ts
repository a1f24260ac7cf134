import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measurePlan, type PlanCost } from '../support/measure-plan.ts';
import { requireSlurm, SlurmLab } from '../support/slurm-lab.ts';

/** Of 100 pages each; 10,000 are the million pages of `npm run bench -- slurm-scale`. */
const DOCUMENTS = Number(process.env['OCR_SLURM_SCALE_DOCUMENTS'] ?? 1_000);
const WAIT_MS = 12_000;
/** The poll interval that the program is given here; while nothing happens it grows. */
const POLL_S = 1;
const MOST_FILES = 200;
const MOST_MEMORY_MIB = 500;

const slurm = requireSlurm();

describe.skipIf(slurm.skip)(`${DOCUMENTS * 100} pages in ${DOCUMENTS} documents, ordered from a busy cluster,`, () => {
  let lab: SlurmLab;
  let small: PlanCost;
  let large: PlanCost;
  beforeAll(async () => {
    lab = await SlurmLab.start({ nodes: 2 });
    small = await measurePlan(lab, 3, WAIT_MS);
    large = await measurePlan(lab, DOCUMENTS, WAIT_MS);
  });
  afterAll(() => lab.close());

  it('take one submission a wave, and few files', () => {
    expect(large.waves).toBe(1);
    expect(large.calls['sbatch']).toBe(large.waves);
    expect(large.tasks).toBeGreaterThan(small.tasks);
    expect(large.files).toBeLessThanOrEqual(MOST_FILES);
    expect(large.files, 'as many for ten pages as for a million').toBe(small.files);
  });

  it('take bounded memory', () => {
    expect(large.peakMiB).toBeGreaterThan(0);
    expect(large.peakMiB).toBeLessThan(MOST_MEMORY_MIB);
  });

  it('are asked for as often as a few are, whether ordered or waited for', () => {
    const total = (calls: Readonly<Record<string, number>>): number =>
      Object.values(calls).reduce((sum, count) => sum + count, 0);
    // Ordering that takes longer may see more polls.
    const { squeue: _polls, ...ordering } = large.calls;
    const { squeue: _fewPolls, ...orderingFew } = small.calls;
    expect(ordering).toEqual(orderingFew);
    expect(large.waitingCalls['squeue']).toBeGreaterThan(0);
    expect(large.waitingCalls['squeue']).toBeLessThanOrEqual(large.waitingSeconds / POLL_S);
    expect(total(large.waitingCalls)).toBeLessThanOrEqual(total(small.waitingCalls) + 1);
    expect(large.waitingCalls['sbatch'] ?? 0).toBe(0);
  });
});
