import { expect } from 'vitest';
import type { SlurmProgram } from './slurm-program.ts';

/**
 * Insists that a run on a cluster ended as an undisturbed one on this machine would have: nothing lost, nothing doubled,
 * nothing left over, in the output, in the run folder and in the queue.
 */
export async function expectWhole(program: SlurmProgram, expected: Readonly<Record<string, string>>): Promise<void> {
  expect(await program.delivered(), 'outputs').toEqual(expected);
  await expectEveryPageOnce(program);
  await expectEveryOutputOnce(program);
  await expectOneJobAWave(program);
  await expectEmptyQueue(program);
  expect(await program.leftovers(), 'files left in the run folder').toEqual([]);
}

/** Supervisors that found no controller tell it of the end of their job by and by: every 15 s (slurmstepd, RETRY_DELAY). */
const QUEUE_LAG_MS = 60_000;

async function expectEmptyQueue(program: SlurmProgram): Promise<void> {
  await program.lab
    .until('the queue is empty', async () => (await program.openTasks()).length === 0, QUEUE_LAG_MS)
    .catch(() => undefined);
  expect(await program.openTasks(), 'tasks in the queue').toEqual([]);
}

async function expectEveryPageOnce(program: SlurmProgram): Promise<void> {
  const found = [...(await program.pagesByDocument()).values()].map((pages) =>
    pages.map(([pageNumber, state]) => `${pageNumber} ${state}`),
  );
  const wanted = program.pages.map((count) => Array.from({ length: count }, (_, index) => `${index + 1} done`));
  const byLength = (a: readonly string[], b: readonly string[]): number => a.length - b.length;
  expect(found.toSorted(byLength), 'pages in the ledger').toEqual(wanted.toSorted(byLength));
}

/** Each output was made once, by whichever session; later ones found it there. */
async function expectEveryOutputOnce(program: SlurmProgram): Promise<void> {
  const made = new Map<string, number>();
  for (const event of await program.ledger()) {
    if (event.type !== 'delivered') continue;
    for (const { path, outcome } of event.outputs)
      made.set(path, (made.get(path) ?? 0) + (outcome === 'unchanged' ? 0 : 1));
  }
  // 0: a coordinator was killed between the delivery and its line in the ledger.
  expect(
    [...made].filter(([, times]) => times > 1),
    'outputs made more than once',
  ).toEqual([]);
}

/** No wave was submitted twice. */
async function expectOneJobAWave(program: SlurmProgram): Promise<void> {
  const jobs = new Map<string, Set<string>>();
  for (const { jobName, id } of await program.tasks()) {
    const ids = jobs.get(jobName) ?? new Set();
    jobs.set(jobName, ids.add(id.split('_')[0] ?? id));
  }
  expect(
    [...jobs].filter(([, ids]) => ids.size > 1),
    'waves submitted twice',
  ).toEqual([]);
}
