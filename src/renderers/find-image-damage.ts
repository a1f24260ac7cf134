import type { StreamDamage } from '../pdf/decode-stream.ts';
import type { PdfFile } from '../pdf/pdf-file.ts';
import type { PdfStream } from '../pdf/pdf-value.ts';
import { componentsOf } from './convert-samples.ts';
import { decodeGroup4, isGroup4 } from './decode-ccitt.ts';
import { isJpegSound } from './decode-jpeg.ts';
import { describeImage, type ImageDescription } from './describe-image.ts';
import { readJpegHeader } from './image-headers.ts';
import { isJbig2Cut, isJpxCut } from './stream-ends.ts';

/** Bytes that the samples of an image take, rows padded to bytes; `undefined` where that is not known. */
export function sampleBytes({ widthPx, heightPx, bitsPerComponent, space }: ImageDescription): number | undefined {
  if (typeof space !== 'object') return undefined;
  return Math.ceil((widthPx * componentsOf(space) * bitsPerComponent) / 8) * heightPx;
}

/**
 * Finds whether an image that pdf.js draws can be decoded whole: pdf.js shows what it can and says nothing.
 * @param maxPixels larger images are not looked at.
 */
export async function findImageDamage(
  pdf: PdfFile,
  stream: PdfStream,
  maxPixels: number,
): Promise<StreamDamage | undefined> {
  const description = await describeImage(pdf, stream);
  if (!description || description.widthPx * description.heightPx > maxPixels) return undefined;
  const maxBytes = maxPixels * 8;
  const { bytes, damage, remainingFilter, parms } = await pdf.decodeStream(stream, {
    maxBytes,
    stopAtImageFilter: true,
  });
  if (damage) return damage;
  const found = (kind: 'cut' | 'corrupt', isFound: boolean): StreamDamage | undefined =>
    isFound ? { kind, filter: remainingFilter } : undefined;
  switch (remainingFilter) {
    case 'DCTDecode': {
      const header = readJpegHeader(bytes);
      const isLarge = header !== undefined && header.widthPx * header.heightPx > maxPixels;
      return found('corrupt', !isLarge && !(header && (await isJpegSound(bytes))));
    }
    case 'CCITTFaxDecode': {
      const { widthPx, heightPx } = description;
      const isOurs = parms !== undefined && isGroup4(parms, widthPx);
      return found('corrupt', isOurs && !(await decodeGroup4(bytes, parms, widthPx, heightPx)));
    }
    case 'JBIG2Decode':
      return found('cut', isJbig2Cut(bytes));
    case 'JPXDecode':
      return found('cut', isJpxCut(bytes));
    case undefined:
      return found('cut', bytes.length < (sampleBytes(description) ?? 0));
  }
}
