import { canConvert, convertSamples } from './convert-samples.ts';
import type { ImageDescription } from './describe-image.ts';
import { readJpegHeader, type JpegHeader } from './image-headers.ts';
import { tooLarge, type ImageLimits } from './image-limits.ts';
import type { OnImageDamage } from './image-damage.ts';
import { loadSharp } from './load-sharp.ts';
import type { Raster } from './raster.ts';

/** What of a damaged image sharp refuses. */
type FailOn = 'none' | 'truncated' | 'warning';

/** An ordinary JPEG decodes to at most some hundred pixels a byte; one that claims more than this has not got them. */
const MAX_PIXELS_PER_BYTE = 2048;

/** What a decoder may hold beside its output. */
const MAX_COEFFICIENT_BYTES = 400e6;

/**
 * Decodes a JPEG of one or three components as a PDF means it: no profile, no turning by its own metadata. One with more
 * pixels than allowed is decoded at a half, a quarter or an eighth of its size.
 * @returns `undefined` where only pdf.js knows what to do with it.
 * @throws {PageError} `PAGE_TOO_LARGE`
 */
export async function decodeJpeg(
  bytes: Uint8Array,
  description: ImageDescription,
  usesColorTransform: number | undefined,
  limits: ImageLimits,
  onDamage: OnImageDamage,
): Promise<Raster | undefined> {
  const header = readJpegHeader(bytes);
  if (!header || description.isStencil) return undefined;
  const asGiven = { ...description, space: description.space ?? spaceFor(header.components) };
  if (!canConvert(asGiven, header.components)) return undefined;
  // Told otherwise than the decoder would guess.
  if (header.components === 3 && usesColorTransform === 0 && !header.hasAdobeMarker) return undefined;
  const shrink = chooseShrink(header, bytes.length, limits);
  const { data, info } = await unpackLeniently(bytes, header, shrink, onDamage);
  if (info.channels !== header.components) return undefined;
  const samples = {
    widthPx: info.width,
    heightPx: info.height,
    components: info.channels,
    bitsPerComponent: 8,
    data,
  } as const;
  return convertSamples(samples, asGiven.space, description.decode);
}

type Unpacked = Awaited<ReturnType<typeof unpack>>;

/** Unpacks a JPEG; one that its decoder complains of is unpacked as far as it goes, and told as damaged. */
async function unpackLeniently(
  bytes: Uint8Array,
  header: JpegHeader,
  shrink: number,
  onDamage: OnImageDamage,
): Promise<Unpacked> {
  try {
    return await unpack(bytes, header, shrink, 'warning');
  } catch {
    const unpacked = await unpack(bytes, header, shrink, 'none');
    onDamage({ kind: (await isCut(bytes, header, shrink)) ? 'cut' : 'corrupt', filter: 'DCTDecode' });
    return unpacked;
  }
}

async function isCut(bytes: Uint8Array, header: JpegHeader, shrink: number): Promise<boolean> {
  return unpack(bytes, header, shrink, 'truncated').then(
    () => false,
    () => true,
  );
}

async function unpack(bytes: Uint8Array, header: JpegHeader, shrink: number, failOn: FailOn) {
  const sharp = await loadSharp();
  let image = sharp(bytes, { failOn, ignoreIcc: true, sequentialRead: true, limitInputPixels: false });
  if (shrink > 1) {
    const width = Math.ceil(header.widthPx / shrink);
    const height = Math.ceil(header.heightPx / shrink);
    image = image.resize(width, height, { fit: 'fill', kernel: 'linear' });
  }
  const space = header.components === 1 ? 'b-w' : 'srgb';
  return image.toColourspace(space).raw().toBuffer({ resolveWithObject: true });
}

/** Whether a JPEG can be decoded to its end without a complaint of its decoder. */
export async function isJpegSound(bytes: Uint8Array): Promise<boolean> {
  const sharp = await loadSharp();
  const image = sharp(bytes, { failOn: 'warning', ignoreIcc: true, sequentialRead: true, limitInputPixels: false });
  return image.stats().then(
    () => true,
    () => false,
  );
}

function spaceFor(components: number): ImageDescription['space'] {
  return components === 1 ? { kind: 'grey' } : components === 3 ? { kind: 'rgb' } : 'other';
}

function chooseShrink(header: JpegHeader, sizeBytes: number, limits: ImageLimits): 1 | 2 | 4 | 8 {
  const pixels = header.widthPx * header.heightPx;
  const isHollow = pixels > sizeBytes * MAX_PIXELS_PER_BYTE;
  const coefficients = header.isProgressive ? pixels * header.components * 2 : 0;
  for (const shrink of [1, 2, 4, 8] as const) {
    if (isHollow || coefficients > MAX_COEFFICIENT_BYTES) break;
    if (pixels / (shrink * shrink) <= limits.pixels) return shrink;
  }
  throw tooLarge(header.widthPx, header.heightPx, limits);
}
