import type { PageImage } from '../core/page.ts';
import { clampDpi } from './clamp-dpi.ts';
import { checkImage } from './write-pnm.ts';

/** Field types of TIFF 6.0. */
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;

const INCH = 2;
const RGB = 2;

/**
 * The image as an uncompressed TIFF of one strip: its head and its pixels, which are not copied. Unlike PNM it carries the
 * resolution.
 * @throws {PageError} `IMAGE_UNREADABLE`: there are fewer pixels than its size says.
 */
export function writeTiff(image: PageImage): readonly [head: Buffer, pixels: Uint8Array] {
  const { widthPx, heightPx, bitsPerPixel, data } = image;
  const sizeBytes = checkImage(image);
  const samples = bitsPerPixel === 24 ? 3 : 1;
  const fieldCount = 12;
  const afterFields = 8 + 2 + fieldCount * 12 + 4;
  const resolutionAt = afterFields;
  const depthsAt = resolutionAt + 8;
  const pixelsAt = depthsAt + 8;
  const fields: readonly (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, LONG, 1, widthPx],
    [257, LONG, 1, heightPx],
    samples === 3 ? [258, SHORT, 3, depthsAt] : [258, SHORT, 1, bitsPerPixel],
    [259, SHORT, 1, 1],
    // 0: 0 is white, as in 1-bit page images; 1: 0 is black.
    [262, SHORT, 1, bitsPerPixel === 24 ? RGB : bitsPerPixel === 1 ? 0 : 1],
    [273, LONG, 1, pixelsAt],
    [277, SHORT, 1, samples],
    [278, LONG, 1, heightPx],
    [279, LONG, 1, sizeBytes],
    [282, RATIONAL, 1, resolutionAt],
    [283, RATIONAL, 1, resolutionAt],
    [296, SHORT, 1, INCH],
  ];
  const head = Buffer.alloc(pixelsAt);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(fields.length, 8);
  for (const [index, [tag, type, count, value]] of fields.entries()) {
    const at = 10 + index * 12;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(count, at + 4);
    head.writeUInt32LE(value, at + 8);
  }
  head.writeUInt32LE(clampDpi(image.dpi), resolutionAt);
  head.writeUInt32LE(1, resolutionAt + 4);
  for (let sample = 0; sample < 3; sample++) head.writeUInt16LE(8, depthsAt + sample * 2);
  return [head, data.subarray(0, sizeBytes)];
}
