import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import type { PageImage } from '../../src/core/page.ts';
import { writeSmallPdf, type SmallPdfObject } from '../../src/renderers/write-small-pdf.ts';

/** A page for a sample PDF, in PDF's own words. */
export interface SamplePage {
  /** `[left bottom right top]`. */
  readonly mediaBox: readonly number[];
  /** Further entries of the page: `/Rotate 90`. */
  readonly entries?: string;
  readonly content: string;
  /** An image named `Im`: its dictionary without type and length, and its data. */
  readonly image?: { readonly dict: string; readonly data: Uint8Array };
}

/** Writes a PDF of these pages; text is set in `F`, which is Helvetica. `claims` is what the page tree counts. */
export function samplePdf(pages: readonly SamplePage[], claims = pages.length): Uint8Array {
  const objects: SmallPdfObject[] = [
    { head: '<</Type/Catalog/Pages 2 0 R>>' },
    { head: `<</Type/Pages/Count ${claims}/Kids[${pages.map((_, i) => `${4 + i * 3} 0 R`).join(' ')}]>>` },
    { head: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>' },
  ];
  for (const [i, page] of pages.entries()) {
    const number = 4 + i * 3;
    const content = Buffer.from(page.content, 'latin1');
    const image = page.image ?? {
      dict: '/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray',
      data: Buffer.of(0),
    };
    objects.push(
      {
        head:
          `<</Type/Page/Parent 2 0 R/MediaBox[${page.mediaBox.join(' ')}]/Contents ${number + 1} 0 R${page.entries ?? ''}` +
          `/Resources<</Font<</F 3 0 R>>/XObject<</Im ${number + 2} 0 R>>>>>>`,
      },
      { head: `<</Length ${content.length}>>`, stream: content },
      { head: `<</Type/XObject/Subtype/Image${image.dict}/Length ${image.data.length}>>`, stream: image.data },
    );
  }
  return writeSmallPdf(objects);
}

/** A page of one scan that fills it. */
export function scanPage(
  dict: string,
  data: Uint8Array,
  options: {
    readonly size?: readonly [number, number];
    readonly matrix?: string;
    readonly entries?: string;
    readonly after?: string;
  } = {},
): SamplePage {
  const [width, height] = options.size ?? [72, 36];
  return {
    mediaBox: [0, 0, width, height],
    content: `q ${options.matrix ?? `${width} 0 0 ${height} 0 0`} cm /Im Do Q ${options.after ?? ''}`,
    image: { dict: `${dict}/Filter/FlateDecode`, data: deflateSync(data) },
    ...(options.entries ? { entries: options.entries } : {}),
  };
}

/** A page with a black rectangle on white, and nothing else. */
export function markedPage(mediaBox: readonly number[], mark: readonly number[], entries = ''): SamplePage {
  const [left = 0, bottom = 0, right = 0, top = 0] = mark;
  return { mediaBox, entries, content: `0 g ${left} ${bottom} ${right - left} ${top - bottom} re f` };
}

/** Lets `use` have a file with these bytes, and removes it. */
export async function withFile<T>(bytes: Uint8Array, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'page-renderer-'));
  try {
    const file = path.join(folder, 'sample.pdf');
    await writeFile(file, bytes);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How dark a pixel is: 0 is black, 255 white; of colours, the mean. */
export function levelAt(image: PageImage, x: number, y: number): number {
  const { widthPx, bitsPerPixel, data } = image;
  if (bitsPerPixel === 1) {
    const byte = data[y * Math.ceil(widthPx / 8) + (x >> 3)] ?? 0;
    return (byte >> (7 - (x & 7))) & 1 ? 0 : 255;
  }
  if (bitsPerPixel === 8) return data[y * widthPx + x] ?? -1;
  const at = (y * widthPx + x) * 3;
  return ((data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0)) / 3;
}

/** The box around all pixels darker than middle grey: `[left, top, right, bottom]`, the last two exclusive. */
export function darkBox(image: PageImage): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let y = 0; y < image.heightPx; y++) {
    for (let x = 0; x < image.widthPx; x++) {
      if (levelAt(image, x, y) >= 128) continue;
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x + 1);
      box[3] = Math.max(box[3], y + 1);
    }
  }
  return box;
}

/** A PDF that only a password opens: none of its hashes fits the empty one. */
export function lockedPdf(): Uint8Array {
  const plain = Buffer.from(samplePdf([markedPage([0, 0, 72, 72], [0, 0, 36, 36])])).toString('latin1');
  const hash = '5a'.repeat(32);
  const encryption = `/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O<${hash}>/U<${hash}>>>/ID[<${hash}><${hash}>]`;
  return Buffer.from(plain.replace('/Root 1 0 R', `/Root 1 0 R${encryption}`), 'latin1');
}
