import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { measureSuccess, type Cost } from './support/measure.ts';
import { insistOnPrograms, PROJECT, type BenchOptions } from './support/options.ts';
import { readByOcrmypdf, readImages } from './support/peers.ts';
import { copyScans, drawPages, findScans } from './support/scans.ts';
import { formatNumber, median, type BenchTable } from './support/table.ts';

/** Names the image to measure. */
const IMAGE_VARIABLE = 'OCR_PIPELINE_BENCH_IMAGE';
const DEFAULT_IMAGE = join(PROJECT, '.cache/ocr-pipeline.sif');
const RUN_TIMEOUT_MS = 2 * 3600_000;
const START_TIMEOUT_MS = 60_000;
/** A chunk of work on a cluster, which one container reads. */
const PAGES_A_CHUNK = 50;
const STARTS = 10;

interface Way {
  readonly what: string;
  readonly run: (output: string) => Promise<Cost>;
}

/** Pages a minute of the Tesseract in the image beside Debian's and OCRmyPDF, and what a container costs a chunk of pages. */
export async function benchContainer(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['tesseract', 'pdftoppm', 'ocrmypdf', 'xargs', 'apptainer']);
  const image = resolve(process.env[IMAGE_VARIABLE] ?? DEFAULT_IMAGE);
  if (!existsSync(image))
    throw new Error(`no image at ${image}: scripts/build-image.sh --local ${image}, or name one by ${IMAGE_VARIABLE}`);
  const scans = findScans(options).filter((scan) => scan.upright);
  const input = join(options.scratch, 'scans');
  const pdfs = copyScans(scans, input);
  const { images } = await drawPages(pdfs, join(options.scratch, 'images'), options.jobs);
  const program = join(options.scratch, 'program', 'bin', 'ocr-pipeline');
  const unpack = ['run', image, 'unpack', dirname(dirname(program))];
  await measureSuccess({ program: 'apptainer', args: unpack, cwd: options.scratch, timeoutMs: START_TIMEOUT_MS });
  const ways: readonly Way[] = [
    { what: "Debian's tesseract, ready images", run: () => readImages(images, options.jobs) },
    { what: 'tesseract in the container, ready images', run: () => readInContainer(image, images, options) },
    { what: 'OCRmyPDF, fewest steps', run: (output) => readByOcrmypdf(pdfs, output, 'least', options.jobs) },
    {
      what: 'ocr-pipeline in the container',
      run: (output) => readWith('apptainer', ['run', image], input, output, options),
    },
    { what: 'ocr-pipeline unpacked from it', run: (output) => readWith(program, [], input, output, options) },
  ];
  const costs = await takeTurns(ways, options);
  return [
    speedTable(ways, costs, images.length, options),
    await startTable(image, program, costs, images.length, options),
  ];
}

/** One container for all pages, one process a page, as {@link readImages} does it without one. */
async function readInContainer(image: string, images: readonly string[], options: BenchOptions): Promise<Cost> {
  const script =
    'jobs=$1; shift; printf "%s\\0" "$@" | xargs -0 -n 1 -P "$jobs" sh -c \'tesseract "$1" "$1" -l eng --dpi 300\' sh';
  const args = ['exec', '--bind', options.scratch, image, 'sh', '-c', script, 'sh', String(options.jobs), ...images];
  return await measureSuccess({ program: 'apptainer', args, cwd: options.scratch, timeoutMs: RUN_TIMEOUT_MS });
}

async function readWith(
  program: string,
  before: readonly string[],
  input: string,
  folder: string,
  options: BenchOptions,
): Promise<Cost> {
  mkdirSync(folder, { recursive: true });
  const places = ['--input', input, '--output', join(folder, 'out'), '--work-dir', join(folder, 'runs')];
  const how = [
    '--lang',
    'eng',
    '--engine',
    'tesseract',
    '--formats',
    'txt,pdf',
    '--jobs',
    String(options.jobs),
    '--progress',
    'none',
  ];
  return await measureSuccess({
    program,
    args: [...before, 'run', ...places, ...how],
    cwd: options.scratch,
    timeoutMs: RUN_TIMEOUT_MS,
  });
}

/** All ways in turn, round by round, so that a slow minute of the machine hits all alike. */
async function takeTurns(ways: readonly Way[], options: BenchOptions): Promise<readonly Cost[][]> {
  const costs = ways.map((): Cost[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [at, way] of ways.entries()) {
      options.say(`${way.what}, round ${round + 1} of ${options.rounds}`);
      costs[at]?.push(await way.run(join(options.scratch, `output-${at}-${round}`)));
    }
  }
  return costs;
}

function wallOf(costs: readonly Cost[] | undefined): number {
  return median((costs ?? []).map(({ wallSeconds }) => wallSeconds));
}

function speedTable(ways: readonly Way[], costs: readonly Cost[][], pages: number, options: BenchOptions): BenchTable {
  const walls = costs.map(wallOf);
  const [debian = Number.NaN, compiled = Number.NaN, peer = Number.NaN, ours = Number.NaN] = walls;
  return {
    title: 'Speed in the container',
    method:
      `${pages} upright pages, ${options.jobs} processes at once, OMP_THREAD_LIMIT=1, median of ${options.rounds} rounds; ` +
      'on ready images text only, else text and searchable PDF.',
    columns: ['what', 'wall s', 'pages/min', 'CPU s/page', "x Debian's", 'x OCRmyPDF'],
    rows: ways.map(({ what }, at) => {
      const wall = walls[at] ?? Number.NaN;
      const cpu = median((costs[at] ?? []).map(({ cpuSeconds }) => cpuSeconds));
      return { what, values: [wall, (pages * 60) / wall, cpu / pages, debian / wall, peer / wall] };
    }),
    findings: [
      `The Tesseract in the container reads ${formatNumber(debian / compiled)} times the pages a minute of Debian's (goal: 1.4).`,
      `It reads ${formatNumber(peer / compiled)} times the pages a minute of OCRmyPDF (goal: 1.6); with all we do around it, ${formatNumber(peer / ours)} times.`,
    ],
  };
}

async function startTable(
  image: string,
  program: string,
  costs: readonly Cost[][],
  pages: number,
  options: BenchOptions,
): Promise<BenchTable> {
  const starts: Record<'inside' | 'outside', number[]> = { inside: [], outside: [] };
  for (let turn = 0; turn < STARTS; turn++) {
    const inside = { program: 'apptainer', args: ['exec', image, 'ocr-pipeline', '--version'] };
    for (const [where, command] of [
      ['inside', inside],
      ['outside', { program, args: ['--version'] }],
    ] as const) {
      const { wallSeconds } = await measureSuccess({ ...command, cwd: options.scratch, timeoutMs: START_TIMEOUT_MS });
      starts[where].push(wallSeconds);
    }
  }
  const [inside, outside] = [median(starts.inside), median(starts.outside)];
  const chunkSeconds = (median((costs.at(-1) ?? []).map(({ cpuSeconds }) => cpuSeconds)) / pages) * PAGES_A_CHUNK;
  const share = ((inside - outside) / chunkSeconds) * 100;
  return {
    title: 'What a container costs',
    method: `\`ocr-pipeline --version\` in a container and outside, in turn, median of ${STARTS}; beside the CPU time of ${PAGES_A_CHUNK} pages.`,
    columns: ['what', 'wall s'],
    rows: [
      { what: 'started in a container', values: [inside] },
      { what: 'started outside', values: [outside] },
      { what: `${PAGES_A_CHUNK} pages on one core`, values: [chunkSeconds] },
    ],
    findings: [
      `A container of its own adds ${formatNumber(share)} % to a chunk of ${PAGES_A_CHUNK} pages (goal: less than 1 %).`,
    ],
  };
}
