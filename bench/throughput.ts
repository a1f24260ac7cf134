import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cost } from './support/measure.ts';
import { insistOnPrograms, type BenchOptions } from './support/options.ts';
import { readByOcrmypdf, readByUs, readImages } from './support/peers.ts';
import { copyScans, drawPages, findScans, joinScans, repeatImages, type Scan } from './support/scans.ts';
import { formatNumber, median, type BenchRow, type BenchTable } from './support/table.ts';

const COLUMNS = ['what', 'wall s', 'pages/min', 'CPU s', 'CPU s/page', 'peak MiB', 'x bare', 'x OCRmyPDF'];

/** Copies of the scans where the steady state is to be seen: a minute or two of work for four cores. */
const MANY_COPIES = 6;
const QUICK_COPIES = 2;

interface Way {
  readonly what: string;
  readonly role?: 'bare' | 'peer' | 'ours' | 'straight';
  readonly run: (folder: string) => Promise<Cost>;
}

interface Case {
  readonly title: string;
  readonly pages: number;
  readonly documents: number;
  readonly ways: readonly Way[];
}

/** Pages a minute and CPU of our program beside bare Tesseract on ready images and OCRmyPDF, in the same minutes. */
export async function benchThroughput(options: BenchOptions): Promise<BenchTable[]> {
  insistOnPrograms(['tesseract', 'pdftoppm', 'qpdf', 'ocrmypdf', 'xargs']);
  const scans = findScans(options);
  const upright = scans.filter((scan) => scan.upright);
  const cases = [
    await oneDocument(upright, options),
    await aFolder('a folder of upright scans', upright, options, ['least', 'plain', 'parallel']),
    await aFolder('a folder of many upright scans', upright, options, [], options.quick ? QUICK_COPIES : MANY_COPIES),
    ...(upright.length < scans.length
      ? [await aFolder('a folder with turned and skewed scans', scans, options, ['least', 'straighten'])]
      : []),
  ];
  const tables: BenchTable[] = [];
  for (const each of cases) tables.push(await measureCase(each, options));
  return tables;
}

async function oneDocument(scans: readonly Scan[], options: BenchOptions): Promise<Case> {
  const folder = join(options.scratch, 'single');
  mkdirSync(folder, { recursive: true });
  const book = join(folder, 'book.pdf');
  await joinScans(scans, book);
  const { images } = await drawPages([book], join(options.scratch, 'single-images'), options.jobs);
  return {
    title: 'one document',
    pages: images.length,
    documents: 1,
    ways: [
      { what: 'tesseract, ready images', role: 'bare', run: () => readImages(images, options.jobs) },
      ourWay(book, options),
      {
        what: 'OCRmyPDF, fewest steps',
        role: 'peer',
        run: (output) => readByOcrmypdf([book], output, 'least', options.jobs),
      },
      { what: 'OCRmyPDF, as it comes', run: (output) => readByOcrmypdf([book], output, 'plain', options.jobs) },
    ],
  };
}

type PeerWay = 'least' | 'plain' | 'straighten' | 'parallel';

async function aFolder(
  title: string,
  scans: readonly Scan[],
  options: BenchOptions,
  peers: readonly PeerWay[],
  copies = 1,
): Promise<Case> {
  const name = title.replaceAll(' ', '-');
  const input = join(options.scratch, name);
  const pdfs = copyScans(scans, input, copies);
  const drawn = await drawPages(pdfs.slice(0, scans.length), join(options.scratch, `${name}-images`), options.jobs);
  const images = repeatImages(drawn.images, copies);
  const { jobs } = options;
  const peerWays: Record<PeerWay, Way> = {
    least: {
      what: 'OCRmyPDF, fewest steps',
      role: 'peer',
      run: (output) => readByOcrmypdf(pdfs, output, 'least', jobs),
    },
    plain: { what: 'OCRmyPDF, as it comes', run: (output) => readByOcrmypdf(pdfs, output, 'plain', jobs) },
    straighten: {
      what: 'OCRmyPDF --rotate-pages --deskew',
      role: 'straight',
      run: (output) => readByOcrmypdf(pdfs, output, 'straighten', jobs),
    },
    parallel: {
      what: `OCRmyPDF, ${jobs} documents at once`,
      run: (output) => readByOcrmypdf(pdfs, output, 'least', 1, jobs),
    },
  };
  return {
    title,
    pages: images.length,
    documents: pdfs.length,
    ways: [
      { what: 'tesseract, ready images', role: 'bare', run: () => readImages(images, jobs) },
      ourWay(input, options),
      ...peers.map((peer) => peerWays[peer]),
    ],
  };
}

function ourWay(input: string, options: BenchOptions): Way {
  return { what: 'ocr-pipeline', role: 'ours', run: (folder) => readByUs({ input, folder, jobs: options.jobs }) };
}

/** Takes all ways in turn, round by round, so that a slow minute of the machine hits all alike. */
async function measureCase(each: Case, options: BenchOptions): Promise<BenchTable> {
  const costs = each.ways.map((): Cost[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [at, way] of each.ways.entries()) {
      options.say(`${each.title}: ${way.what}, round ${round + 1} of ${options.rounds}`);
      costs[at]?.push(await way.run(join(options.scratch, `${each.title}-${at}-${round}`.replaceAll(' ', '-'))));
    }
  }
  const speeds = costs.map((rounds) => (each.pages * 60) / median(rounds.map((cost) => cost.wallSeconds)));
  const speedOf = (role: Way['role']): number => speeds[each.ways.findIndex((way) => way.role === role)] ?? Number.NaN;
  const bare = speedOf('bare');
  const hasPeer = each.ways.some((way) => way.role === 'peer');
  const peer = speedOf('peer');
  const rows = each.ways.map((way, at): BenchRow => {
    const speed = speeds[at] ?? Number.NaN;
    const cpu = median((costs[at] ?? []).map((cost) => cost.cpuSeconds));
    const wall = median((costs[at] ?? []).map((cost) => cost.wallSeconds));
    const peak = Math.max(...(costs[at] ?? []).map((cost) => cost.peakTreeMiB));
    return {
      what: way.what,
      values: [wall, speed, cpu, cpu / each.pages, peak, speed / bare, hasPeer ? speed / peer : null],
    };
  });
  return {
    title: `Throughput: ${each.title}`,
    method:
      `${each.pages} pages in ${each.documents} documents, ${options.jobs} processes at once, OMP_THREAD_LIMIT=1, ` +
      `median of ${options.rounds} rounds; text and searchable PDF, bare Tesseract text only.`,
    columns: COLUMNS,
    rows,
    findings: findings(each, rows),
  };
}

function findings(each: Case, rows: readonly BenchRow[]): string[] {
  const rowOf = (role: Way['role']): BenchRow | undefined => rows[each.ways.findIndex((way) => way.role === role)];
  const ours = rowOf('ours');
  const bareCpu = valueIn(ours, 'CPU s') / valueIn(rowOf('bare'), 'CPU s');
  const lines = [
    `ocr-pipeline reads ${percent(valueIn(ours, 'x bare'))} of the pages a minute of bare Tesseract, at ${percent(bareCpu)} of its CPU time.`,
  ];
  for (const role of ['peer', 'straight'] as const) {
    const other = rowOf(role);
    if (other === undefined) continue;
    const faster = valueIn(ours, 'pages/min') / valueIn(other, 'pages/min');
    const cpu = valueIn(ours, 'CPU s') / valueIn(other, 'CPU s');
    lines.push(
      `${formatNumber(faster)} times the pages a minute of ${other.what}, at ${percent(cpu)} of its CPU time.`,
    );
  }
  return lines;
}

function valueIn(row: BenchRow | undefined, column: string): number {
  return Number(row?.values[COLUMNS.indexOf(column) - 1] ?? Number.NaN);
}

function percent(share: number): string {
  return `${formatNumber(share * 100)} %`;
}
