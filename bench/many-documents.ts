import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureSuccess } from './support/measure.ts';
import { OURS, type BenchOptions } from './support/options.ts';
import { readByUs } from './support/peers.ts';
import { formatNumber, type BenchTable } from './support/table.ts';
import { tinyPdf } from './support/tiny-pdf.ts';

const PLAN_TIMEOUT_MS = 30 * 60_000;
const GOAL_SECONDS = 60;
const GOAL_FILES = 6;
/** Documents in one sub-folder. */
const FOLDER_SIZE = 1_000;

/** Time to list and plan a folder of very many small documents, and the files that a run of some of them leaves. */
export async function benchManyDocuments(options: BenchOptions): Promise<BenchTable[]> {
  const documents = options.quick ? 2_000 : 100_000;
  const read = options.quick ? 20 : 500;
  options.say(`many documents: writing ${documents}`);
  const input = writeDocuments(join(options.scratch, 'many'), documents);
  options.say(`many documents: planning ${documents}`);
  const places = [
    '--input',
    input,
    '--output',
    join(options.scratch, 'out'),
    '--work-dir',
    join(options.scratch, 'runs'),
  ];
  // With the null engine no time goes into reading sample pages.
  const args = [...OURS.args, 'plan', ...places, '--engine', 'null'];
  const plan = await measureSuccess({ program: OURS.program, args, timeoutMs: PLAN_TIMEOUT_MS });

  options.say(`many documents: reading ${read}`);
  const folder = join(options.scratch, 'some');
  const some = writeDocuments(join(folder, 'in'), read);
  const run = await readByUs({ input: some, folder, jobs: options.jobs, engine: 'null' });
  const files = readdirSync(join(folder, 'runs'), { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  const filesEach = files.length / read;
  return [
    {
      title: 'Very many small documents',
      method:
        'One-page documents of about 1 KB, a thousand in a folder; `plan`, then `run --engine null` with text and PDF.',
      columns: ['what', 'documents', 'wall s', 'CPU s', 'main MiB', 'files left in the run folder, a document'],
      rows: [
        { what: 'plan', values: [documents, plan.wallSeconds, plan.cpuSeconds, plan.mainPeakMiB, null] },
        { what: 'run', values: [read, run.wallSeconds, run.cpuSeconds, run.mainPeakMiB, filesEach] },
      ],
      findings: [
        `${documents} documents are listed and planned in ${formatNumber(plan.wallSeconds)} s (goal: 100000 in ${GOAL_SECONDS}).`,
        `A run leaves ${formatNumber(filesEach)} files a document in its folder (goal: at most ${GOAL_FILES}).`,
      ],
    },
  ];
}

function writeDocuments(folder: string, documents: number): string {
  for (let number = 1; number <= documents; number++) {
    const below = join(folder, `box-${Math.ceil(number / FOLDER_SIZE)}`);
    if (number % FOLDER_SIZE === 1) mkdirSync(below, { recursive: true });
    writeFileSync(join(below, `document-${number}.pdf`), tinyPdf(number, 1));
  }
  return folder;
}
