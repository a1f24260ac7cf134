import sharp from 'sharp';
import { expect, test } from 'vitest';
import { PageError } from '../../src/core/errors.ts';
import type { PageImage } from '../../src/core/page.ts';
import { writeTiff } from '../../src/engines/write-tiff.ts';

/** Pixels that differ, in rows that do not end with a byte. */
function makeImage(bitsPerPixel: 1 | 8 | 24, dpi: number): PageImage {
  const [widthPx, heightPx] = [13, 5];
  const data = new Uint8Array(Math.ceil((widthPx * bitsPerPixel) / 8) * heightPx).map((_, at) => (at * 37) & 255);
  return { widthPx, heightPx, dpi, bitsPerPixel, data, toPoints: [1, 0, 0, 1, 0, 0] };
}

function lightOf({ widthPx, heightPx, bitsPerPixel, data }: PageImage): number[] {
  if (bitsPerPixel !== 1) return [...data];
  const at = (x: number, y: number): number =>
    (data[y * Math.ceil(widthPx / 8) + (x >> 3)]! >> (7 - (x & 7))) & 1 ? 0 : 255;
  return Array.from({ length: widthPx * heightPx }, (_, index) => at(index % widthPx, Math.floor(index / widthPx)));
}

test.each([1, 8, 24] as const)('a TIFF of %i bits a pixel has the same pixels and the resolution', async (bits) => {
  const image = makeImage(bits, 199.7);
  const file = Buffer.concat(writeTiff(image));
  const { density, width, height } = await sharp(file).metadata();
  expect({ density, width, height }).toEqual({ density: 200, width: 13, height: 5 });
  const { data } = await sharp(file)
    .toColourspace(bits === 24 ? 'srgb' : 'b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([...data]).toEqual(lightOf(image));
});

test('a resolution nobody believes becomes one that is', async () => {
  for (const [dpi, told] of [
    [1, 70],
    [9_999, 2_400],
  ] as const) {
    expect((await sharp(Buffer.concat(writeTiff(makeImage(8, dpi)))).metadata()).density).toBe(told);
  }
});

test('an image that lacks pixels is refused', () => {
  const image = makeImage(8, 300);
  expect(() => writeTiff({ ...image, data: image.data.subarray(1) })).toThrow(PageError);
});
