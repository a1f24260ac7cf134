import { join } from 'node:path';
import { measureSuccess, type Cost } from './support/measure.ts';
import { insistOnPrograms, OURS, PROJECT, type BenchOptions } from './support/options.ts';
import { readByUs } from './support/peers.ts';
import { copyScans, findScans } from './support/scans.ts';
import { formatNumber, type BenchRow, type BenchTable } from './support/table.ts';

const TIMEOUT_MS = 3600_000;
const GOAL_PERCENT = 3;
/** Copies of the scans, so that starting does not count for much. */
const COPIES = 8;

/** Where our CPU time goes: the engine, the drawing and preparing of pages, and all the rest. */
export async function benchOrchestration(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['tesseract']);
  const scans = findScans(options).filter((scan) => scan.upright);
  const copies = options.quick ? 1 : COPIES;
  const pages = copies * scans.reduce((sum, scan) => sum + scan.pages, 0);
  const input = join(options.scratch, 'in');
  const pdfs = copyScans(scans, input, copies);

  options.say('orchestration: rendering and preparation alone');
  const script = join(PROJECT, 'bench/support/prepare-only.ts');
  const pixels = await measureSuccess({ program: OURS.program, args: [script, ...pdfs], timeoutMs: TIMEOUT_MS });
  options.say('orchestration: with tesseract');
  const real = await readByUs({ input, folder: join(options.scratch, 'real'), jobs: options.jobs });
  options.say('orchestration: with an engine that only pretends');
  const pretended = await readByUs({
    input,
    folder: join(options.scratch, 'null'),
    jobs: options.jobs,
    engine: 'null',
  });

  const main = (real.mainCpuSeconds / real.cpuSeconds) * 100;
  const rest = ((real.mainCpuSeconds + real.workersCpuSeconds - pixels.cpuSeconds) / real.cpuSeconds) * 100;
  return [
    {
      title: 'Where the CPU time goes',
      method:
        `${pages} upright pages, text and searchable PDF, ${options.jobs} at once. Workers render, prepare and assemble; ` +
        'the engine runs below them. Rendering and preparation alone is one process that does this with the same pages, and nothing else.',
      columns: ['what', 'CPU s', 'main s', 'workers s', 'engine s', 'main MiB'],
      rows: [
        row('ocr-pipeline --engine tesseract', real),
        row('ocr-pipeline --engine null', pretended),
        { what: 'rendering and preparation alone', values: [pixels.cpuSeconds, null, null, null, pixels.mainPeakMiB] },
      ],
      findings: [
        `The main process takes ${formatNumber(main)} % of the CPU time.`,
        `All that is neither the engine nor the pixels (text layers, files, start of processes) takes ` +
          `${formatNumber(rest)} % (goal for orchestration: under ${GOAL_PERCENT} %).`,
      ],
    },
  ];
}

function row(what: string, cost: Cost): BenchRow {
  const engine = Math.max(0, cost.cpuSeconds - cost.mainCpuSeconds - cost.workersCpuSeconds);
  return { what, values: [cost.cpuSeconds, cost.mainCpuSeconds, cost.workersCpuSeconds, engine, cost.mainPeakMiB] };
}
