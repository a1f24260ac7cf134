import type { PdfDict } from '../pdf/pdf-value.ts';
import type { Samples } from './convert-samples.ts';
import { loadSharp } from './load-sharp.ts';
import { packBits } from './raster.ts';

/** Field types of TIFF 6.0. */
const SHORT = 3;
const LONG = 4;
const GROUP_4 = 4;

/** Whether fax data is of the kind that {@link decodeGroup4} decodes. */
export function isGroup4(parms: PdfDict, widthPx: number): boolean {
  const scheme = parms.get('K');
  const isOfKind = typeof scheme === 'number' && scheme < 0 && parms.get('EncodedByteAlign') !== true;
  return isOfKind && (parms.get('Columns') ?? 1728) === widthPx;
}

/**
 * Decodes Group 4 fax, the usual form of 1-bit scans, as samples of one bit.
 * @returns `undefined` where the data is of another kind or damaged: another decoder may do better.
 */
export async function decodeGroup4(
  bytes: Uint8Array,
  parms: PdfDict,
  widthPx: number,
  heightPx: number,
): Promise<Samples | undefined> {
  if (!isGroup4(parms, widthPx)) return undefined;
  const sharp = await loadSharp();
  const options = { failOn: 'warning', sequentialRead: true, limitInputPixels: false } as const;
  let data: Buffer;
  try {
    const image = sharp(wrapInTiff(bytes, widthPx, heightPx), options);
    data = await image.toColourspace('b-w').raw().toBuffer();
  } catch {
    return undefined;
  }
  if (data.length !== widthPx * heightPx) return undefined;
  const packed = packBits({ widthPx, heightPx, bitsPerPixel: 8, data }).data;
  if (parms.get('BlackIs1') !== true) for (let i = 0; i < packed.length; i++) packed[i] = ~(packed[i] as number);
  return { widthPx, heightPx, components: 1, bitsPerComponent: 1, data: packed };
}

/** A TIFF file of one strip around Group 4 data. */
function wrapInTiff(strip: Uint8Array, widthPx: number, heightPx: number): Buffer {
  const fields: readonly (readonly [tag: number, type: number, value: number])[] = [
    [256, LONG, widthPx],
    [257, LONG, heightPx],
    [258, SHORT, 1],
    [259, SHORT, GROUP_4],
    // 0 is white.
    [262, SHORT, 0],
    [273, LONG, 8 + 2 + 9 * 12 + 4],
    [277, SHORT, 1],
    [278, LONG, heightPx],
    [279, LONG, strip.length],
  ];
  const head = Buffer.alloc(8 + 2 + fields.length * 12 + 4);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(fields.length, 8);
  for (const [i, [tag, type, value]] of fields.entries()) {
    const at = 10 + i * 12;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(1, at + 4);
    head.writeUInt32LE(value, at + 8);
  }
  return Buffer.concat([head, strip]);
}
