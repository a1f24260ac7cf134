import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PageImage } from '../../src/core/page.ts';
import { toGrey } from '../../src/preparation/grey-image.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { HANG_MS } from '../support/hang.ts';

/** Sentences of this project's own; long enough that every orientation can be told. */
export const STORY = [
  'The keeper of the lighthouse wrote in his book every evening,',
  'and what he wrote was mostly about the weather and the birds.',
  'On the third of March a heavy ship passed quite near the rocks.',
  'He lit the second lamp, rang the bell, and waited at the window',
  'until the last of her lanterns had gone behind the long island.',
  'Nobody thanked him for it, and nobody ever knew his full name.',
  'His daughter kept the books dry in a chest of good oak boards.',
  'Fifty years later they were found, read, and at last printed.',
  'The paper had become brown, but the hand was clear and steady.',
  'So we know today how the wind blew on that far northern coast.',
];

/** Where and how the lines of a page are drawn, in points from the top left corner. */
export interface TextPage {
  readonly lines: readonly string[];
  readonly sizePt?: number;
  readonly leftPt?: number;
  readonly topPt?: number;
  readonly widthPt?: number;
  readonly heightPt?: number;
  readonly dpi?: number;
}

/** Draws a page of text with the fonts that pdf.js brings along: grey, black on white. */
export async function drawTextPage(page: TextPage): Promise<PageImage & { readonly bitsPerPixel: 8 }> {
  const folder = await mkdtemp(join(tmpdir(), 'text-page-'));
  try {
    const file = join(folder, 'page.pdf');
    await writeFile(file, makePdf(page));
    const calm = AbortSignal.timeout(HANG_MS);
    const document = await createPdfjsRenderer().open(file, { megapixels: 100 }, calm);
    try {
      return toGrey(await document.render(1, page.dpi ?? 300, calm));
    } finally {
      await document.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function makePdf({ lines, sizePt = 11, leftPt = 50, topPt = 60, widthPt = 420, heightPt = 300 }: TextPage): string {
  const shown = lines.map((line) => `(${line.replaceAll(/[\\()]/g, '\\$&')}) Tj T*`).join('\n');
  const content = `BT /F1 ${sizePt} Tf ${sizePt * 1.5} TL ${leftPt} ${heightPt - topPt} Td\n${shown}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${widthPt} ${heightPt}] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>`,
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>',
  ];
  let pdf = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = pdf.length;
    pdf += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = pdf.length;
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  return `${pdf}xref\n0 6\n0000000000 65535 f \n${entries}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
}

/** The page in one bit a pixel, as a scanner set to black and white makes it. */
export function toBits({
  widthPx,
  heightPx,
  data,
  dpi,
  toPoints,
}: PageImage & { readonly bitsPerPixel: 8 }): PageImage {
  const stride = Math.ceil(widthPx / 8);
  const bits = new Uint8Array(stride * heightPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) if (data[y * widthPx + x]! < 128) bits[y * stride + (x >> 3)]! |= 0x80 >> (x & 7);
  }
  return { widthPx, heightPx, dpi, toPoints, bitsPerPixel: 1, data: bits };
}

/** The page with every pixel changed: `change` gets its light and place. */
export function repaint(
  image: PageImage & { readonly bitsPerPixel: 8 },
  change: (light: number, x: number, y: number) => number,
): PageImage & { readonly bitsPerPixel: 8 } {
  const data = image.data.map((light, at) => change(light, at % image.widthPx, Math.floor(at / image.widthPx)));
  return { ...image, data };
}

/** A page with nothing on it. */
export function blankPage(widthPx = 1700, heightPx = 2200, dpi = 200): PageImage & { readonly bitsPerPixel: 8 } {
  const scale = 72 / dpi;
  return {
    widthPx,
    heightPx,
    dpi,
    bitsPerPixel: 8,
    data: new Uint8Array(widthPx * heightPx).fill(255),
    toPoints: [scale, 0, 0, -scale, 0, heightPx * scale],
  };
}
