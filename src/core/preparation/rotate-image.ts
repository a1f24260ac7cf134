import type { Matrix } from '../geometry.ts';
import type { PageImage } from '../page.ts';
import { toGrey, withPixels, type GreyImage } from './grey-image.ts';

const RADIANS = Math.PI / 180;

/** Size of the image after straightening, and the map of its pixels to those before. */
export function planRotation(
  widthPx: number,
  heightPx: number,
  skewDeg: number,
): { readonly widthPx: number; readonly heightPx: number; readonly toBefore: Matrix } {
  const cos = Math.cos(skewDeg * RADIANS);
  const sin = Math.sin(skewDeg * RADIANS);
  const outWidth = Math.ceil(widthPx * cos + heightPx * Math.abs(sin));
  const outHeight = Math.ceil(heightPx * cos + widthPx * Math.abs(sin));
  const e = widthPx / 2 - (outWidth / 2) * cos + (outHeight / 2) * sin;
  const f = heightPx / 2 - (outWidth / 2) * sin - (outHeight / 2) * cos;
  return { widthPx: outWidth, heightPx: outHeight, toBefore: [cos, sin, -sin, cos, e, f] };
}

/**
 * Takes a skew out: lines that fall to the right by `skewDeg` become level. The result is grey, large enough for the
 * whole page, white where the page had nothing.
 */
export function straightenImage(image: PageImage, skewDeg: number): GreyImage {
  const grey = toGrey(image);
  const { widthPx, heightPx, toBefore } = planRotation(image.widthPx, image.heightPx, skewDeg);
  const data = new Uint8Array(widthPx * heightPx).fill(255);
  const [a, b, c, d, e, f] = toBefore;
  for (let y = 0; y < heightPx; y++) {
    // Pixel centres lie at halves.
    const startX = a * 0.5 + c * (y + 0.5) + e - 0.5;
    const startY = b * 0.5 + d * (y + 0.5) + f - 0.5;
    sampleRow(grey, data, y * widthPx, widthPx, [startX, startY, a, b]);
  }
  return withPixels(image, { widthPx, heightPx, bitsPerPixel: 8, data }, toBefore);
}

/** Fills one row along a straight way through the image, bilinear, in 16-bit fixed point. */
function sampleRow(
  { widthPx, heightPx, data }: GreyImage,
  out: Uint8Array,
  at: number,
  count: number,
  [startX, startY, stepX, stepY]: readonly [number, number, number, number],
): void {
  const [first, last] = insideRange(count, [startX, stepX, widthPx - 1], [startY, stepY, heightPx - 1]);
  for (let index = first; index < last; index++) {
    const x = startX + index * stepX;
    const y = startY + index * stepY;
    const left = x | 0;
    const top = y | 0;
    const from = top * widthPx + left;
    const upperLeft = data[from]!;
    const upperRight = data[from + 1]!;
    const lowerLeft = data[from + widthPx]!;
    const lowerRight = data[from + widthPx + 1]!;
    // Most of a page is even: nothing to mix.
    if (upperLeft === upperRight && upperLeft === lowerLeft && upperLeft === lowerRight) {
      out[at + index] = upperLeft;
      continue;
    }
    const toRight = x - left;
    const down = y - top;
    const upper = upperLeft + (upperRight - upperLeft) * toRight;
    const lower = lowerLeft + (lowerRight - lowerLeft) * toRight;
    out[at + index] = upper + (lower - upper) * down + 0.5;
  }
}

/** The steps for which both coordinates stay in 0 (included) to their limit (excluded). */
function insideRange(
  count: number,
  ...axes: readonly (readonly [start: number, step: number, limit: number])[]
): readonly [first: number, last: number] {
  let first = 0;
  let last = count;
  for (const [start, step, limit] of axes) {
    if (Math.abs(step) < 1e-9) {
      if (start < 0 || start >= limit) return [0, 0];
      continue;
    }
    const toZero = -start / step;
    const toLimit = (limit - start) / step;
    // One step of margin each way keeps rounding from reading outside.
    first = Math.max(first, Math.ceil(Math.min(toZero, toLimit) + 1e-6));
    last = Math.min(last, Math.floor(Math.max(toZero, toLimit) - 1e-6));
  }
  return [first, Math.max(first, last)];
}
