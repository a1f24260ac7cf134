import { readErrno } from '../core/errno.ts';
import { PipelineError } from '../core/errors.ts';
import type { PdfFile } from '../pdf/pdf-file.ts';
import { isName, isPdfArray, PdfStream } from '../pdf/pdf-value.ts';
import { canConvert, componentsOf, convertSamples, isSampleSize, type Samples } from './convert-samples.ts';
import { decodeBilevel } from './decode-bilevel.ts';
import { decodeGroup4, isGroup4 } from './decode-ccitt.ts';
import { decodeJpeg } from './decode-jpeg.ts';
import { decodeJpx } from './decode-jpx.ts';
import { describeImage, type ImageDescription } from './describe-image.ts';
import { sampleBytes } from './find-image-damage.ts';
import type { OnImageDamage } from './image-damage.ts';
import { tooLarge, type ImageLimits } from './image-limits.ts';
import type { Raster } from './raster.ts';
import { isJbig2Cut, isJpxCut } from './stream-ends.ts';

/** Rows that are longer or more than the dictionary says are cut; so much more of them is put up with. */
const SLACK_BYTES = 1024 * 1024;
const MAX_GLOBALS_BYTES = 64 * 1024 * 1024;

type Decoded = Awaited<ReturnType<PdfFile['decodeStream']>>;

/**
 * Decodes an image XObject to its own pixels.
 * @returns `undefined` where it is of a kind, or damaged in a way, that only drawing the page can tell more of.
 * @throws {PageError} `PAGE_TOO_LARGE`, before anything of that size is unpacked.
 */
export async function decodeImage(
  pdf: PdfFile,
  stream: PdfStream,
  limits: ImageLimits,
  signal: AbortSignal,
  onDamage: OnImageDamage,
): Promise<Raster | undefined> {
  const description = await describeImage(pdf, stream);
  if (!description) return undefined;
  const { widthPx, heightPx } = description;
  const maxBytes = await boundOutput(pdf, stream, description, limits);
  const decoded = await pdf.decodeStream(stream, { maxBytes, stopAtImageFilter: true });
  signal.throwIfAborted();
  if (decoded.damage) onDamage(decoded.damage);
  try {
    switch (decoded.remainingFilter) {
      case 'DCTDecode': {
        const transform = decoded.parms?.get('ColorTransform');
        return await decodeJpeg(
          decoded.bytes,
          description,
          typeof transform === 'number' ? transform : undefined,
          limits,
          onDamage,
        );
      }
      case 'JPXDecode':
        if (isJpxCut(decoded.bytes)) onDamage({ kind: 'cut', filter: 'JPXDecode' });
        return await decodeJpx(decoded.bytes, description, limits);
      case 'CCITTFaxDecode':
      case 'JBIG2Decode': {
        const samples = await decodeFaxOrJbig2(pdf, decoded, description, signal, onDamage);
        return samples && canConvert(description, 1)
          ? convertSamples(samples, description.space, description.decode)
          : undefined;
      }
      case undefined:
        return convertPlain(decoded.bytes, description);
    }
  } catch (error) {
    signal.throwIfAborted();
    // A decoder that cannot be loaded here says nothing of the image.
    if (error instanceof PipelineError || readErrno(error)) throw error;
    // A decoder gave up on damaged data; pdf.js may save more of it.
    onDamage({ kind: 'corrupt', filter: decoded.remainingFilter });
    return undefined;
  }
  return undefined;

  function convertPlain(bytes: Uint8Array, image: ImageDescription): Raster | undefined {
    const bits = image.bitsPerComponent;
    if (typeof image.space !== 'object' || !isSampleSize(bits)) return undefined;
    const components = componentsOf(image.space);
    if (!canConvert(image, components)) return undefined;
    if (bytes.length < (sampleBytes(image) ?? 0)) onDamage({ kind: 'cut' });
    const samples: Samples = { widthPx, heightPx, components, bitsPerComponent: bits, data: bytes };
    return convertSamples(samples, image.space, image.decode);
  }
}

/** How much an image's stream may unpack to. Formats with their own header are checked by their decoders. */
async function boundOutput(
  pdf: PdfFile,
  stream: PdfStream,
  { widthPx, heightPx, bitsPerComponent, space }: ImageDescription,
  limits: ImageLimits,
): Promise<number> {
  const filter = await pdf.get(stream.dict, 'Filter');
  const last = isPdfArray(filter) ? await pdf.resolve(filter.at(-1)) : filter;
  const stated = Math.ceil(limits.pixels) * 8 + SLACK_BYTES;
  if (['DCTDecode', 'DCT', 'JPXDecode'].some((name) => isName(last, name))) return stated;
  if (widthPx * heightPx > limits.pixels) throw tooLarge(widthPx, heightPx, limits);
  const components = typeof space === 'object' ? componentsOf(space) : 4;
  return Math.ceil((widthPx * components * bitsPerComponent) / 8) * heightPx + SLACK_BYTES;
}

async function decodeFaxOrJbig2(
  pdf: PdfFile,
  { bytes, parms, remainingFilter }: Decoded,
  { widthPx, heightPx }: ImageDescription,
  signal: AbortSignal,
  onDamage: OnImageDamage,
): Promise<Samples | undefined> {
  if (remainingFilter === 'CCITTFaxDecode') {
    const samples = parms && (await decodeGroup4(bytes, parms, widthPx, heightPx));
    if (!samples && parms && isGroup4(parms, widthPx)) onDamage({ kind: 'corrupt', filter: remainingFilter });
    return (
      samples ?? decodeBilevel({ filter: remainingFilter, bytes, globals: undefined, parms, widthPx, heightPx }, signal)
    );
  }
  if (remainingFilter !== 'JBIG2Decode') return undefined;
  if (isJbig2Cut(bytes)) onDamage({ kind: 'cut', filter: remainingFilter });
  const shared = await pdf.resolve(parms?.get('JBIG2Globals'));
  const globals =
    shared instanceof PdfStream
      ? (await pdf.decodeStream(shared, { maxBytes: MAX_GLOBALS_BYTES, stopAtImageFilter: false })).bytes
      : undefined;
  return decodeBilevel({ filter: remainingFilter, bytes, globals, parms: undefined, widthPx, heightPx }, signal);
}
