import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { RENDERER_VERSION, type OpenDocument } from '../../src/renderers/page-renderer.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { darkBox, levelAt, markedPage, samplePdf, scanPage, withFile } from '../conformance/page-renderer-samples.ts';
import { HANG_MS } from '../support/hang.ts';

const CALM = new AbortController().signal;
const WHITE_SCAN = '/Width 72/Height 72/BitsPerComponent 8/ColorSpace/DeviceGray';
const WHITE = new Uint8Array(72 * 72).fill(255);

function open<T>(bytes: Uint8Array, use: (document: OpenDocument) => Promise<T>, megapixels = 20): Promise<T> {
  return withFile(bytes, async (file) => {
    const document = await createPdfjsRenderer().open(file, { megapixels }, CALM);
    try {
      return await use(document);
    } finally {
      await document.close();
    }
  });
}

describe('the renderer', () => {
  it('names the versions of what decodes and draws, as results depend on them', () => {
    const { version } = createRequire(import.meta.url)('pdfjs-dist/package.json') as { version: string };
    expect(RENDERER_VERSION).toContain(`pdfjs-${version}`);
    expect(RENDERER_VERSION).toContain(`sharp-${sharp.versions.sharp}`);
  });

  it('does not load pdf.js for scans', async () => {
    const script = path.join(import.meta.dirname, 'render-files.ts');
    const run = (bytes: Uint8Array): Promise<unknown> =>
      withFile(bytes, async (file) => {
        const { stdout, stderr } = spawnSync(process.execPath, [script, file], { encoding: 'utf8', timeout: HANG_MS });
        expect(stderr).toBe('');
        return JSON.parse(stdout) as unknown;
      });
    const scan = scanPage(WHITE_SCAN, WHITE, { size: [72, 72] });
    expect(await run(samplePdf([scan]))).toMatchObject({ pages: ['ok', 'ok'], hasPdfjs: false });
    expect(await run(samplePdf([markedPage([0, 0, 72, 72], [9, 9, 20, 20])]))).toMatchObject({
      pages: ['ok', 'ok'],
      hasPdfjs: true,
    });
  });

  it('says what a file is that is no PDF', async () => {
    await expect(open(Buffer.from('<html><body>Log in'), async () => undefined)).rejects.toThrow(/web page/u);
  });

  it('draws a scan that has a stamp of an annotation, and not one that only has links', async () => {
    const stamp = '<</Type/Annot/Subtype/Square/Rect[10 10 40 40]/C[0 0 0]/IC[0 0 0]/F 4>>';
    const link = '<</Type/Annot/Subtype/Link/Rect[10 10 40 40]/Border[0 0 9]/F 4>>';
    const hidden = stamp.replace('/F 4', '/F 2');
    const page = (annotation: string): Uint8Array =>
      samplePdf([scanPage(WHITE_SCAN, WHITE, { size: [72, 72], entries: `/Annots[${annotation}]` })]);
    await open(page(stamp), async (document) => {
      const image = await document.render(1, 144, CALM);
      expect(image.widthPx).toBe(144);
      expect(levelAt(image, 50, 94)).toBe(0);
    });
    for (const annotation of [link, hidden]) {
      await open(page(annotation), async (document) => {
        const image = await document.render(1, 144, CALM);
        expect([image.widthPx, levelAt(image, 25, 47)]).toEqual([72, 255]);
      });
    }
  });

  it('draws strips at their own resolution, and text over a scan at no less than asked', async () => {
    const strip = { dict: `${WHITE_SCAN}/Filter/FlateDecode`, data: deflateSync(WHITE) };
    const strips = 'q 72 0 0 36 0 36 cm /Im Do Q q 72 0 0 36 0 0 cm /Im Do Q';
    const pages = [
      { mediaBox: [0, 0, 72, 72], content: strips, image: strip },
      { mediaBox: [0, 0, 72, 72], content: `${strips} BT /F 9 Tf 9 9 Td (text) Tj ET`, image: strip },
    ];
    await open(samplePdf(pages), async (document) => {
      expect((await document.render(1, 300, CALM)).dpi).toBe(144);
      expect((await document.render(2, 300, CALM)).dpi).toBe(300);
      expect((await document.render(2, 100, CALM)).dpi).toBe(144);
    });
  });

  it('draws a white scan as white: that is no failure', async () => {
    const tilted = scanPage(WHITE_SCAN, WHITE, { size: [72, 72], matrix: '70 5 -5 70 5 0' });
    await open(samplePdf([tilted]), async (document) => {
      expect(darkBox(await document.render(1, 72, CALM))[0]).toBe(Infinity);
    });
  });

  it('draws from a copy of the page where pdf.js cannot read the file', async () => {
    const text = Buffer.from(samplePdf([markedPage([0, 0, 72, 72], [9, 9, 20, 20])])).toString('latin1');
    // A page tree that leads in a circle before it comes to the page.
    const looped = text.replace('/Kids[4 0 R]', '/Kids[2 0 R 4 0 R]').replace(/startxref\n\d+/u, 'startxref\n0');
    await open(Buffer.from(looped, 'latin1'), async (document) => {
      expect(document.pageCount).toBe(1);
      expect(darkBox(await document.render(1, 72, CALM))).toEqual([9, 52, 20, 63]);
    });
  });

  it('tells of content that is not in the file instead of giving an empty page', async () => {
    const text = Buffer.from(samplePdf([markedPage([0, 0, 72, 72], [9, 9, 20, 20])])).toString('latin1');
    await open(Buffer.from(text.replace('/Contents 5 0 R', '/Contents 7 0 R'), 'latin1'), async (document) => {
      await expect(document.render(1, 72, CALM)).rejects.toMatchObject({ code: 'PAGE_DAMAGED' });
    });
  });

  it('refuses pages that cannot be drawn legibly within the limit', async () => {
    await open(samplePdf([markedPage([0, 0, 1e6, 1e6], [0, 0, 1, 1])]), async (document) => {
      await expect(document.render(1, 300, CALM)).rejects.toMatchObject({ code: 'PAGE_TOO_LARGE' });
    });
  });

  it('draws in bands what is too high for one canvas, without seams', async () => {
    const mark = [100, 1000, 1100, 3900];
    await open(
      samplePdf([markedPage([0, 0, 1200, 4000], mark)]),
      async (document) => {
        const image = await document.render(1, 200, CALM);
        expect(image.widthPx * image.heightPx).toBeGreaterThan(32e6);
        const [left, top, right, bottom] = darkBox(image);
        expect([left, top, right, bottom].map((edge) => Math.round((edge * 72) / 200))).toEqual([100, 100, 1100, 3000]);
        const middle = Math.floor((left + right) / 2);
        for (let y = top + 1; y < bottom - 1; y++)
          if (levelAt(image, middle, y) !== 0) throw new Error(`seam at row ${y}`);
      },
      60,
    );
  });

  it('honours units of the page other than points', async () => {
    await open(samplePdf([markedPage([0, 0, 72, 72], [36, 36, 72, 72], '/UserUnit 2')]), async (document) => {
      const image = await document.render(1, 100, CALM);
      expect([image.widthPx, image.heightPx]).toEqual([200, 200]);
      expect(image.toPoints[0]).toBeCloseTo(0.36, 9);
    });
  });
});
