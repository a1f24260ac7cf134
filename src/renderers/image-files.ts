import { open } from 'node:fs/promises';
import type { Sharp } from 'sharp';
import { PageError } from '../core/errors.ts';
import type { PageImage } from '../core/page.ts';
import { asSourceError } from '../core/read-failure.ts';
import { writeWhole } from '../files/write-whole.ts';
import { loadSharp } from './load-sharp.ts';

/** Width of a thumbnail: some 4 kB as WebP, enough to tell pages apart. */
const THUMBNAIL_PX = 160;
/** What an image that does not tell its resolution is taken to have. */
const USUAL_DPI = 300;

/** Makes a small grey picture of a page for the report: WebP, base64. Same image, same text. */
export async function makeThumbnail(image: PageImage): Promise<string> {
  const picture = await (
    await pixelsOf(image)
  )
    .greyscale()
    .resize({ width: THUMBNAIL_PX })
    .webp({ quality: 50 })
    .toBuffer();
  return picture.toString('base64');
}

/** Writes a page image as PNG in one step: 1-bit, grey or colour as it is. @throws {OutputError} it cannot be stored. */
export async function writePng(image: PageImage, outFile: string): Promise<void> {
  const bits = image.bitsPerPixel === 1 ? { palette: true, colours: 2, dither: 0 } : {};
  const density = { density: image.dpi };
  const picture = await (
    await pixelsOf(image)
  )
    .withMetadata(density)
    .png({ compressionLevel: 6, ...bits })
    .toBuffer();
  await writeWhole(outFile, picture, { flag: '--output' });
}

/**
 * Reads a page image from a file of any usual format; turned as its own marks say. `toPoints` lays it on a page of its size.
 * @throws {PageError} `IMAGE_UNREADABLE`. @throws {DocumentError} `SOURCE_GONE`, `SOURCE_UNREADABLE`.
 */
export async function readImageFile(file: string, megapixels: number): Promise<PageImage> {
  const sharp = await loadSharp();
  await requireReadable(file);
  try {
    const source = sharp(file, { limitInputPixels: megapixels * 1e6, failOn: 'error' });
    const { density, channels } = await source.metadata();
    const grey = channels <= 2;
    const flat = source.rotate().flatten({ background: '#ffffff' });
    const { data, info } = await (grey ? flat.greyscale() : flat.toColourspace('srgb'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const dpi = density !== undefined && density >= 50 ? density : USUAL_DPI;
    const scale = 72 / dpi;
    return {
      widthPx: info.width,
      heightPx: info.height,
      dpi,
      bitsPerPixel: info.channels === 1 ? 8 : 24,
      data,
      toPoints: [scale, 0, 0, -scale, 0, info.height * scale],
    };
  } catch (cause) {
    throw new PageError(
      'IMAGE_UNREADABLE',
      `${file} cannot be read as an image of up to ${megapixels} megapixels.`,
      {},
      { cause },
    );
  }
}

/** sharp says the same of a file that is gone as of one that is no image. */
async function requireReadable(file: string): Promise<void> {
  try {
    await (await open(file, 'r')).close();
  } catch (error) {
    throw asSourceError(error, file);
  }
}

async function pixelsOf({ widthPx, heightPx, bitsPerPixel, data }: PageImage): Promise<Sharp> {
  const sharp = await loadSharp();
  const raw = { width: widthPx, height: heightPx, channels: bitsPerPixel === 24 ? (3 as const) : (1 as const) };
  return sharp(bitsPerPixel === 1 ? spread(data, widthPx, heightPx) : data, { raw });
}

/** One byte a pixel from packed bits, 1 being black. */
function spread(packed: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  const rowBytes = (widthPx + 7) >> 3;
  const grey = new Uint8Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y++) {
    const row = y * rowBytes;
    for (let x = 0; x < widthPx; x++) {
      grey[y * widthPx + x] = ((packed[row + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1 ? 0 : 255;
    }
  }
  return grey;
}
