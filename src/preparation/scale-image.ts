import type { PageImage } from '../core/page.ts';
import { rowBytes, toGrey, withPixels, type GreyImage } from './grey-image.ts';

/** Makes an image larger by any factor over 1, grey, with smooth edges (Catmull-Rom, the cubic that meets its points). */
export function enlargeImage(image: PageImage, factor: number): GreyImage {
  const grey = toGrey(image);
  const widthPx = Math.max(1, Math.round(image.widthPx * factor));
  const heightPx = Math.max(1, Math.round(image.heightPx * factor));
  const across = cubicTaps(image.widthPx, widthPx);
  const down = cubicTaps(image.heightPx, heightPx);
  const wide = new Uint8Array(widthPx * image.heightPx);
  for (let y = 0; y < image.heightPx; y++) {
    const row = grey.data.subarray(y * image.widthPx, (y + 1) * image.widthPx);
    enlargeRow(row, wide, y * widthPx, widthPx, across);
  }
  const data = new Uint8Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y++) mixRows(wide, data, y, widthPx, down);
  const [scaleX, scaleY] = [image.widthPx / widthPx, image.heightPx / heightPx];
  const dpi = image.dpi / scaleX;
  return withPixels(image, { widthPx, heightPx, bitsPerPixel: 8, data, dpi }, [scaleX, 0, 0, scaleY, 0, 0]);
}

/** For each new pixel the four old ones it is made of, and their weights in 1/4096. */
interface CubicTaps {
  readonly at: Int32Array;
  readonly weights: Int16Array;
}

function cubicTaps(before: number, after: number): CubicTaps {
  const at = new Int32Array(after * 4);
  const weights = new Int16Array(after * 4);
  for (let index = 0; index < after; index++) {
    const place = ((index + 0.5) * before) / after - 0.5;
    const whole = Math.floor(place);
    const t = place - whole;
    const cubic = [
      ((-0.5 * t + 1) * t - 0.5) * t,
      (1.5 * t - 2.5) * t * t + 1,
      ((-1.5 * t + 2) * t + 0.5) * t,
      (0.5 * t - 0.5) * t * t,
    ];
    for (let tap = 0; tap < 4; tap++) {
      at[index * 4 + tap] = Math.min(before - 1, Math.max(0, whole - 1 + tap));
      weights[index * 4 + tap] = Math.round(cubic[tap]! * 4096);
    }
  }
  return { at, weights };
}

function enlargeRow(row: Uint8Array, out: Uint8Array, to: number, width: number, { at, weights }: CubicTaps): void {
  for (let x = 0, tap = 0; x < width; x++, tap += 4) {
    const sum =
      row[at[tap]!]! * weights[tap]! +
      row[at[tap + 1]!]! * weights[tap + 1]! +
      row[at[tap + 2]!]! * weights[tap + 2]! +
      row[at[tap + 3]!]! * weights[tap + 3]!;
    out[to + x] = clampByte((sum + 2048) >> 12);
  }
}

function mixRows(wide: Uint8Array, out: Uint8Array, y: number, width: number, { at, weights }: CubicTaps): void {
  const tap = y * 4;
  const row = (index: number): Uint8Array => wide.subarray(at[tap + index]! * width, (at[tap + index]! + 1) * width);
  const [row0, row1, row2, row3] = [row(0), row(1), row(2), row(3)];
  const [w0, w1, w2, w3] = [weights[tap]!, weights[tap + 1]!, weights[tap + 2]!, weights[tap + 3]!];
  const target = out.subarray(y * width, (y + 1) * width);
  for (let x = 0; x < target.length; x++) {
    target[x] = clampByte((row0[x]! * w0 + row1[x]! * w1 + row2[x]! * w2 + row3[x]! * w3 + 2048) >> 12);
  }
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Makes an image smaller by a whole factor, grey: each new pixel is the mean of `factor` by `factor` old ones. */
export function reduceImage(image: PageImage, factor: number): GreyImage {
  const widthPx = Math.floor(image.widthPx / factor);
  const heightPx = Math.floor(image.heightPx / factor);
  const data = new Uint8Array(widthPx * heightPx);
  const sums = new Uint32Array(Math.ceil(image.widthPx / factor) + 1);
  const area = factor * factor;
  const add = image.bitsPerPixel === 1 ? addBits(image, factor) : addBytes(toGrey(image), factor);
  for (let y = 0; y < heightPx; y++) {
    sums.fill(0);
    for (let sub = 0; sub < factor; sub++) add(sums, y * factor + sub);
    for (let x = 0; x < widthPx; x++) data[y * widthPx + x] = 255 - sums[x]! / area + 0.5;
  }
  const size = { widthPx, heightPx, bitsPerPixel: 8 as const, data, dpi: image.dpi / factor };
  return withPixels(image, size, [factor, 0, 0, factor, 0, 0]);
}

/** Adds the darkness (255 is black) of one row's pixels to the sums of the columns they fall in. */
type AddRow = (sums: Uint32Array, y: number) => void;

function addBits(image: PageImage, factor: number): AddRow {
  const stride = rowBytes(image);
  const column = columnsOf(stride * 8, factor, Math.ceil(image.widthPx / factor));
  return (sums, y) => {
    for (let index = 0; index < stride; index++) {
      const byte = image.data[y * stride + index]!;
      if (byte === 0) continue;
      for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) sums[column[index * 8 + bit]!]! += 255;
    }
  };
}

function addBytes({ widthPx, data }: GreyImage, factor: number): AddRow {
  const column = columnsOf(widthPx, factor, Math.ceil(widthPx / factor));
  return (sums, y) => {
    const from = y * widthPx;
    for (let x = 0; x < widthPx; x++) sums[column[x]!]! += 255 - data[from + x]!;
  };
}

/** The new column of each old one; what lies beyond the last goes to the spare one after it. */
function columnsOf(count: number, factor: number, limit: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, x) => Math.min(limit, Math.floor(x / factor)));
}
