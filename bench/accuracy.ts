/**
 * `node bench/accuracy.ts [--jobs N] [--ids a,b] [--corpus FOLDER] [--evaluator FILE] [--plain FOLDER] [--output FOLDER]`
 *
 * Reads the scans of an accuracy corpus with our own rendering and reading and with plain Tesseract on what
 * `pdftoppm -r 300` draws, and compares both with the ground truth. `--plain` keeps the plain readings for the next time.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { openEngine } from '../src/engines/find-engines.ts';
import type { OcrEngine } from '../src/engines/ocr-engine.ts';
import { pageText } from '../src/formats/plain-text.ts';
import { createPdfjsRenderer } from '../src/renderers/pdfjs.ts';
import { recognize } from '../src/stages/recognize.ts';
import { DEFAULT_CORPUS, insistOnPrograms, PROJECT, type BenchOptions } from './support/options.ts';
import { renderTable, type BenchTable } from './support/table.ts';

const run = promisify(execFile);

const DPI = 300;
const MEGAPIXELS = 150;
const PAGE_TIMEOUT_MS = 300_000;
/** What the goals ask for: over all pages, and beyond plain Tesseract on any one document. */
const GOAL = 0.019;
const GOAL_EXCESS = 0.002;

interface Item {
  readonly id: string;
  readonly file: string;
  readonly lang: string;
  readonly pages: number;
}

/** Sums over a document. */
interface Reading {
  readonly calls: number;
  readonly seconds: number;
}

interface Scores {
  readonly overall: { readonly cer_micro: number; readonly wer_micro: number };
  readonly docs: readonly { readonly id: string; readonly cer: number; readonly wer: number }[];
}

interface AccuracyOptions extends Pick<BenchOptions, 'corpus' | 'jobs' | 'scratch' | 'say'> {
  readonly ids?: readonly string[];
  readonly evaluator?: string;
  /** Plain readings found here are not made again. */
  readonly plainFolder?: string;
  readonly outputFolder?: string;
}

/** How many characters our reading gets wrong, document by document, next to plain Tesseract. */
export async function benchAccuracy(options: AccuracyOptions): Promise<BenchTable[]> {
  insistOnPrograms(['tesseract', 'pdftoppm']);
  const manifest = JSON.parse(readFileSync(join(options.corpus, 'manifest.json'), 'utf8')) as {
    readonly items: readonly Item[];
  };
  const items = manifest.items.filter(({ id }) => !options.ids || options.ids.includes(id));
  const ours = makeFolder(options.outputFolder ?? join(options.scratch, 'ours'));
  const plain = makeFolder(options.plainFolder ?? join(options.scratch, 'plain'));
  const readings = new Map<string, Reading>();
  await inParallel(items, options.jobs, async (item) => {
    options.say(`accuracy: ${item.id}`);
    readings.set(item.id, await readOurs(item, options.corpus, ours));
    if (!existsSync(join(plain, `${item.id}.txt`))) await readPlain(item, options, plain);
  });
  const [ourScores, plainScores] = [await evaluate(ours, items, options), await evaluate(plain, items, options)];
  return [tabulate(items, readings, ourScores, plainScores)];
}

async function readOurs(item: Item, corpus: string, folder: string): Promise<Reading> {
  const engine = await openEngine('tesseract', item.lang);
  const counted = countCalls(engine);
  const started = performance.now();
  const pages: string[] = [];
  const calm = AbortSignal.timeout(PAGE_TIMEOUT_MS * item.pages);
  const document = await createPdfjsRenderer().open(join(corpus, item.file), { megapixels: MEGAPIXELS }, calm);
  try {
    for (let pageNumber = 1; pageNumber <= document.pageCount; pageNumber++) {
      const image = await document.render(pageNumber, DPI, calm);
      const page = await recognize(image, counted.engine, { dpi: DPI, language: item.lang }, calm);
      pages.push(pageText(page));
    }
  } finally {
    await document.close();
    await engine.close();
  }
  writeFileSync(join(folder, `${item.id}.txt`), pages.join('\n\f'));
  return { calls: counted.count(), seconds: (performance.now() - started) / 1_000 };
}

function countCalls(engine: OcrEngine): { readonly engine: OcrEngine; count(): number } {
  let calls = 0;
  return {
    engine: {
      identity: engine.identity,
      recognize: (...call) => {
        calls++;
        return engine.recognize(...call);
      },
      close: () => engine.close(),
    },
    count: () => calls,
  };
}

async function readPlain(item: Item, { corpus, scratch }: AccuracyOptions, folder: string): Promise<void> {
  const images = makeFolder(join(scratch, `images-${item.id}`));
  const limits = { timeout: PAGE_TIMEOUT_MS * item.pages, maxBuffer: 64 * 1024 * 1024 };
  try {
    await run('pdftoppm', ['-r', String(DPI), join(corpus, item.file), join(images, 'page')], limits);
    const texts: string[] = [];
    // pdftoppm pads its numbers, so that names sort as pages do.
    for (const image of readdirSync(images).toSorted()) {
      const env = { ...process.env, OMP_THREAD_LIMIT: '1' };
      const { stdout } = await run('tesseract', [join(images, image), 'stdout', '-l', item.lang], { ...limits, env });
      texts.push(stdout.replaceAll('\f', ''));
    }
    writeFileSync(join(folder, `${item.id}.txt`), texts.join('\f'));
  } finally {
    rmSync(images, { recursive: true, force: true });
  }
}

async function evaluate(folder: string, items: readonly Item[], options: AccuracyOptions): Promise<Scores> {
  const evaluator = options.evaluator ?? resolve(PROJECT, '../shared/tools/ocr-eval');
  const result = join(options.scratch, 'scores.json');
  const ids = items.map(({ id }) => id).join(',');
  await run(evaluator, [
    '--manifest',
    join(options.corpus, 'manifest.json'),
    '--hyp',
    folder,
    '--ids',
    ids,
    '--json',
    result,
  ]);
  return JSON.parse(readFileSync(result, 'utf8')) as Scores;
}

function tabulate(
  items: readonly Item[],
  readings: ReadonlyMap<string, Reading>,
  ours: Scores,
  plain: Scores,
): BenchTable {
  const rows = items.map(({ id, pages }) => {
    const [our, other] = [ours.docs.find((doc) => doc.id === id), plain.docs.find((doc) => doc.id === id)];
    const reading = readings.get(id);
    const values = [pages, our?.cer, other?.cer, our?.wer, other?.wer, reading?.calls, reading?.seconds];
    return {
      what: id,
      values: values.map((value, at) => (value === undefined ? null : at > 0 && at < 5 ? value.toFixed(4) : value)),
    };
  });
  const worse = items.filter(({ id }) => excess(id, ours, plain) > GOAL_EXCESS).map(({ id }) => id);
  const [all, plainAll] = [ours.overall, plain.overall];
  return {
    title: 'Accuracy',
    method: `Share of characters (CER) and words (WER) that are wrong, against ground truth. Plain is tesseract on pdftoppm -r ${DPI}.`,
    columns: ['document', 'pages', 'CER', 'plain', 'WER', 'plain', 'calls', 's'],
    rows,
    findings: [
      `Over all pages ${all.cer_micro} of the characters are wrong (goal: at most ${GOAL}); plain ${plainAll.cer_micro}.`,
      `Over all pages ${all.wer_micro} of the words are wrong; plain ${plainAll.wer_micro}.`,
      worse.length === 0
        ? `No document is worse than plain by more than ${GOAL_EXCESS}.`
        : `Worse than plain by more than ${GOAL_EXCESS}: ${worse.join(', ')}.`,
    ],
  };
}

function excess(id: string, ours: Scores, plain: Scores): number {
  const [our, other] = [ours.docs.find((doc) => doc.id === id), plain.docs.find((doc) => doc.id === id)];
  return (our?.cer ?? 1) - (other?.cer ?? 1);
}

async function inParallel<T>(items: readonly T[], jobs: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

function makeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      jobs: { type: 'string', default: '2' },
      ids: { type: 'string' },
      corpus: { type: 'string', default: DEFAULT_CORPUS },
      evaluator: { type: 'string' },
      plain: { type: 'string' },
      output: { type: 'string' },
    },
  });
  const scratch = mkdtempSync(join(tmpdir(), 'accuracy-'));
  try {
    const tables = await benchAccuracy({
      corpus: resolve(values.corpus),
      jobs: Math.max(1, Number(values.jobs) || 1),
      scratch,
      say: (text) => console.error(`... ${text}`),
      ...(values.ids === undefined ? {} : { ids: values.ids.split(',') }),
      ...(values.evaluator === undefined ? {} : { evaluator: resolve(values.evaluator) }),
      ...(values.plain === undefined ? {} : { plainFolder: resolve(values.plain) }),
      ...(values.output === undefined ? {} : { outputFolder: resolve(values.output) }),
    });
    for (const table of tables) console.log(renderTable(table));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
