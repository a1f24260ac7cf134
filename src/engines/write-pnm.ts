import type { PageImage } from '../core/page.ts';

/** The image as PBM, PGM or PPM: its head and its pixels, which are not copied. */
export function writePnm({ widthPx, heightPx, bitsPerPixel, data }: PageImage): readonly [head: Buffer, pixels: Uint8Array] {
  const kind = bitsPerPixel === 1 ? 'P4' : bitsPerPixel === 8 ? 'P5' : 'P6';
  const depth = bitsPerPixel === 1 ? '' : '255\n';
  return [Buffer.from(`${kind}\n${widthPx} ${heightPx}\n${depth}`, 'latin1'), data];
}
