import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PipelineError } from '../../src/core/errors.ts';
import type { Block, Line, PageResult, Word } from '../../src/core/page.ts';
import { requireAll, requireCorpus, requireLanguages, requireTools } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';
import { Scratch } from '../pdf/pdf-builder.ts';
import {
  ask,
  lineOf,
  makeSearchable,
  pagesOf,
  pixelsOf,
  pixelsToPoints,
  resultOf,
  word,
} from './searchable-pdf-samples.ts';

const poppler = requireTools(['qpdf', 'pdftotext', 'pdfinfo', 'pdftoppm']);

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => scratch.remove());

interface Item {
  readonly file: string;
  readonly category?: string;
}

function itemsOf(folder: string): Item[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { items: Item[] };
  return manifest.items;
}

const words = (text: string): string[] => text.split(/\s+/u).filter(Boolean);

const accuracy = requireCorpus('accuracy');
const scans = requireAll(poppler, accuracy, requireLanguages(['eng', 'deu']));

describe.skipIf(scans.skip)('real scans', () => {
  const DPI = 150;

  /** Reads the first page with Tesseract. */
  async function read(file: string, language: string): Promise<PageResult> {
    const [page] = await pagesOf(file);
    if (!page) throw new Error('no page');
    const image = scratch.path('page');
    ask('pdftoppm', '-r', String(DPI), '-gray', '-cropbox', '-l', '1', '-singlefile', file, image);
    const [, width, height] = readFileSync(`${image}.pgm`).subarray(0, 40).toString('latin1').split(/\s+/u).map(Number);
    const args = [`${image}.pgm`, '-', '-l', language, '--dpi', String(DPI), 'tsv'];
    const { stdout } = spawnSync('tesseract', args, {
      encoding: 'utf8',
      timeout: HANG_MS,
      maxBuffer: 1 << 26,
    });
    const blocks = blocksOf(stdout);
    const toPoints = pixelsToPoints(page, DPI);
    return { ...resultOf(1, []), image: { widthPx: width ?? 0, heightPx: height ?? 0, dpi: DPI, toPoints }, blocks };
  }

  function blocksOf(tsv: string): Block[] {
    const lines = new Map<string, Word[]>();
    for (const row of tsv.split('\n').slice(1)) {
      const cells = row.split('\t');
      const [left, top, width, height] = cells.slice(6, 10).map(Number);
      if (cells[0] !== '5' || !cells[11]?.trim() || left === undefined || top === undefined) continue;
      const key = cells.slice(1, 5).join('.');
      lines.set(key, [...(lines.get(key) ?? []), word(cells[11], left, top, left + (width ?? 0), top + (height ?? 0))]);
    }
    const box = [0, 0, 1, 1] as const;
    return [...lines.values()].map((line) => ({ box, paragraphs: [{ box, direction: 'ltr', lines: [lineOf(line)] }] }));
  }

  test.each([
    ['dev-oldbook-h.pdf', 'eng'],
    ['dev-linn-jbig2.pdf', 'eng'],
    ['dev-linn-skew.pdf', 'eng'],
    ['dev-oldbook-h-rotflag.pdf', 'eng'],
    ['dev-ehri-de-1375B310.pdf', 'deu'],
  ])('%s: the words come back in order, and the page looks the same', async (name, language) => {
    const source = join(accuracy.folder, name);
    const out = scratch.path('out.pdf');
    const result = await read(source, language);
    await makeSearchable(source, out, [result]);
    const shown = result.blocks.flatMap((block) =>
      block.paragraphs.flatMap(({ lines }) => lines.flatMap((line) => line.words)),
    );
    const found = ask('pdftotext', '-raw', '-l', '1', out, '-');
    expect(shown.length).toBeGreaterThan(100);
    expect(words(found.text)).toEqual(shown.map(({ text }) => text.normalize('NFC')));
    expect(found.complaints).toBe('');
    expect(pixelsOf(out, 1, 100)).toBe(pixelsOf(source, 1, 100));
    expect(ask('qpdf', '--check', out).status).toBeLessThanOrEqual(ask('qpdf', '--check', source).status ?? 0);
  });
});

const robustness = requireCorpus('robustness');
const odd = requireAll(poppler, robustness);

describe.skipIf(odd.skip)('odd and hostile files', () => {
  /** Files no reader here can draw, or that take readers minutes: nothing to compare. */
  const NOT_COMPARED =
    /^(?:bomb__|fuzzed__|huge-|many-pages|image-other__om-2400dpi|truncated__|trailer__rb-no_trailer)/u;
  /** Drawn otherwise once the file around it is sound: a font that is not embedded, a page tree that poppler found empty. */
  const DRAWN_BETTER = new Set([
    'trailer__fc-T04_006_premature-EOF.pdf',
    'trailer__fc-T04_011_trailer-no-root-key-value-pair.pdf',
    'page-tree__fc-T02-02_005_page-tree-no-kids.pdf',
  ]);
  /** Its header stands just where poppler no longer looks for one and qpdf still does. */
  const BETWEEN = new Set(['header__rb-junk_prefix_1024.pdf']);

  /** Of 1 point by 1, where poppler reads no text; and a page tree that poppler finds empty. */
  const UNREADABLE = new Set(['tiny-page__gen-mediabox-1x1.pdf', 'page-tree__fc-T02-02_005_page-tree-no-kids.pdf']);

  const linesIn = (text: string): number => text.split('\n').filter(Boolean).length;

  async function sampleOf(file: string): Promise<PageResult[]> {
    const [page] = await pagesOf(file);
    if (!page) return [];
    const [left, bottom, right, top] = page.cropBox;
    const [width, height] = page.rotateDeg % 180 === 0 ? [right - left, top - bottom] : [top - bottom, right - left];
    const at = (text: string, x: number): Word => word(text, x * width, 0.2 * height, (x + 0.3) * width, 0.23 * height);
    const line: Line = lineOf([at('Zuerst', 0.1), at('ocrpipeline', 0.45)]);
    return [resultOf(1, [line], { toPoints: pixelsToPoints(page, 72) })];
  }

  const files = odd.skip
    ? []
    : itemsOf(robustness.folder)
        .map(({ file }) => file)
        .filter((file) => !NOT_COMPARED.test(file));

  test.each(files)('%s: is refused, or becomes no worse', async (name) => {
    const source = join(robustness.folder, name);
    let sample: PageResult[];
    try {
      sample = await sampleOf(source);
    } catch (error) {
      expect(error).toBeInstanceOf(PipelineError);
      return;
    }
    const out = scratch.path('out.pdf');
    await makeSearchable(source, out, sample);
    // In the order of the contents, since the words may lie across others of the page.
    const after = ask('pdftotext', '-raw', '-l', '1', out, '-');
    if (after.complaints)
      expect(linesIn(after.complaints)).toBeLessThanOrEqual(
        linesIn(ask('pdftotext', '-raw', '-l', '1', source, '-').complaints),
      );
    if (after.status === 0 && !UNREADABLE.has(name)) expect(after.text).toContain('ocrpipeline');
    if (!DRAWN_BETTER.has(name)) expect(pixelsOf(out, 1, 20)).toBe(pixelsOf(source, 1, 20));
    const check = ask('qpdf', '--check', out).status ?? 2;
    if (check > 0 && !BETWEEN.has(name)) expect(check).toBeLessThanOrEqual(ask('qpdf', '--check', source).status ?? 0);
  });
});
