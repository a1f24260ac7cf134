import { PageError } from '../core/errors.ts';

/** What an embedded image may have. */
export interface ImageLimits {
  readonly pixels: number;
  /** For messages. */
  readonly pageNumber: number;
}

/** The error for an image that would take too much memory. */
export function tooLarge(widthPx: number, heightPx: number, limits: ImageLimits): PageError {
  return new PageError(
    'PAGE_TOO_LARGE',
    `Page ${limits.pageNumber} holds an image of ${widthPx} x ${heightPx} pixels (${formatMegapixels(widthPx * heightPx)} ` +
      `megapixels); at most ${formatMegapixels(limits.pixels)} are read.`,
    { safe: 'The other pages go on.' },
  );
}

/** The error for an image that no decoder can read. */
export function unreadableImage(limits: Pick<ImageLimits, 'pageNumber'>, cause?: unknown): PageError {
  return new PageError(
    'IMAGE_UNREADABLE',
    `The scan on page ${limits.pageNumber} is damaged and cannot be read.`,
    { safe: 'The other pages go on.' },
    { cause },
  );
}

function formatMegapixels(pixels: number): string {
  const megapixels = pixels / 1e6;
  return megapixels >= 10 ? Math.round(megapixels).toString() : megapixels.toPrecision(2);
}
