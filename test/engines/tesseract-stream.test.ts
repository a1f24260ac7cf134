import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PageImage, RecognizedPage } from '../../src/core/page.ts';
import type { OcrEngine, RecognizeOptions } from '../../src/engines/ocr-engine.ts';
import { openNativeTesseract } from '../../src/engines/tesseract-native.ts';
import { TesseractStream } from '../../src/engines/tesseract-stream.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import {
  findTool,
  requireAll,
  requireCorpus,
  requireLanguages,
  requireThat,
  requireTools,
} from '../support/requires.ts';
import { writeSwitchedTesseract } from './switched-tesseract.ts';
import { drawTextPage, STORY, toBits } from './text-page.ts';

const streams = requireAll(
  requireThat(process.platform === 'linux', 'only Linux opens /dev/fd anew'),
  requireTools(['stdbuf']),
  requireLanguages(['eng']),
);
const corpus = requireCorpus('accuracy');
const OPTIONS: RecognizeOptions = { pageSegMode: 3, mayBeInverted: false };
const CALM_MS = 60_000;

describe.skipIf(streams.skip)('a Tesseract process that reads page after page', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stream-'));
    await writeFile(join(folder, 'behaviour'), 'work');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function withEngine<T>(use: (engine: OcrEngine) => Promise<T>): Promise<T> {
    const program = await writeSwitchedTesseract(folder);
    const engine = await openNativeTesseract(program, 'eng', AbortSignal.timeout(CALM_MS));
    try {
      return await use(engine);
    } finally {
      await engine.close();
    }
  }

  async function readAll(pages: readonly PageImage[]): Promise<RecognizedPage[]> {
    return await withEngine(async (engine) => {
      const read: RecognizedPage[] = [];
      for (const page of pages) read.push(await engine.recognize(page, OPTIONS, AbortSignal.timeout(CALM_MS)));
      return read;
    });
  }

  /** Each page by a process of its own: no other survives its start. */
  async function readAlone(pages: readonly PageImage[]): Promise<RecognizedPage[]> {
    await writeFile(join(folder, 'behaviour'), 'crash-stream');
    const read = await readAll(pages);
    await writeFile(join(folder, 'behaviour'), 'work');
    return read;
  }

  test('gives each page the same, to the last digit, as a process of its own does, in any order', async () => {
    const pages = [...(await samplePages()), ...(corpus.skip ? [] : await corpusPages())];
    const alone = await readAlone(pages);
    expect(JSON.stringify(alone)).toContain('lighthouse');
    expect(await readAll(pages)).toEqual(alone);
    expect((await readAll(pages.toReversed())).toReversed()).toEqual(alone);
  });

  test(
    'is told the resolution of each page',
    async () => {
      const [page] = await samplePages();
      const alike = [{ ...page!, dpi: 100 }, { ...page!, dpi: 600 }, page!];
      expect(await readAll(alike)).toEqual(await readAlone(alike));
    },
    CALM_MS,
  );

  test(
    'that ends over a page leaves it to a process of its own',
    async () => {
      const [first, second] = (await samplePages()) as [PageImage, PageImage];
      const alone = await readAlone([first, second]);
      await withEngine(async (engine) => {
        expect(await engine.recognize(first, OPTIONS, AbortSignal.timeout(CALM_MS))).toEqual(alone[0]);
        await writeFile(join(folder, 'behaviour'), 'crash-stream');
        expect(await engine.recognize(second, OPTIONS, AbortSignal.timeout(CALM_MS))).toEqual(alone[1]);
        await writeFile(join(folder, 'behaviour'), 'work');
        expect(await engine.recognize(first, OPTIONS, AbortSignal.timeout(CALM_MS))).toEqual(alone[0]);
      });
    },
    CALM_MS,
  );

  test(
    'is one process for many pages, and gone once it is closed',
    async () => {
      const settings = ['-l', 'eng', '-c', 'tessedit_create_hocr=1'];
      const calm = AbortSignal.timeout(CALM_MS);
      const stream = await TesseractStream.start(findTool('tesseract') ?? '', settings, 1e6, calm);
      expect(stream?.usable).toBe(true);
      const [page] = await samplePages();
      // The probe was its first page: its pages are numbered from 1.
      for (const number of [2, 3]) expect(await stream?.read(page!, calm)).toContain(`id='page_${number}'`);
      await stream?.[Symbol.asyncDispose]();
      expect(stream?.usable).toBe(false);
    },
    CALM_MS,
  );

  test(
    'that writes more than is allowed is ended',
    async () => {
      const settings = ['-l', 'eng', '-c', 'tessedit_create_hocr=1'];
      const calm = AbortSignal.timeout(CALM_MS);
      // The probe fits, the page does not.
      const stream = await TesseractStream.start(findTool('tesseract') ?? '', settings, 1_500, calm);
      const [page] = await samplePages();
      expect(await stream?.read(page!, calm)).toBeUndefined();
      expect(stream?.usable).toBe(false);
      await stream?.[Symbol.asyncDispose]();
    },
    CALM_MS,
  );
});

async function samplePages(): Promise<PageImage[]> {
  const small = { widthPt: 350, heightPt: 120, topPt: 40, leftPt: 20 };
  const grey = await drawTextPage({ ...small, dpi: 200, lines: STORY.slice(0, 3) });
  const bits = toBits(await drawTextPage({ ...small, dpi: 301, lines: STORY.slice(3, 6) }));
  const rgb = new Uint8Array(grey.data.length * 3);
  for (const [at, light] of grey.data.entries()) rgb.fill(light, at * 3, at * 3 + 3);
  const white = { ...grey, data: new Uint8Array(grey.data.length).fill(255) };
  return [grey, bits, { ...grey, bitsPerPixel: 24, data: rgb }, white, await drawTextPage({ lines: STORY, dpi: 150 })];
}

async function corpusPages(): Promise<PageImage[]> {
  const pages: PageImage[] = [];
  const calm = AbortSignal.timeout(CALM_MS);
  for (const name of ['dev-oldbook-h', 'dev-ehri-en-19390519']) {
    const document = await createPdfjsRenderer().open(join(corpus.folder, `${name}.pdf`), { megapixels: 100 }, calm);
    try {
      for (const pageNumber of [1, 2]) pages.push(await document.render(pageNumber, 300, calm));
    } finally {
      await document.close();
    }
  }
  return pages;
}
