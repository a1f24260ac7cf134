import type { Matrix } from '../core/geometry.ts';
import type { PageImage } from '../core/page.ts';
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
  const inked = findInkedStretches(grey.data);
  const [a, b, c, d, e, f] = toBefore;
  for (let y = 0; y < heightPx; y++) {
    // Pixel centres lie at halves.
    const startX = a * 0.5 + c * (y + 0.5) + e - 0.5;
    const startY = b * 0.5 + d * (y + 0.5) + f - 0.5;
    sampleRow(grey, inked, data, y * widthPx, widthPx, [startX, startY, a, b]);
  }
  return withPixels(image, { widthPx, heightPx, bitsPerPixel: 8, data }, toBefore);
}

/** Pixels that are looked at together: most stretches of a page are white, and what becomes of them is known. */
const STRETCH = 32;
const STRETCH_BITS = 5;

/** 1 for each stretch of so many bytes, rows disregarded, that is not all white. */
function findInkedStretches(data: Uint8Array): Uint8Array {
  const inked = new Uint8Array(Math.ceil(data.length / STRETCH) + 1);
  const words =
    data.byteOffset % 4 === 0 ? new Int32Array(data.buffer, data.byteOffset, data.length >> 2) : new Int32Array(0);
  for (let word = 0; word < words.length; word++) if (words[word] !== -1) inked[word >> (STRETCH_BITS - 2)] = 1;
  for (let at = words.length * 4; at < data.length; at++) if (data[at] !== 255) inked[at >> STRETCH_BITS] = 1;
  return inked;
}

/** Fills one row, white before, along a straight way through the image. */
function sampleRow(
  image: GreyImage,
  inked: Uint8Array,
  out: Uint8Array,
  at: number,
  count: number,
  [startX, startY, stepX, stepY]: readonly [number, number, number, number],
): void {
  const { widthPx, heightPx } = image;
  const [first, last] = insideRange(count, [startX, stepX, widthPx - 1], [startY, stepY, heightPx - 1]);
  for (let from = first; from < last; from += STRETCH) {
    const to = Math.min(last, from + STRETCH);
    const fromX = (startX + from * stepX) | 0;
    const toX = (startX + (to - 1) * stepX) | 0;
    const fromY = startY + from * stepY;
    const toY = startY + (to - 1) * stepY;
    const top = Math.min(fromY, toY) | 0;
    const bottom = Math.max(fromY, toY) | 0;
    if (!hasInk(inked, widthPx, fromX, top, toX + 1, bottom + 1)) continue;
    for (let index = from; index < to; index++) {
      out[at + index] = sampleAt(image.data, widthPx, startX + index * stepX, startY + index * stepY);
    }
  }
}

/** Whether any pixel of a box, its edges included, may be other than white. */
function hasInk(inked: Uint8Array, widthPx: number, left: number, top: number, right: number, bottom: number): boolean {
  for (let y = top; y <= bottom; y++) {
    const row = y * widthPx;
    for (let stretch = (row + left) >> STRETCH_BITS; stretch <= (row + right) >> STRETCH_BITS; stretch++) {
      if (inked[stretch] !== 0) return true;
    }
  }
  return false;
}

/** The light at a point between pixels, bilinear. */
function sampleAt(data: Uint8Array, widthPx: number, x: number, y: number): number {
  const left = x | 0;
  const top = y | 0;
  const from = top * widthPx + left;
  const upperLeft = data[from]!;
  const upperRight = data[from + 1]!;
  const lowerLeft = data[from + widthPx]!;
  const lowerRight = data[from + widthPx + 1]!;
  const toRight = x - left;
  const upper = upperLeft + (upperRight - upperLeft) * toRight;
  const lower = lowerLeft + (lowerRight - lowerLeft) * toRight;
  return upper + (lower - upper) * (y - top) + 0.5;
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
