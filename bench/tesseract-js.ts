import { join } from 'node:path';
import { measureSuccess, type Cost } from './support/measure.ts';
import { insistOnPrograms, PROJECT, type BenchOptions } from './support/options.ts';
import { readByUs } from './support/peers.ts';
import { copyScans, drawPages, findScans, repeatImages } from './support/scans.ts';
import { formatNumber, median, type BenchRow, type BenchTable } from './support/table.ts';

const TIMEOUT_MS = 2 * 3600_000;
const GOAL_SHARE = 0.9;
/** Copies of the scans, so that starting does not count for much. */
const COPIES = 3;

/** Page segmentation of the bare workers by what it means; ours looks for blocks, as tesseract(1) does. */
const BARE = { blocks: '3', oneBlock: '-' } as const;

/** Our program with tesseract.js beside the same number of bare tesseract.js workers on ready images. */
export async function benchTesseractJs(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['pdftoppm']);
  const scans = findScans(options).filter((scan) => scan.upright);
  const input = join(options.scratch, 'in');
  const copies = options.quick ? 1 : COPIES;
  const pdfs = copyScans(scans, input, copies);
  const drawn = await drawPages(pdfs.slice(0, scans.length), join(options.scratch, 'images'), options.jobs);
  const images = repeatImages(drawn.images, copies);
  const script = join(PROJECT, 'bench/support/bare-tesseract-js.ts');
  const bare: Record<keyof typeof BARE, Cost[]> = { blocks: [], oneBlock: [] };
  const ours: Cost[] = [];
  for (let round = 0; round < options.rounds; round++) {
    options.say(`tesseract.js: round ${round + 1} of ${options.rounds}`);
    for (const way of ['blocks', 'oneBlock'] as const) {
      const args = [script, String(options.jobs), BARE[way], ...images];
      bare[way].push(await measureSuccess({ program: process.execPath, args, timeoutMs: TIMEOUT_MS }));
    }
    const folder = join(options.scratch, `ours-${round}`);
    ours.push(await readByUs({ input, folder, jobs: options.jobs, formats: 'txt', engine: 'tesseract.js' }));
  }
  const speed = (costs: readonly Cost[]): number =>
    (images.length * 60) / median(costs.map((cost) => cost.wallSeconds));
  const row = (what: string, costs: readonly Cost[]): BenchRow => ({
    what,
    values: [
      median(costs.map((cost) => cost.wallSeconds)),
      speed(costs),
      median(costs.map((cost) => cost.cpuSeconds)),
      coresBusy(costs),
      Math.max(...costs.map((cost) => cost.peakTreeMiB)),
      speed(costs) / speed(bare.blocks),
    ],
  });
  return [
    {
      title: 'tesseract.js',
      method:
        `${images.length} pages, ${options.jobs} workers, median of ${options.rounds} rounds; bare: ready images, text only. ` +
        'Told nothing, tesseract.js takes a page for one block of text; we look for its blocks (columns, heads, notes), as tesseract(1) does.',
      columns: ['what', 'wall s', 'pages/min', 'CPU s', 'cores busy', 'peak MiB', 'x bare'],
      rows: [
        row(`${options.jobs} bare workers that look for blocks`, bare.blocks),
        row(`${options.jobs} bare workers that are told nothing`, bare.oneBlock),
        row('ocr-pipeline --engine tesseract.js', ours),
      ],
      findings: [
        `ocr-pipeline reads ${percent(speed(ours) / speed(bare.blocks))} % of the pages a minute of bare workers that look for blocks too ` +
          `(goal: ${GOAL_SHARE * 100} %), ${percent(speed(ours) / speed(bare.oneBlock))} % of those that do not, with ${formatNumber(coresBusy(ours))} of ${options.jobs} cores busy.`,
      ],
    },
  ];
}

function percent(share: number): string {
  return formatNumber(share * 100);
}

function coresBusy(costs: readonly Cost[]): number {
  return median(costs.map((cost) => cost.cpuSeconds / cost.wallSeconds));
}
