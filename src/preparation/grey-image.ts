import { compose, type Matrix } from '../core/geometry.ts';
import type { PageImage } from '../core/page.ts';

/** A page image with eight bits a pixel, 0 is black. */
export type GreyImage = PageImage & { readonly bitsPerPixel: 8 };

/** Bytes a row of the image takes. */
export function rowBytes(image: Pick<PageImage, 'widthPx' | 'bitsPerPixel'>): number {
  return Math.ceil((image.widthPx * image.bitsPerPixel) / 8);
}

/** The same page with other pixels; `toBefore` maps the new pixels to those of `image`. */
export function withPixels<Bits extends PageImage['bitsPerPixel']>(
  image: PageImage,
  pixels: { widthPx: number; heightPx: number; bitsPerPixel: Bits; data: Uint8Array; dpi?: number },
  toBefore: Matrix,
): PageImage & { readonly bitsPerPixel: Bits } {
  return { dpi: image.dpi, ...pixels, toPoints: compose(toBefore, image.toPoints) };
}

/** The image in eight bits a pixel: the image itself where it is so already. Colours become luma (ITU-R BT.601). */
export function toGrey(image: PageImage): GreyImage {
  const { widthPx, heightPx, data } = image;
  if (image.bitsPerPixel === 8) return { ...image, bitsPerPixel: 8 };
  const grey = image.bitsPerPixel === 1 ? unpack(image) : luma(data, widthPx * heightPx);
  return { ...image, bitsPerPixel: 8, data: grey };
}

function luma(rgb: Uint8Array, pixels: number): Uint8Array {
  const grey = new Uint8Array(pixels);
  for (let at = 0, from = 0; at < pixels; at++, from += 3) {
    // 0.299, 0.587 and 0.114 in 16-bit fixed point.
    grey[at] = (19_595 * rgb[from]! + 38_470 * rgb[from + 1]! + 7_471 * rgb[from + 2]! + 32_768) >> 16;
  }
  return grey;
}

/** The eight pixels of each possible byte of a 1-bit image. */
const EXPANDED = expandBytes();

function expandBytes(): Uint8Array {
  const expanded = new Uint8Array(256 * 8);
  for (let byte = 0; byte < 256; byte++) {
    for (let bit = 0; bit < 8; bit++) expanded[byte * 8 + bit] = byte & (0x80 >> bit) ? 0 : 255;
  }
  return expanded;
}

function unpack(image: PageImage): Uint8Array {
  const { widthPx, heightPx, data } = image;
  const stride = rowBytes(image);
  const wholeBytes = widthPx >> 3;
  const grey = new Uint8Array(widthPx * heightPx).fill(255);
  for (let y = 0; y < heightPx; y++) {
    let to = y * widthPx;
    let from = y * stride;
    for (let index = 0; index < wholeBytes; index++, to += 8) {
      const byte = data[from++]!;
      // Most of a page is white, and white is there already.
      if (byte !== 0) for (let bit = 0; bit < 8; bit++) grey[to + bit] = EXPANDED[byte * 8 + bit]!;
    }
    for (let bit = 0; bit < (widthPx & 7); bit++) grey[to + bit] = EXPANDED[data[from]! * 8 + bit]!;
  }
  return grey;
}
