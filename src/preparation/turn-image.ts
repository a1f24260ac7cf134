import { IDENTITY, type Matrix } from '../core/geometry.ts';
import type { PageImage } from '../core/page.ts';
import { rowBytes, withPixels } from './grey-image.ts';

export type QuarterTurn = 0 | 90 | 180 | 270;

/** Maps pixels of an image turned clockwise to those of the image before, which was `widthPx` by `heightPx`. */
export function turnedToBefore(turnDeg: QuarterTurn, widthPx: number, heightPx: number): Matrix {
  if (turnDeg === 90) return [0, -1, 1, 0, 0, heightPx];
  if (turnDeg === 180) return [-1, 0, 0, -1, widthPx, heightPx];
  if (turnDeg === 270) return [0, 1, -1, 0, widthPx, 0];
  return IDENTITY;
}

/** Turns an image clockwise, every pixel kept as it is. */
export function turnImage(image: PageImage, turnDeg: QuarterTurn): PageImage {
  if (turnDeg === 0) return image;
  const { widthPx, heightPx, bitsPerPixel } = image;
  const upright = turnDeg === 180;
  const size = { widthPx: upright ? widthPx : heightPx, heightPx: upright ? heightPx : widthPx };
  const data = bitsPerPixel === 1 ? turnBits(image, turnDeg, size.widthPx, size.heightPx) : turnBytes(image, turnDeg);
  return withPixels(image, { ...size, bitsPerPixel, data }, turnedToBefore(turnDeg, widthPx, heightPx));
}

/** Where the pixel after the turn comes from: `start + x * stepX + y * stepY`, in pixels of the image before. */
function sourceSteps(
  turnDeg: 90 | 180 | 270,
  widthPx: number,
  heightPx: number,
): readonly [start: number, stepX: number, stepY: number] {
  if (turnDeg === 90) return [(heightPx - 1) * widthPx, -widthPx, 1];
  if (turnDeg === 180) return [heightPx * widthPx - 1, -1, -widthPx];
  return [widthPx - 1, widthPx, -1];
}

function turnBytes({ widthPx, heightPx, bitsPerPixel, data }: PageImage, turnDeg: 90 | 180 | 270): Uint8Array {
  const bytes = bitsPerPixel / 8;
  const [start, stepX, stepY] = sourceSteps(turnDeg, widthPx, heightPx);
  const outWidth = turnDeg === 180 ? widthPx : heightPx;
  const outHeight = turnDeg === 180 ? heightPx : widthPx;
  const out = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < outHeight; y++) {
    let from = (start + y * stepY) * bytes;
    for (let x = 0; x < outWidth; x++, from += stepX * bytes) {
      for (let channel = 0; channel < bytes; channel++) out[to++] = data[from + channel]!;
    }
  }
  return out;
}

function turnBits(image: PageImage, turnDeg: 90 | 180 | 270, outWidth: number, outHeight: number): Uint8Array {
  const { widthPx, heightPx, data } = image;
  const stride = rowBytes(image);
  const outStride = rowBytes({ widthPx: outWidth, bitsPerPixel: 1 });
  const out = new Uint8Array(outStride * outHeight);
  for (let y = 0; y < heightPx; y++) {
    for (let index = 0; index < stride; index++) {
      const byte = data[y * stride + index]!;
      // Only black pixels are moved: they are few.
      if (byte === 0) continue;
      const end = Math.min(8, widthPx - index * 8);
      for (let bit = 0; bit < end; bit++) {
        if ((byte & (0x80 >> bit)) === 0) continue;
        const x = index * 8 + bit;
        const toX = turnDeg === 90 ? heightPx - 1 - y : turnDeg === 180 ? widthPx - 1 - x : y;
        const toY = turnDeg === 90 ? x : turnDeg === 180 ? heightPx - 1 - y : widthPx - 1 - x;
        out[toY * outStride + (toX >> 3)]! |= 0x80 >> (toX & 7);
      }
    }
  }
  return out;
}
