import { IDENTITY } from '../core/geometry.ts';
import type { PageImage, RecognizedFrame } from '../core/page.ts';
import type { Orientation, PageTraits } from './analyse-page.ts';
import { toGrey } from './grey-image.ts';
import { straightenImage } from './rotate-image.ts';
import { enlargeImage, reduceImage } from './scale-image.ts';
import { turnImage } from './turn-image.ts';

/** An image ready for an engine, and how its pixels lie on the page image. */
export interface PreparedImage {
  readonly image: PageImage;
  readonly frame: RecognizedFrame;
}

/** Skew under this is left to the engine: turning by less blurs more than it straightens. */
export const LEAST_SKEW_DEG = 0.5;
/** Scans under this share of the wanted resolution are enlarged. */
const ENLARGE_BELOW = 0.75;
/** Scans of at least this many times the wanted resolution are reduced. */
const REDUCE_FROM = 1.8;
/** Letters are not enlarged beyond this height at 300 dots an inch: a low resolution may be a wrong one. */
const ENOUGH_LETTER_PX = 24;
/** Letters are not reduced below this height at 300 dots an inch. */
const LEAST_LETTER_PX = 12;
/** Nothing is enlarged beyond this many pixels. */
const MAX_PIXELS = 40_000_000;

/** Turns, scales and straightens a page image for reading. What needs nothing of it stays as it is, bit for bit. */
export function prepareImage(
  page: PageImage,
  { turnDeg, skewDeg }: Orientation,
  { letterPx }: Pick<PageTraits, 'letterPx'>,
  wantedDpi: number,
): PreparedImage {
  const skewed = Math.abs(skewDeg) >= LEAST_SKEW_DEG;
  // The page as its own ground: what the steps below compose is the map to its pixels.
  let image = turnImage({ ...page, toPoints: IDENTITY }, turnDeg);
  image = scaleImage(image, scaleFactor(image, letterPx, wantedDpi));
  if (skewed) image = straightenImage(image, skewDeg);
  // Engines make colours grey in ways of their own, and a pipe carries a third of the bytes.
  if (image.bitsPerPixel === 24) image = toGrey(image);
  const { widthPx, heightPx, toPoints: toImage } = image;
  return {
    image: { ...image, toPoints: page.toPoints },
    frame: { widthPx, heightPx, toImage, turnedDeg: turnDeg, skewDeg: skewed ? skewDeg : 0 },
  };
}

/** Over 1: enlarge. A fraction of 1 by a whole number: reduce. 1: leave as it is. */
export function scaleFactor(
  image: Pick<PageImage, 'widthPx' | 'heightPx' | 'dpi'>,
  letterPx: number,
  wantedDpi: number,
): number {
  const ratio = wantedDpi / image.dpi;
  const size = wantedDpi / 300;
  if (letterPx <= 0) return 1;
  if (ratio > 1 / ENLARGE_BELOW) {
    const room = Math.sqrt(MAX_PIXELS / (image.widthPx * image.heightPx));
    return Math.max(1, Math.min(ratio, (ENOUGH_LETTER_PX * size) / letterPx, room));
  }
  if (ratio <= 1 / REDUCE_FROM) {
    return 1 / Math.max(1, Math.min(Math.round(1 / ratio), Math.floor(letterPx / (LEAST_LETTER_PX * size))));
  }
  return 1;
}

function scaleImage(image: PageImage, factor: number): PageImage {
  if (factor > 1) return enlargeImage(image, factor);
  return factor < 1 ? reduceImage(image, Math.round(1 / factor)) : image;
}
