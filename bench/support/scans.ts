import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BenchOptions } from './options.ts';
import { measureSuccess, type Cost } from './measure.ts';

/** A scanned PDF to read. */
export interface Scan {
  readonly file: string;
  readonly pages: number;
  /** Whether its pages stand upright and straight, as plain Tesseract needs them. */
  readonly upright: boolean;
}

const TOOL_TIMEOUT_MS = 300_000;
const QUICK_SCANS = 2;
const TURNED = ['rotated-content', 'page-rotate-flag', 'skewed'];

/** English scans of the corpus in the order of its manifest. @throws {Error} there are none. */
export function findScans(options: BenchOptions): Scan[] {
  if (!existsSync(options.corpus)) throw new Error(`no scans at ${options.corpus}: name a folder of PDFs by --corpus`);
  const manifest = join(options.corpus, 'manifest.json');
  const scans = existsSync(manifest) ? readManifest(manifest, options.corpus) : readFolder(options.corpus);
  if (scans.length === 0) throw new Error(`no PDFs in ${options.corpus}`);
  if (!options.quick) return scans;
  return scans.filter((scan) => scan.upright && scan.pages <= 3).slice(0, QUICK_SCANS);
}

interface ManifestItem {
  readonly file: string;
  readonly pages: number;
  readonly lang: string;
  readonly features: readonly string[];
}

function readManifest(manifest: string, folder: string): Scan[] {
  const { items } = JSON.parse(readFileSync(manifest, 'utf8')) as { items: readonly ManifestItem[] };
  return items
    .filter((item) => item.lang === 'eng')
    .map((item) => ({
      file: join(folder, item.file),
      pages: item.pages,
      upright: !item.features.some((feature) => TURNED.includes(feature)),
    }));
}

/** Without a manifest all PDFs of the folder that qpdf can count the pages of are taken, as upright. */
function readFolder(folder: string): Scan[] {
  const scans: Scan[] = [];
  for (const name of readdirSync(folder).toSorted()) {
    if (!name.toLowerCase().endsWith('.pdf')) continue;
    const file = join(folder, name);
    const counted = spawnSync('qpdf', ['--show-npages', file], { encoding: 'utf8', timeout: TOOL_TIMEOUT_MS });
    const pages = Number(counted.stdout);
    if (pages > 0) scans.push({ file, pages, upright: true });
  }
  return scans;
}

/**
 * Copies scans to a folder of their own, so that every program is given the same; so many times, each copy with other
 * bytes, so that no program takes one for another.
 */
export function copyScans(scans: readonly Scan[], folder: string, copies = 1): string[] {
  mkdirSync(folder, { recursive: true });
  return Array.from({ length: copies }, (_, index) => index + 1).flatMap((number) =>
    scans.map((scan) => {
      const copy = join(
        folder,
        number === 1 ? basename(scan.file) : `${basename(scan.file, '.pdf')}-copy-${number}.pdf`,
      );
      cpSync(scan.file, copy);
      if (number > 1) appendFileSync(copy, `% copy ${number}\n`);
      return copy;
    }),
  );
}

/** Joins scans into one document with qpdf. */
export async function joinScans(scans: readonly Scan[], target: string): Promise<void> {
  const args = ['--empty', '--pages', ...scans.map((scan) => scan.file), '--', target];
  // 3: done, with warnings.
  await measureSuccess({ program: 'qpdf', args, timeoutMs: TOOL_TIMEOUT_MS }, [0, 3]);
}

/** Draws all pages in grey at 300 dpi with pdftoppm; gives the images and what it cost. */
export async function drawPages(
  pdfs: readonly string[],
  folder: string,
  jobs: number,
): Promise<{ readonly images: readonly string[]; readonly cost: Cost }> {
  mkdirSync(folder, { recursive: true });
  const draw = 'pdftoppm -r 300 -gray "$1" "$2/$(basename "$1" .pdf)"';
  const cost = await forEachFile(pdfs, jobs, ['sh', '-c', draw, 'sh', '{}', folder]);
  const images = readdirSync(folder).toSorted();
  return { images: images.map((name) => join(folder, name)), cost };
}

/** The same images so many times, each under a name of its own: what is written beside one is not written twice. */
export function repeatImages(images: readonly string[], copies: number): string[] {
  return Array.from({ length: copies }, (_, index) => index + 1).flatMap((number) =>
    images.map((image) => {
      if (number === 1) return image;
      const copy = image.replace(/(\.\w+)$/, `-copy-${number}$1`);
      linkSync(image, copy);
      return copy;
    }),
  );
}

/** Runs a command for each file, `{}` standing for it, so many at once, by xargs. Output is thrown away. */
export async function forEachFile(files: readonly string[], jobs: number, command: readonly string[]): Promise<Cost> {
  const script = `jobs=$1; count=$2; shift 2; files=("\${@:1:count}"); shift "$count"
    printf '%s\\0' "\${files[@]}" | xargs -0 -P "$jobs" -I{} "$@" >/dev/null`;
  const args = ['-c', script, 'bash', String(jobs), String(files.length), ...files, ...command];
  return await measureSuccess({ program: 'bash', args, timeoutMs: 2 * 3600_000 });
}
