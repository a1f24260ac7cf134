import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeLargePdf } from '../../bench/support/large-pdf.ts';
import { analysePage } from '../../src/preparation/analyse-page.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { requireTools } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

const qpdf = requireTools(['qpdf']);
const PAGES = 3;
let folder = '';
let file = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'large-pdf-'));
  file = join(folder, 'book.pdf');
  writeLargePdf(file, PAGES);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(qpdf.skip)('a large document for the benchmarks is a valid PDF', () => {
  expect(spawnSync('qpdf', ['--check', file], { timeout: HANG_MS }).status).toBe(0);
});

test('its pages differ, and are upright text to the eye', async () => {
  const calm = AbortSignal.timeout(HANG_MS);
  const document = await createPdfjsRenderer().open(file, { megapixels: 10 }, calm);
  try {
    expect(document.pageCount).toBe(PAGES);
    const seen = new Set<string>();
    for (let pageNumber = 1; pageNumber <= PAGES; pageNumber++) {
      const image = await document.render(pageNumber, 300, calm);
      seen.add(Buffer.from(image.data).toString('latin1'));
      const { blank, sureOf, orientations } = analysePage(image, { latin: true, vertical: false });
      expect({ blank, sureOf, first: orientations[0] }).toEqual({
        blank: false,
        sureOf: 'upright',
        first: { turnDeg: 0, skewDeg: 0 },
      });
    }
    expect(seen.size).toBe(PAGES);
  } finally {
    await document.close();
  }
});
