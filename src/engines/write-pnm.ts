import { PageError } from '../core/errors.ts';
import type { PageImage } from '../core/page.ts';
import { rowBytes } from '../preparation/grey-image.ts';

/**
 * The image as PBM, PGM or PPM: its head and its pixels, which are not copied.
 * @throws {PageError} `IMAGE_UNREADABLE`: there are fewer pixels than its size says.
 */
export function writePnm(image: PageImage): readonly [head: Buffer, pixels: Uint8Array] {
  const { widthPx, heightPx, bitsPerPixel, data } = image;
  const sizeBytes = checkImage(image);
  const kind = bitsPerPixel === 1 ? 'P4' : bitsPerPixel === 8 ? 'P5' : 'P6';
  const depth = bitsPerPixel === 1 ? '' : '255\n';
  return [Buffer.from(`${kind}\n${widthPx} ${heightPx}\n${depth}`, 'latin1'), data.subarray(0, sizeBytes)];
}

/**
 * Checks that an image has all its pixels and answers with their bytes.
 * @throws {PageError} `IMAGE_UNREADABLE`.
 */
export function checkImage(image: PageImage): number {
  const sizeBytes = rowBytes(image) * image.heightPx;
  if (!(image.widthPx >= 1 && image.heightPx >= 1) || image.data.length < sizeBytes) {
    throw new PageError('IMAGE_UNREADABLE', 'The page image has fewer pixels than its size says.');
  }
  return sizeBytes;
}
