import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { measureSuccess, type Cost } from './measure.ts';
import { OURS } from './options.ts';
import { forEachFile } from './scans.ts';

const RUN_TIMEOUT_MS = 2 * 3600_000;

/** Reads ready page images by one `tesseract` process a page, so many at once: the work nobody can do without. */
export async function readImages(images: readonly string[], jobs: number): Promise<Cost> {
  return await forEachFile(images, jobs, ['tesseract', '{}', '{}', '-l', 'eng', '--dpi', '300']);
}

/** Options of OCRmyPDF by what they mean. */
export const OCRMYPDF_WAYS = {
  /** The fewest steps that give a searchable PDF: no PDF/A, no optimisation. */
  least: ['--output-type', 'pdf', '--optimize', '0'],
  /** As it comes. */
  plain: [],
  /** Pages turned and straightened, otherwise the fewest steps. */
  straighten: ['--output-type', 'pdf', '--optimize', '0', '--rotate-pages', '--deskew'],
} as const;

/** Makes text and searchable PDF of each document by OCRmyPDF: `atOnce` documents, each with `jobs` processes. */
export async function readByOcrmypdf(
  pdfs: readonly string[],
  output: string,
  way: keyof typeof OCRMYPDF_WAYS,
  jobs: number,
  atOnce = 1,
): Promise<Cost> {
  mkdirSync(output, { recursive: true });
  const script =
    'file=$1; out="$2/$(basename "$1" .pdf)"; shift 2; exec ocrmypdf "$@" --sidecar "$out.txt" "$file" "$out.pdf"';
  const options = ['-q', '-l', 'eng', '--skip-text', '--jobs', String(jobs), ...OCRMYPDF_WAYS[way]];
  return await forEachFile(pdfs, atOnce, ['sh', '-c', script, 'sh', '{}', output, ...options]);
}

export interface OurOptions {
  readonly input: string;
  /** A folder for the output and the run folders; must be new, so that nothing is known from before. */
  readonly folder: string;
  readonly jobs: number;
  readonly formats?: string;
  readonly engine?: 'tesseract' | 'tesseract.js' | 'null';
  /** 65 too is a success: some documents of the input cannot be read. */
  readonly mayFail?: boolean;
}

/** Runs our own program on a folder or a file. */
export async function readByUs(options: OurOptions): Promise<Cost> {
  const { input, folder, jobs, formats = 'txt,pdf', engine = 'tesseract', mayFail = false } = options;
  const places = ['--input', input, '--output', join(folder, 'out'), '--work-dir', join(folder, 'runs')];
  const how = ['--lang', 'eng', '--engine', engine, '--formats', formats, '--jobs', String(jobs), '--progress', 'none'];
  return await measureSuccess(
    { program: OURS.program, args: [...OURS.args, 'run', ...places, ...how], timeoutMs: RUN_TIMEOUT_MS },
    mayFail ? [0, 65] : [0],
  );
}
