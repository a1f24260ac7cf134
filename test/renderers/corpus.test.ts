import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PageImage } from '../../src/core/page.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { requireCorpus, requireTools } from '../support/requires.ts';
import { levelAt } from '../conformance/page-renderer-samples.ts';
import { HANG_MS } from '../support/hang.ts';

const CALM = new AbortController().signal;
const poppler = requireTools(['pdftoppm', 'pdfimages']);
const accuracy = requireCorpus('accuracy');
const robustness = requireCorpus('robustness');

/** Scans that lie on their page as they are, by format: pixels must be those that pdfimages extracts. */
const PLAIN_SCANS = [
  'dev-linn',
  'dev-linn-jbig2',
  'dev-linn-ccitt',
  'dev-bebel-1879',
  'dev-unlv-8087',
  'dev-synth-jose',
  'dev-synth-jacow-2col',
  'dev-oldbook-e-200',
  'dev-ehri-de-1375B310',
  'dev-phototest',
  'dev-spread-c',
];

async function render(file: string, pageNumber: number): Promise<PageImage> {
  const document = await createPdfjsRenderer().open(file, { megapixels: 100 }, CALM);
  try {
    return await document.render(pageNumber, 300, CALM);
  } finally {
    await document.close();
  }
}

interface Grid {
  readonly widthPx: number;
  readonly heightPx: number;
  level(x: number, y: number): number;
}

/** A PBM, PGM or PPM as poppler writes them; colours by their mean. */
function parsePnm(bytes: Buffer): Grid {
  const [header = '', kind, width, height] =
    /^P([456])\s(\d+) (\d+)\s(?:255\s)?/u.exec(bytes.subarray(0, 40).toString('latin1')) ?? [];
  const bitsPerPixel = kind === '4' ? 1 : kind === '5' ? 8 : 24;
  const image = {
    widthPx: Number(width),
    heightPx: Number(height),
    bitsPerPixel,
    data: bytes.subarray(header.length),
  } as const;
  return { ...image, level: (x, y) => levelAt({ ...image, dpi: 0, toPoints: [1, 0, 0, 1, 0, 0] }, x, y) };
}

/** Means over a coarse grid: what a page looks like, whatever is done to single pixels. */
function summarize({ widthPx, heightPx, level }: Grid, columns = 24, rows = 32): number[] {
  const sums = new Float64Array(columns * rows);
  const counts = new Float64Array(columns * rows);
  for (let y = 0; y < heightPx; y += 2) {
    for (let x = 0; x < widthPx; x += 2) {
      const cell = Math.floor((y * rows) / heightPx) * columns + Math.floor((x * columns) / widthPx);
      sums[cell] = (sums[cell] ?? 0) + level(x, y);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return [...sums].map((sum, i) => sum / Math.max(1, counts[i] ?? 0));
}

describe.skipIf(accuracy.skip || poppler.skip)('the accuracy corpus', () => {
  it.each(PLAIN_SCANS)('%s gives the pixels that pdfimages extracts', async (name) => {
    const file = path.join(accuracy.folder, `${name}.pdf`);
    const folder = await mkdtemp(path.join(tmpdir(), 'pdfimages-'));
    try {
      spawnSync('pdfimages', ['-f', '1', '-l', '1', file, path.join(folder, 'i')], { timeout: HANG_MS });
      const [first = ''] = readdirSync(folder).sort();
      const expected = parsePnm(await readFile(path.join(folder, first)));
      const image = await render(file, 1);
      expect([image.widthPx, image.heightPx]).toEqual([expected.widthPx, expected.heightPx]);
      let differing = 0;
      for (let y = 0; y < image.heightPx; y++) {
        for (let x = 0; x < image.widthPx; x++) if (levelAt(image, x, y) !== expected.level(x, y)) differing++;
      }
      expect(differing).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  const files = accuracy.skip ? [] : readdirSync(accuracy.folder).filter((name) => name.endsWith('.pdf'));
  it.each(files)('%s looks as pdftoppm draws it', async (name) => {
    const file = path.join(accuracy.folder, name);
    const image = await render(file, 1);
    const drawn = spawnSync('pdftoppm', ['-r', String(image.dpi), '-f', '1', '-l', '1', '-cropbox', file], {
      maxBuffer: 200e6,
      timeout: HANG_MS,
    });
    const expected = parsePnm(drawn.stdout);
    expect(Math.abs(image.widthPx - expected.widthPx)).toBeLessThanOrEqual(1);
    expect(Math.abs(image.heightPx - expected.heightPx)).toBeLessThanOrEqual(1);
    const ours = summarize({ widthPx: image.widthPx, heightPx: image.heightPx, level: (x, y) => levelAt(image, x, y) });
    const theirs = summarize(expected);
    const mean = ours.reduce((sum, level, i) => sum + Math.abs(level - (theirs[i] ?? 999)), 0) / ours.length;
    expect(mean).toBeLessThan(3.5);
  });
});

interface FileReport {
  readonly file: string;
  readonly opened: string;
  readonly pages: readonly string[];
  readonly peakMiB: number;
}

/** Renders files in one process; its lines so far when it does not end in time. */
async function renderFiles(
  files: readonly string[],
  timeoutMs: number,
): Promise<{ reports: FileReport[]; stderr: string }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'render-files.ts'), ...files], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  await new Promise<void>((resolve) => child.on('close', () => resolve()));
  const lines = Buffer.concat(out).toString().split('\n').filter(Boolean);
  return { reports: lines.map((line) => JSON.parse(line) as FileReport), stderr: Buffer.concat(err).toString() };
}

describe.skipIf(robustness.skip)('the robustness corpus', () => {
  it('every file settles with pages or with an error of ours, one process survives them all, and nothing is printed', async () => {
    const files = readdirSync(robustness.folder)
      .filter((name) => name.endsWith('.pdf'))
      .sort()
      .map((name) => path.join(robustness.folder, name));
    const { reports, stderr } = await renderFiles(files, HANG_MS);
    expect(reports.map((report) => report.file)).toEqual(files);
    expect(stderr).toBe('');
    const isForeseen = ({ opened, pages }: FileReport): boolean =>
      opened === 'ok'
        ? pages.length > 0 &&
          pages.every((page) => /^(?:ok|PageError (?:PAGE_DAMAGED|PAGE_TOO_LARGE|IMAGE_UNREADABLE))$/u.test(page))
        : /^DocumentError PDF_(?:ENCRYPTED|NOT_A_PDF|EMPTY|DAMAGED|NO_PAGES)$/u.test(opened);
    expect(reports.filter((report) => !isForeseen(report))).toEqual([]);
    expect(reports.filter((report) => report.opened === 'ok').length).toBeGreaterThan(files.length / 2);
    expect(Math.max(...reports.map((report) => report.peakMiB))).toBeLessThan(1024);
  });
});
