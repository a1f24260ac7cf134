import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Matrix } from '../../src/core/geometry.ts';
import type { Line, PageResult, Word } from '../../src/core/page.ts';
import { writeSearchablePdf } from '../../src/formats/searchable-pdf.ts';
import { PdfFile, type PdfPage } from '../../src/pdf/pdf-file.ts';
import { HANG_MS } from '../support/hang.ts';
import { buildPdf, type BuildOptions, type SourceObject } from '../pdf/pdf-builder.ts';

const run = promisify(execFile);
const PDFJS = resolve(import.meta.dirname, '../../node_modules/pdfjs-dist/legacy/build/pdf.mjs');

/** What a reader said about a file. */
export interface Answer {
  readonly text: string;
  /** Every line of complaint; empty where the file is sound. */
  readonly complaints: string;
  readonly status: number | null;
}

/** Runs a tool on a file. */
export function ask(tool: string, ...args: readonly string[]): Answer {
  const timeout = HANG_MS;
  const { stdout, stderr, status, error } = spawnSync(tool, args, { encoding: 'utf8', timeout, maxBuffer: 1 << 28 });
  if (error) throw error;
  return { text: stdout, complaints: stderr, status };
}

/** What pdf.js finds on the pages, in a process of its own so that its warnings can be seen. */
export async function askPdfjs(file: string): Promise<{ pages: string[]; complaints: string[] }> {
  const script = `
    import { readFileSync } from 'node:fs';
    const complaints = [];
    console.log = console.warn = (...words) => complaints.push(words.join(' '));
    const pdfjs = await import(${JSON.stringify(PDFJS)});
    const task = pdfjs.getDocument({ data: new Uint8Array(readFileSync(process.argv[1])), verbosity: 1, useSystemFonts: false });
    const pdf = await task.promise;
    const pages = [];
    for (let n = 1; n <= pdf.numPages; n++) {
      const page = await pdf.getPage(n);
      await page.getOperatorList();
      pages.push((await page.getTextContent()).items.map((item) => item.str + (item.hasEOL ? '\\n' : '')).join(''));
    }
    process.stdout.write(JSON.stringify({ pages, complaints }), () => process.exit(0));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script, file], {
    timeout: HANG_MS,
    maxBuffer: 1 << 28,
  });
  const answer = JSON.parse(stdout) as { pages: string[]; complaints: string[] };
  // Of the machine, not of the file: no native canvas, no compiled decoder, no substitute fonts.
  const ofMachine = /@napi-rs\/canvas|polyfill|Falling back to JS|standardFontDataUrl|wasmUrl/u;
  return { ...answer, complaints: answer.complaints.filter((line) => !ofMachine.test(line)) };
}

/** A hash of the pages as poppler draws them. */
export function pixelsOf(file: string, lastPage: number, dpi = 50): string {
  const command = 'pdftoppm -r "$2" -l "$3" "$1" | sha256sum';
  return ask('sh', '-c', command, 'sh', file, String(dpi), String(lastPage)).text;
}

export function word(text: string, left: number, top: number, right: number, bottom: number): Word {
  return { text, box: [left, top, right, bottom], confidence: 90 };
}

/** A line around its words. */
export function lineOf(words: readonly Word[], baseline?: readonly [number, number]): Line {
  const side = (i: 0 | 1 | 2 | 3, pick: (...values: number[]) => number): number =>
    pick(...words.map(({ box }) => box[i]));
  return { box: [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)], words, baseline };
}

export interface ResultOptions {
  readonly toPoints?: Matrix;
  readonly direction?: 'ltr' | 'rtl';
  readonly more?: Partial<PageResult>;
}

/** A page that was read: 612 by 792 px at 72 dpi unless told. */
export function resultOf(pageNumber: number, lines: readonly Line[], options: ResultOptions = {}): PageResult {
  const box = [0, 0, 612, 792] as const;
  const paragraphs = lines.map((line) => ({ box, direction: options.direction ?? ('ltr' as const), lines: [line] }));
  return {
    pageNumber,
    state: 'done',
    image: { widthPx: 612, heightPx: 792, dpi: 72, toPoints: options.toPoints ?? [1, 0, 0, -1, 0, 792] },
    blocks: [{ box, paragraphs }],
    ...options.more,
  };
}

/** Two lines of words that name the page. */
export function sampleResult(pageNumber: number, options: ResultOptions = {}): PageResult {
  const words = [
    word('Seite', 72, 100, 140, 120),
    word(`nummer${pageNumber}`, 150, 100, 260, 120),
    word('Größe', 270, 100, 330, 120),
  ];
  return resultOf(
    pageNumber,
    [lineOf(words), lineOf([word('zweite', 72, 140, 130, 160), word('Zeile.', 140, 140, 200, 160)])],
    options,
  );
}

export async function* each(results: readonly PageResult[]): AsyncGenerator<PageResult> {
  yield* results;
}

/** Writes the searchable PDF of a source and checks that the source is its beginning. */
export async function makeSearchable(
  sourceFile: string,
  outFile: string,
  results: readonly PageResult[],
): Promise<void> {
  await writeSearchablePdf({ sourceFile, outFile, pages: each(results), signal: new AbortController().signal });
  await using pdf = await PdfFile.open(sourceFile);
  if (pdf.repaired) {
    await using made = await PdfFile.open(outFile);
    if (made.repaired || made.pageCount !== pdf.pageCount) throw new Error('the result is not sound');
    return;
  }
  const source = readFileSync(sourceFile);
  if (!readFileSync(outFile).subarray(0, source.length).equals(source)) throw new Error('the source is not a prefix');
}

/** Maps pixels of a page, drawn at a resolution as a viewer shows it, to its points. */
export function pixelsToPoints({ cropBox, rotateDeg }: Pick<PdfPage, 'cropBox' | 'rotateDeg'>, dpi: number): Matrix {
  const [left, bottom, right, top] = cropBox;
  const scale = 72 / dpi;
  if (rotateDeg === 90) return [0, scale, scale, 0, left, bottom];
  if (rotateDeg === 180) return [-scale, 0, 0, scale, right, bottom];
  if (rotateDeg === 270) return [0, -scale, -scale, 0, right, top];
  return [scale, 0, 0, -scale, left, top];
}

/** Pages of grey boxes, as scans are: an image each. Objects: 1 catalog, 2 page tree, then three a page. */
export function scanDocument(pageCount: number, pageEntries = '', options: BuildOptions = {}): Buffer {
  const objects: Record<number, SourceObject | string> = { 1: '<</Type /Catalog /Pages 2 0 R>>' };
  const kids: string[] = [];
  for (let n = 1; n <= pageCount; n++) {
    const page = 3 * n;
    kids.push(`${page} 0 R`);
    objects[page] =
      `<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${page + 1} 0 R /Resources <</XObject <</Im ${page + 2} 0 R>>>> ${pageEntries}>>`;
    objects[page + 1] = { body: '<<>>', stream: 'q 500 0 0 600 50 100 cm /Im Do Q' };
    const image =
      '<</Type /XObject /Subtype /Image /Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /FlateDecode>>';
    objects[page + 2] = { body: image, stream: Uint8Array.from({ length: 16 }, (_, i) => (i * 37 + n) & 255) };
  }
  objects[2] = `<</Type /Pages /Count ${pageCount} /Kids [${kids.join(' ')}]>>`;
  return buildPdf(objects, options);
}

/** Looks at the pages of a file. */
export async function pagesOf(file: string): Promise<PdfPage[]> {
  const pdf = await PdfFile.open(file);
  try {
    return await Promise.all(Array.from({ length: pdf.pageCount }, (_, i) => pdf.page(i + 1)));
  } finally {
    await pdf.close();
  }
}
