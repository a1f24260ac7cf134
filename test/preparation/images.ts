import fc from 'fast-check';
import type { PageImage } from '../../src/core/page.ts';

/** Small images of every depth and any size, their place on the page plain. */
export function randomImage(): fc.Arbitrary<PageImage> {
  const size = fc.record({ widthPx: fc.integer({ min: 1, max: 21 }), heightPx: fc.integer({ min: 1, max: 21 }) });
  return fc
    .tuple(size, fc.constantFrom(1 as const, 8 as const, 24 as const))
    .chain(([{ widthPx, heightPx }, bitsPerPixel]) => {
      const length = Math.ceil((widthPx * bitsPerPixel) / 8) * heightPx;
      return fc.uint8Array({ minLength: length, maxLength: length }).map((data): PageImage => ({
        widthPx,
        heightPx,
        bitsPerPixel,
        data,
        dpi: 72,
        toPoints: [1, 0, 0, -1, 0, heightPx],
      }));
    });
}

/** A white grey image with black rectangles `[left, top, right, bottom]`. */
export function rectangles(
  widthPx: number,
  heightPx: number,
  boxes: readonly (readonly [number, number, number, number])[],
  dpi = 100,
): PageImage & { readonly bitsPerPixel: 8 } {
  const data = new Uint8Array(widthPx * heightPx).fill(255);
  for (const [left, top, right, bottom] of boxes) {
    for (let y = top; y < bottom; y++) data.fill(0, y * widthPx + left, y * widthPx + right);
  }
  return {
    widthPx,
    heightPx,
    dpi,
    bitsPerPixel: 8,
    data,
    toPoints: [72 / dpi, 0, 0, -72 / dpi, 0, (heightPx * 72) / dpi],
  };
}
