import { expect } from 'vitest';
import { PipelineError } from '../../src/core/errors.ts';
import { mapBox } from '../../src/core/geometry.ts';
import { wordsOf } from '../../src/core/page.ts';
import type { OpenDocument, PageRenderer } from '../../src/renderers/page-renderer.ts';
import {
  darkBox,
  levelAt,
  lockedPdf,
  markedPage,
  samplePdf,
  scanPage,
  withFile,
  type SamplePage,
} from './page-renderer-samples.ts';

/** One promise of the interface. `run` throws where the renderer does not keep it. */
export interface RendererCase {
  readonly name: string;
  run(renderer: PageRenderer): Promise<void>;
}

const LIMITS = { megapixels: 20 };
const CALM = new AbortController().signal;

function withDocument<T>(
  renderer: PageRenderer,
  bytes: Uint8Array,
  use: (document: OpenDocument) => Promise<T>,
): Promise<T> {
  return withFile(bytes, async (file) => {
    const document = await renderer.open(file, LIMITS, CALM);
    try {
      return await use(document);
    } finally {
      await document.close();
    }
  });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PipelineError);
  return (error as PipelineError).code;
}

function openCode(renderer: PageRenderer, bytes: Uint8Array): Promise<string> {
  return codeOf(withDocument(renderer, bytes, async () => undefined));
}

/** Renders a page with a black mark and checks that `toPoints` brings the dark pixels back to where the mark is. */
async function checkMark(
  renderer: PageRenderer,
  page: SamplePage,
  mark: readonly number[],
  dpi: number,
): Promise<void> {
  await withDocument(renderer, samplePdf([page]), async (document) => {
    const image = await document.render(1, dpi, CALM);
    const found = mapBox(image.toPoints, darkBox(image));
    const onePixelPt = 72 / image.dpi;
    for (const [i, edge] of mark.entries()) {
      expect(Math.abs((found[i] as number) - edge), `edge ${i} at ${dpi} dpi`).toBeLessThanOrEqual(onePixelPt * 1.01);
    }
  });
}

const MARK = [20, 60, 50, 80];
/** Eight by four pixels, each row another pattern; 1 is white, as PDF's grey has it. */
const BITS = Uint8Array.of(0b01111111, 0b00111110, 0b11111101, 0b11100011);
const BITS_DICT = '/Width 8/Height 4/BitsPerComponent 1/ColorSpace/DeviceGray';

const GEOMETRY_CASES: readonly RendererCase[] = [
  {
    name: 'pixels = points x dpi / 72, at most one more',
    async run(renderer) {
      const page = markedPage([0, 0, 100.4, 200.7], MARK);
      await withDocument(renderer, samplePdf([page]), async (document) => {
        for (const dpi of [72, 150, 300]) {
          const image = await document.render(1, dpi, CALM);
          expect(image.dpi).toBe(dpi);
          expect(Math.abs(image.widthPx - (100.4 * dpi) / 72)).toBeLessThanOrEqual(1);
          expect(Math.abs(image.heightPx - (200.7 * dpi) / 72)).toBeLessThanOrEqual(1);
          expect(image.data).toHaveLength((image.widthPx * image.heightPx * image.bitsPerPixel) / 8);
        }
      });
    },
  },
  {
    name: 'toPoints leads from pixels to user space, however the page is turned and cropped',
    async run(renderer) {
      for (const turn of [0, 90, 180, 270]) {
        await checkMark(renderer, markedPage([0, 0, 100, 200], MARK, `/Rotate ${turn}`), MARK, 144);
        const cropped = markedPage([-50, -50, 150, 250], MARK, `/CropBox[10 20 90 180]/Rotate ${turn}`);
        await checkMark(renderer, cropped, MARK, 100);
      }
    },
  },
  {
    name: 'a quarter turn exchanges width and height',
    async run(renderer) {
      await withDocument(renderer, samplePdf([markedPage([0, 0, 100, 200], MARK, '/Rotate 90')]), async (document) => {
        const { widthPx, heightPx } = await document.render(1, 72, CALM);
        expect([widthPx, heightPx]).toEqual([200, 100]);
      });
    },
  },
  {
    name: 'a page larger than the limit is drawn at a lower resolution, which is told',
    async run(renderer) {
      await checkMark(renderer, markedPage([0, 0, 3000, 3000], [300, 300, 900, 900]), [300, 300, 900, 900], 300);
      await withDocument(renderer, samplePdf([markedPage([0, 0, 3000, 3000], MARK)]), async (document) => {
        const image = await document.render(1, 300, CALM);
        expect(image.dpi).toBeLessThan(300);
        expect(image.widthPx * image.heightPx).toBeLessThanOrEqual(LIMITS.megapixels * 1e6);
        expect(Math.abs(image.widthPx - (3000 * image.dpi) / 72)).toBeLessThanOrEqual(1);
      });
    },
  },
];

const SCAN_CASES: readonly RendererCase[] = [
  {
    name: 'a scan gives its own pixels: 1-bit stays 1-bit',
    async run(renderer) {
      await withDocument(renderer, samplePdf([scanPage(BITS_DICT, BITS)]), async (document) => {
        const image = await document.render(1, 300, CALM);
        expect([image.widthPx, image.heightPx, image.bitsPerPixel, image.dpi]).toEqual([8, 4, 1, 8]);
        expect([...image.data]).toEqual([...BITS].map((byte) => byte ^ 0xff));
      });
    },
  },
  {
    name: 'a scan turned or mirrored by its matrix or its page comes out as a viewer shows it',
    async run(renderer) {
      // The one black pixel of a white 4 x 2 image is its top left one.
      const corner = Uint8Array.of(0, 255, 255, 255, 255, 255, 255, 255);
      const dict = '/Width 4/Height 2/BitsPerComponent 8/ColorSpace/DeviceGray';
      const upright = { size: [72, 36] as const };
      const expected: readonly (readonly [page: SamplePage, x: number, y: number])[] = [
        [scanPage(dict, corner, upright), 0, 0],
        [scanPage(dict, corner, { ...upright, matrix: '72 0 0 -36 0 36' }), 0, 1],
        [scanPage(dict, corner, { ...upright, matrix: '-72 0 0 36 72 0' }), 3, 0],
        [scanPage(dict, corner, { ...upright, entries: '/Rotate 180' }), 3, 1],
        [scanPage(dict, corner, { ...upright, entries: '/Rotate 90' }), 1, 0],
        [scanPage(dict, corner, { ...upright, entries: '/Rotate 270' }), 0, 3],
        [scanPage(dict, corner, { size: [36, 72], matrix: '0 72 -36 0 36 0' }), 0, 3],
        [scanPage(dict, corner, { size: [36, 72], matrix: '0 -72 36 0 0 72' }), 1, 0],
      ];
      for (const [page, x, y] of expected) {
        await withDocument(renderer, samplePdf([page]), async (document) => {
          const image = await document.render(1, 300, CALM);
          expect(image.widthPx * image.heightPx).toBe(8);
          expect(darkBox(image), `${page.content} ${page.entries ?? ''}`).toEqual([x, y, x + 1, y + 1]);
        });
      }
    },
  },
  {
    name: 'toPoints leads from the pixels of a scan to where they lie on the page',
    async run(renderer) {
      const pixels = new Uint8Array(40 * 20).fill(255);
      for (let y = 5; y < 9; y++) pixels.fill(0, y * 40 + 10, y * 40 + 22);
      const dict = '/Width 40/Height 20/BitsPerComponent 8/ColorSpace/DeviceGray';
      for (const turn of [0, 90, 180, 270]) {
        // Of 40 x 20 pixels on 80 x 40 points, at 10, 10: the mark is at pixels 10-22 from the left, 5-9 from the top.
        const page = scanPage(dict, pixels, { size: [100, 60], matrix: '80 0 0 40 10 10', entries: `/Rotate ${turn}` });
        await checkMark(renderer, page, [30, 32, 54, 40], 36);
      }
    },
  },
  {
    name: 'grey stays grey, RGB without colour becomes grey, colour stays',
    async run(renderer) {
      const rgb = '/Width 2/Height 1/BitsPerComponent 8/ColorSpace/DeviceRGB';
      const pages = [
        scanPage('/Width 2/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray', Uint8Array.of(7, 200)),
        scanPage(rgb, Uint8Array.of(7, 7, 7, 200, 200, 200)),
        scanPage(rgb, Uint8Array.of(7, 8, 9, 200, 100, 50)),
      ];
      await withDocument(renderer, samplePdf(pages), async (document) => {
        const images = [
          await document.render(1, 300, CALM),
          await document.render(2, 300, CALM),
          await document.render(3, 300, CALM),
        ];
        expect(images.map((image) => image.bitsPerPixel)).toEqual([8, 8, 24]);
        expect(images.map((image) => [...image.data])).toEqual([
          [7, 200],
          [7, 200],
          [7, 8, 9, 200, 100, 50],
        ]);
      });
    },
  },
  {
    name: 'what is painted over a scan is on the image',
    async run(renderer) {
      const white = new Uint8Array(100 * 50).fill(255);
      const dict = '/Width 100/Height 50/BitsPerComponent 8/ColorSpace/DeviceGray';
      await withDocument(
        renderer,
        samplePdf([scanPage(dict, white, { after: '0 g 18 9 36 18 re f' })]),
        async (document) => {
          const image = await document.render(1, 100, CALM);
          expect(levelAt(image, Math.floor(image.widthPx / 2), Math.floor(image.heightPx / 2))).toBe(0);
          expect(levelAt(image, 1, 1)).toBe(255);
        },
      );
    },
  },
];

const ORDER_CASES: readonly RendererCase[] = [
  {
    name: 'same input, same bytes: again, after other pages, and after opening again',
    async run(renderer) {
      const pages = [
        markedPage([0, 0, 100, 100], MARK),
        scanPage(BITS_DICT, BITS),
        markedPage([0, 0, 90, 80], [10, 10, 70, 70]),
      ];
      await withDocument(renderer, samplePdf(pages), async (document) => {
        const first = [
          await document.render(1, 150, CALM),
          await document.render(2, 150, CALM),
          await document.render(3, 150, CALM),
        ];
        expect(await document.render(2, 150, CALM)).toEqual(first[1]);
        expect(await document.render(1, 150, CALM)).toEqual(first[0]);
        await withDocument(renderer, samplePdf(pages), async (again) => {
          expect(await again.render(3, 150, CALM)).toEqual(first[2]);
        });
      });
    },
  },
  {
    name: 'pageCount is what can be reached, not what the file claims',
    async run(renderer) {
      const page = markedPage([0, 0, 100, 100], MARK);
      await withDocument(renderer, samplePdf([page, page], 1_000_000), async (document) => {
        expect(document.pageCount).toBe(2);
        expect(await codeOf(document.render(3, 72, CALM))).toBe('PAGE_DAMAGED');
      });
    },
  },
  {
    name: 'an aborted call rejects, and the document can be used and closed after it',
    async run(renderer) {
      await withDocument(renderer, samplePdf([markedPage([0, 0, 100, 100], MARK)]), async (document) => {
        const stopped = AbortSignal.abort(new Error('stopped'));
        await expect(document.render(1, 72, stopped)).rejects.toThrow('stopped');
        await expect(document.readText(1, stopped)).rejects.toThrow('stopped');
        const underWay = new AbortController();
        const rendering = document.render(1, 300, underWay.signal);
        underWay.abort(new Error('stopped'));
        await rendering.then(
          (image) => expect(image.widthPx).toBe(417),
          (error: unknown) => expect(error).toHaveProperty('message', 'stopped'),
        );
        expect((await document.render(1, 72, CALM)).widthPx).toBe(100);
      });
    },
  },
];

const ERROR_CASES: readonly RendererCase[] = [
  {
    name: 'what cannot be opened is a DocumentError with its code',
    async run(renderer) {
      expect(await openCode(renderer, new Uint8Array(0))).toBe('PDF_EMPTY');
      expect(await openCode(renderer, Buffer.from('<!DOCTYPE html><html><body>Sign in</body></html>'))).toBe(
        'PDF_NOT_A_PDF',
      );
      expect(await openCode(renderer, Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF', 'latin1'))).toBe('PDF_NOT_A_PDF');
      expect(await openCode(renderer, Buffer.from('%PDF-1.7\nnothing of a PDF follows'))).toBe('PDF_DAMAGED');
      expect(await openCode(renderer, samplePdf([]))).toBe('PDF_NO_PAGES');
      expect(await openCode(renderer, lockedPdf())).toBe('PDF_ENCRYPTED');
    },
  },
  {
    name: 'a file that is gone, or is a folder, is told as its own',
    async run(renderer) {
      expect(await codeOf(renderer.open('/nowhere/gone.pdf', LIMITS, CALM))).toBe('SOURCE_GONE');
      expect(await codeOf(renderer.open('/', LIMITS, CALM))).toBe('SOURCE_UNREADABLE');
    },
  },
  {
    name: 'an image too large costs its page only, with the numbers in the message',
    async run(renderer) {
      const bomb = scanPage('/Width 60000/Height 60000/BitsPerComponent 1/ColorSpace/DeviceGray', new Uint8Array(1000));
      await withDocument(renderer, samplePdf([bomb, scanPage(BITS_DICT, BITS)]), async (document) => {
        const failing = document.render(1, 300, CALM);
        expect(await codeOf(failing)).toBe('PAGE_TOO_LARGE');
        await expect(failing).rejects.toThrow(/60000 x 60000/u);
        expect((await document.render(2, 300, CALM)).widthPx).toBe(8);
      });
    },
  },
  {
    name: 'a scan that cannot be decoded is an error, not a blank page',
    async run(renderer) {
      const broken: SamplePage = {
        mediaBox: [0, 0, 72, 72],
        content: '72 0 0 72 0 0 cm /Im Do',
        image: {
          dict: '/Width 100/Height 100/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode',
          data: Buffer.from('this is no JPEG'),
        },
      };
      await withDocument(renderer, samplePdf([broken]), async (document) => {
        expect(await codeOf(document.render(1, 72, CALM))).toBe('IMAGE_UNREADABLE');
      });
    },
  },
];

const TEXT_CASES: readonly RendererCase[] = [
  {
    name: 'readText gives words in order, with boxes where they stand',
    async run(renderer) {
      const content = 'BT /F 20 Tf 20 150 Td (Two words) Tj 0 -100 Td (below) Tj ET';
      await withDocument(renderer, samplePdf([{ mediaBox: [0, 0, 200, 200], content }]), async (document) => {
        const text = await document.readText(1, CALM);
        const words = [...wordsOf(text)];
        expect(words.map((word) => word.text)).toEqual(['Two', 'words', 'below']);
        expect(text).toMatchObject({ lineCount: 2, visibleCharacters: 13, invisibleCharacters: 0, imageShare: 0 });
        expect([text.image.widthPx, text.image.heightPx]).toEqual([200, 200]);
        const [left, top, right, bottom] = words[2]?.box ?? [0, 0, 0, 0];
        expect(left).toBeCloseTo(20, 0);
        expect(top).toBeGreaterThan(125);
        expect(bottom).toBeLessThan(160);
        // Helvetica's advance widths of "below" at 20 points.
        expect(right - left).toBeCloseTo(0.02 * (556 + 556 + 222 + 556 + 722), 0);
      });
    },
  },
  {
    name: 'readText tells invisible text and the share of images',
    async run(renderer) {
      const ocr = 'BT 3 Tr /F 9 Tf 10 20 Td (read before) Tj ET';
      const pages = [
        scanPage(BITS_DICT, BITS, { after: ocr }),
        scanPage(BITS_DICT, BITS),
        { mediaBox: [0, 0, 72, 36], content: '' },
      ];
      await withDocument(renderer, samplePdf(pages), async (document) => {
        const texts = [
          await document.readText(1, CALM),
          await document.readText(2, CALM),
          await document.readText(3, CALM),
        ];
        expect(texts.map((text) => text.invisibleCharacters)).toEqual([10, 0, 0]);
        expect(texts.map((text) => text.visibleCharacters)).toEqual([0, 0, 0]);
        expect(texts.map((text) => Math.round(text.imageShare))).toEqual([1, 1, 0]);
        expect((await document.render(1, 300, CALM)).bitsPerPixel).toBe(1);
      });
    },
  },
];

export const PAGE_RENDERER_CASES: readonly RendererCase[] = [
  ...GEOMETRY_CASES,
  ...SCAN_CASES,
  ...ORDER_CASES,
  ...ERROR_CASES,
  ...TEXT_CASES,
];
