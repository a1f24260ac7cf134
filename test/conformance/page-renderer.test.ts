import { describe, expect, it } from 'vitest';
import { IDENTITY } from '../../src/core/geometry.ts';
import type { PageImage } from '../../src/core/page.ts';
import type { OpenDocument, PageRenderer } from '../../src/renderers/page-renderer.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { PAGE_RENDERER_CASES } from './page-renderer-cases.ts';
import { describePageRenderer } from './page-renderer.ts';

describePageRenderer('pdf.js and our own reader', createPdfjsRenderer);

/** A renderer that works but for what `change` does to an open document. */
function spoil(change: (document: OpenDocument) => Partial<OpenDocument>): PageRenderer {
  const sound = createPdfjsRenderer();
  return {
    version: 'spoiled',
    async open(file, limits, signal) {
      const document = await sound.open(file, limits, signal);
      const faithful: OpenDocument = {
        pageCount: document.pageCount,
        repaired: document.repaired,
        readText: (pageNumber, stop) => document.readText(pageNumber, stop),
        render: (pageNumber, dpi, stop) => document.render(pageNumber, dpi, stop),
        damageOf: (pageNumber) => document.damageOf(pageNumber),
        close: () => document.close(),
      };
      return { ...faithful, ...change(document) };
    },
  };
}

function spoilImage(change: (image: PageImage, count: number) => PageImage): PageRenderer {
  let count = 0;
  return spoil((document) => ({
    render: async (pageNumber, dpi, signal) => change(await document.render(pageNumber, dpi, signal), count++),
  }));
}

const BROKEN: readonly (readonly [fault: string, renderer: () => PageRenderer, caught: RegExp])[] = [
  ['forgets where pixels lie', () => spoilImage((image) => ({ ...image, toPoints: IDENTITY })), /toPoints/u],
  [
    'is not the same twice',
    () => spoilImage((image, count) => ({ ...image, dpi: image.dpi + count * 1e-6 })),
    /same bytes/u,
  ],
  [
    'has black and white reversed',
    () => spoilImage((image) => ({ ...image, data: image.data.map((byte) => ~byte) })),
    /own pixels/u,
  ],
  ['gives all in one depth', () => spoilImage((image) => ({ ...image, bitsPerPixel: 8 })), /1-bit/u],
  ['believes no page is damaged', () => spoil(() => ({ pageCount: 1_000_000 })), /pageCount/u],
  [
    'turns failures into blank pages',
    () =>
      spoil((document) => ({
        render: (pageNumber, dpi, signal) =>
          document.render(pageNumber, dpi, signal).catch((): PageImage => ({
            widthPx: 8,
            heightPx: 1,
            dpi,
            bitsPerPixel: 1,
            data: Uint8Array.of(0),
            toPoints: IDENTITY,
          })),
      })),
    /not a blank page/u,
  ],
  [
    'sees no text',
    () =>
      spoil((document) => ({
        readText: async (pageNumber, signal) => ({
          ...(await document.readText(pageNumber, signal)),
          blocks: [],
          lineCount: 0,
        }),
      })),
    /words in order/u,
  ],
];

describe('the suite for page renderers', () => {
  it.each(BROKEN)('rejects a renderer that %s', async (_fault, makeRenderer, caught) => {
    const rejected: string[] = [];
    for (const rendererCase of PAGE_RENDERER_CASES) {
      try {
        await rendererCase.run(makeRenderer());
      } catch {
        rejected.push(rendererCase.name);
      }
    }
    expect(rejected.join('\n')).toMatch(caught);
  });
});
