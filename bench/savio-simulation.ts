import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NULL_DELAY_VARIABLE } from '../src/core/child-environment.ts';
import { CallCounter } from '../test/support/count-calls.ts';
import { SlurmLab } from '../test/support/slurm-lab.ts';
import { SlurmProgram } from '../test/support/slurm-program.ts';
import { WaveStore } from '../src/executors/slurm/store/wave-store.ts';
import { realDisk } from '../src/files/disk.ts';
import { insistOnPrograms, type BenchOptions } from './support/options.ts';
import { formatNumber, type BenchTable } from './support/table.ts';

const CORES_A_NODE = 4;
const GOAL_PERCENT = 90;
const COUNTED = ['sbatch', 'squeue', 'sacct', 'scontrol', 'sinfo', 'scancel'];
const TIMES_FILE = join(import.meta.dirname, 'support/page-times.json');

/** How large the simulated cluster is, and how much it has to do. */
interface Size {
  readonly nodes: number;
  readonly pages: readonly number[];
  /** The time limit of a task; a third of it is what it is given to do. */
  readonly minutes: number;
}

const FULL: Size = { nodes: 12, pages: documentsOf(5_000), minutes: 12 };
const QUICK: Size = { nodes: 4, pages: documentsOf(300), minutes: 3 };

/** How much of the core time that jobs take is spent on pages: whole nodes, real Slurm, page times as recorded. */
export async function benchSavioSimulation(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['sbatch', 'slurmctld']);
  const { nodes, pages, minutes } = options.quick ? QUICK : FULL;
  const { pageMs } = JSON.parse(readFileSync(TIMES_FILE, 'utf8')) as { readonly pageMs: readonly number[] };
  const count = pages.reduce((sum, each) => sum + each, 0);
  options.say(`savio simulation: ${count} pages on ${nodes} nodes`);
  using counter = new CallCounter(COUNTED);
  const lab = await SlurmLab.start({ nodes, cpus: CORES_A_NODE });
  try {
    await using program = await SlurmProgram.create(lab, {
      pages,
      partition: 'savio3',
      args: ['--nodes', String(nodes), '--time', String(minutes)],
      env: {
        PATH: counter.path,
        [NULL_DELAY_VARIABLE]: pageMs.join(','),
        OCR_PIPELINE_SLURM_POLL: '5',
        OCR_PIPELINE_SLURM_GATHER: '5',
      },
    });
    const started = performance.now();
    const { code, stderr } = await program.start().ended;
    const seconds = (performance.now() - started) / 1_000;
    if (code !== 0) throw new Error(`the run ended with ${code}: ${stderr}`);
    await lab.until('all jobs have ended', async () => (await program.openTasks()).length === 0);
    const allocation = await readAllocation(lab);
    const journal = await new WaveStore(join((await program.runFolder()) ?? '', 'waves'), realDisk).load();
    const workers = journal.measured.busyMs / 1_000 / allocation.coreSeconds;
    const recorded =
      (count * pageMs.reduce((sum, each) => sum + each, 0)) / pageMs.length / 1_000 / allocation.coreSeconds;
    return [
      {
        title: 'A simulated cluster of whole nodes',
        method:
          `Real Slurm with ${nodes} nodes of ${CORES_A_NODE} declared cores, the null engine waiting as long for each page as Tesseract took ` +
          `for one of ${pageMs.length} (bench/support/page-times.json). Tasks get ${minutes / 3} minutes of work instead of 20 to 60, so that ` +
          'starting and ending them weighs more than it would. Core time is that of the jobs from start to end as Slurm counts it, in seconds.',
        columns: [
          'pages',
          'wall s',
          'waves',
          'tasks',
          'core s taken',
          '% pages (recorded times)',
          '% pages (as workers count)',
          'calls of Slurm',
        ],
        rows: [
          {
            what: String(count),
            values: [
              seconds,
              journal.waves.length,
              allocation.tasks,
              allocation.coreSeconds,
              recorded * 100,
              workers * 100,
              sum(counter.counts()),
            ],
          },
        ],
        findings: [
          `${formatNumber(recorded * 100)} % of the core time taken is spent on pages (goal: at least ${GOAL_PERCENT} %).`,
          `Calls of Slurm's programs: ${Object.entries(counter.counts())
            .map(([name, calls]) => `${calls} ${name}`)
            .join(', ')}.`,
        ],
      },
    ];
  } finally {
    await lab.close();
  }
}

/** Core time of all jobs that have ended, from the controller's own record, which is written when a job is torn down. */
async function readAllocation(lab: SlurmLab): Promise<{ readonly tasks: number; readonly coreSeconds: number }> {
  await sleep(2_000);
  const lines = readFileSync(join(lab.folder, 'log/jobcomp.txt'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(' Name=ocrp-'));
  const coreSeconds = lines.reduce((sum, line) => {
    const [start, end] = ['StartTime', 'EndTime'].map((field) =>
      Date.parse(new RegExp(`${field}=(\\S+)`).exec(line)?.[1] ?? ''),
    );
    return sum + (((end ?? NaN) - (start ?? NaN)) / 1_000) * CORES_A_NODE;
  }, 0);
  return { tasks: lines.length, coreSeconds };
}

/** Documents of very different lengths, so many pages in all. */
function documentsOf(pages: number): number[] {
  const lengths = [12, 340, 45, 160, 8, 90, 220, 30, 4, 75];
  const documents: number[] = [];
  for (let left = pages; left > 0;) {
    const next = Math.min(left, lengths[documents.length % lengths.length] ?? 1);
    documents.push(next);
    left -= next;
  }
  return documents;
}

function sum(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((all, count) => all + count, 0);
}
