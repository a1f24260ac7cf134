import type { Block, PageResult } from '../../src/core/page.ts';
import type { DocumentHeader } from '../../src/formats/document-header.ts';

export const HEADER: DocumentHeader = {
  documentPath: 'Letters/O\'Neil & "Söhne" <1850>.pdf',
  sha1: '0123456789abcdef0123456789abcdef01234567',
  pageCount: 6,
  language: 'deu+frk',
  engine: 'tesseract',
  engineVersion: '5.3.0',
  programVersion: '1.0.0',
};

function line(words: readonly string[], topPx: number, direction: 'ltr' | 'rtl' = 'ltr'): Block {
  const boxes = words.map((text, index) => ({
    text,
    box: [100 + index * 120, topPx, 200 + index * 120, topPx + 40] as const,
    confidence: 91.26,
  }));
  const box = [100, topPx, 80 + words.length * 120, topPx + 40] as const;
  return { box, paragraphs: [{ box, direction, lines: [{ box, baseline: [0.01, -8], words: boxes }] }] };
}

/** Text kept from the PDF: a pixel is a point, no baseline is known, and it is sure. */
function smallLine(words: readonly string[]): Block {
  const box = [20, 30, 120, 42] as const;
  const boxes = words.map((text, index) => ({
    text,
    box: [20 + index * 50, 30, 65 + index * 50, 42] as const,
    confidence: 100,
  }));
  return { box, paragraphs: [{ box, direction: 'ltr', lines: [{ box, words: boxes }] }] };
}

const image = { widthPx: 1000, heightPx: 1400, dpi: 300, toPoints: [0.24, 0, 0, -0.24, 0, 336] as const };

/** A page of each kind: two blocks with hostile text, turned, skewed, blank, with text of its own, failed. */
export const PAGES: readonly PageResult[] = [
  {
    pageNumber: 1,
    state: 'done',
    confidence: 91.26,
    image,
    blocks: [
      line(['<b>&amp;', '"q\'', 'tab\there', '\f\u0085\u2028x'], 100),
      line(['e\u0301tude', '𒀭𒈗', 'ſtraße'], 300),
      line(['שלום', 'עולם'], 500, 'rtl'),
    ],
  },
  {
    pageNumber: 2,
    state: 'done',
    confidence: 80,
    image,
    frame: { widthPx: 1400, heightPx: 1000, toImage: [0, -1, 1, 0, 0, 1400], turnedDeg: 90, skewDeg: 0 },
    blocks: [line(['lying', 'down'], 100)],
  },
  {
    pageNumber: 3,
    state: 'done',
    confidence: 75,
    image,
    frame: {
      widthPx: 1010,
      heightPx: 1410,
      toImage: [0.9994, 0.0349, -0.0349, 0.9994, 10, -10],
      turnedDeg: 0,
      skewDeg: 2,
    },
    blocks: [line(['askew', 'line'], 700)],
  },
  { pageNumber: 4, state: 'blank', image, blocks: [] },
  {
    pageNumber: 5,
    state: 'kept-text',
    image: { ...image, widthPx: 240, heightPx: 336, dpi: 72 },
    blocks: [smallLine(['Born', 'digital'])],
  },
  {
    pageNumber: 6,
    state: 'failed',
    blocks: [],
    error: { family: 'PageError', code: 'PAGE_DAMAGED', message: 'Page 6 cannot be drawn.' },
  },
];

// oxlint-disable-next-line require-await
export async function* each(pages: readonly PageResult[]): AsyncGenerator<PageResult> {
  yield* pages;
}
