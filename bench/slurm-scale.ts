import { measurePlan } from '../test/support/measure-plan.ts';
import { SlurmLab } from '../test/support/slurm-lab.ts';
import { insistOnPrograms, type BenchOptions } from './support/options.ts';
import { formatNumber, type BenchTable } from './support/table.ts';

const GOAL_SECONDS = 30;
const GOAL_MIB = 500;
const GOAL_FILES = 200;
const WAIT_MS = 30_000;

/** What it takes to order a million pages from a cluster, and what waiting for them asks of its controller. */
export async function benchSlurmScale(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['sbatch', 'slurmctld']);
  const lab = await SlurmLab.start({ nodes: 2 });
  try {
    const costs = [];
    for (const documents of options.quick ? [3, 100] : [3, 1_000, 10_000]) {
      options.say(`slurm scale: ${documents} documents`);
      costs.push(await measurePlan(lab, documents, options.quick ? WAIT_MS / 6 : WAIT_MS));
    }
    const last = costs.at(-1);
    return [
      {
        title: 'Ordering very many pages from a cluster',
        method:
          'Documents of 100 pages each; `run --executor slurm --detach` on a real cluster whose nodes are all busy, from its start ' +
          'to its end; then `run` again, which only waits, asking every second at first.',
        columns: ['pages', 'wall s', 'main MiB', 'files', 'waves', 'tasks', 'calls to order', 'calls a minute to wait'],
        rows: costs.map((cost) => ({
          what: String(cost.pages),
          values: [
            cost.seconds,
            cost.peakMiB,
            cost.files,
            cost.waves,
            cost.tasks,
            sum(cost.calls),
            (sum(cost.waitingCalls) / cost.waitingSeconds) * 60,
          ],
        })),
        findings: last
          ? [
              `${last.pages} pages in ${last.documents} documents are ordered in ${formatNumber(last.seconds)} s (goal: a million in ${GOAL_SECONDS}) ` +
                `and ${formatNumber(last.peakMiB)} MiB (goal: ${GOAL_MIB}).`,
              `The run folder has ${last.files} files beside those of documents (goal: at most ${GOAL_FILES}); ${last.calls['sbatch'] ?? 0} sbatch for ${last.waves} wave.`,
            ]
          : [],
      },
    ];
  } finally {
    await lab.close();
  }
}

function sum(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((all, count) => all + count, 0);
}
