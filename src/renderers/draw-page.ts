import type { PDFPageProxy } from 'pdfjs-dist';
import { PageError } from '../core/errors.ts';
import type { PageImage } from '../core/page.ts';
import type { LoadedPdfjs } from './load-pdfjs.ts';
import { displayedSizePt, frameAt, type PagePlace } from './page-frame.ts';
import { greyIfColourless, type Raster } from './raster.ts';

type RenderCanvas = Parameters<PDFPageProxy['render']>[0]['canvas'];

/** Tall pages are drawn in bands of so many pixels, 64 MB on the canvas each, so that memory stays bounded. */
const BAND_PIXELS = 16_000_000;

/** Below this resolution no letter of an ordinary size can be read. */
const MIN_DPI = 30;

/**
 * The resolution a page can be drawn at: the one asked for, or less where that would make more than `megapixels`.
 * @throws {PageError} `PAGE_TOO_LARGE`: even a resolution too low to read makes more.
 */
export function chooseDpi(place: PagePlace, dpi: number, megapixels: number, pageNumber: number): number {
  const { widthPt, heightPt } = displayedSizePt(place);
  const squareInches = (widthPt / 72) * (heightPt / 72);
  const limitPixels = megapixels * 1e6;
  if (squareInches * dpi * dpi <= limitPixels) return dpi;
  // Rounding up of both sides adds a row and a column at most.
  const lower = Math.floor(Math.sqrt(limitPixels / squareInches) * 0.999 * 100) / 100;
  if (lower >= MIN_DPI) return lower;
  throw new PageError(
    'PAGE_TOO_LARGE',
    `Page ${pageNumber} measures ${formatInches(widthPt)} x ${formatInches(heightPt)} inches; at ${MIN_DPI} pixels an ` +
      `inch, too few to read, it would still have more than ${megapixels} megapixels.`,
    { safe: 'The other pages go on.' },
  );
}

function formatInches(points: number): string {
  const inches = points / 72;
  return inches >= 100 ? Math.round(inches).toString() : inches.toPrecision(3);
}

/** A page as it was drawn. */
export interface DrawnPage {
  readonly image: PageImage;
  /** Whether any image of the page could be decoded. */
  readonly hasDecodedImage: boolean;
}

/**
 * Draws a page on white ground, annotations included, as a viewer shows it. Grey where nothing on it has a colour.
 * @throws {PageError} `PAGE_TOO_LARGE`
 */
export async function drawPage(
  page: PDFPageProxy,
  place: PagePlace,
  dpi: number,
  loaded: LoadedPdfjs,
  signal: AbortSignal,
): Promise<DrawnPage> {
  const frame = frameAt(place, dpi);
  const { widthPx, heightPx } = frame;
  const bandHeight = Math.max(1, Math.min(heightPx, Math.floor(BAND_PIXELS / widthPx)));
  const canvas = loaded.createCanvas(widthPx, bandHeight);
  const collector = new BandCollector(widthPx, heightPx);
  try {
    for (let top = 0; top < heightPx; top += bandHeight) {
      signal.throwIfAborted();
      await drawBand(page, canvas, dpi / 72, top, signal);
      collector.add(canvas.data(), top, Math.min(bandHeight, heightPx - top));
    }
  } finally {
    // Frees the pixels now rather than when the garbage collector comes by.
    canvas.width = 1;
    canvas.height = 1;
  }
  return {
    image: { ...collector.finish(), dpi, toPoints: frame.toPoints },
    hasDecodedImage: hasImage(page.objs) || hasImage(page.commonObjs),
  };
}

/** pdf.js lists images under names of its own, with nothing behind those that could not be decoded. */
function hasImage(objects: unknown): boolean {
  for (const [id, value] of objects as Iterable<readonly [string, unknown]>) {
    if (/^(?:img|g)_/u.test(id) && value !== null) return true;
  }
  return false;
}

async function drawBand(
  page: PDFPageProxy,
  canvas: ReturnType<LoadedPdfjs['createCanvas']>,
  scale: number,
  top: number,
  signal: AbortSignal,
): Promise<void> {
  const task = page.render({
    // A canvas for Node has what pdf.js uses of the browser's, but not its type.
    canvas: canvas as RenderCanvas,
    viewport: page.getViewport({ scale }),
    transform: [1, 0, 0, 1, 0, -top],
    background: 'rgb(255,255,255)',
  });
  const onAbort = (): void => task.cancel();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await task.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Gathers bands of RGBA; grey until the first pixel that is not. */
class BandCollector {
  #raster: Raster;

  constructor(widthPx: number, heightPx: number) {
    this.#raster = { widthPx, heightPx, bitsPerPixel: 8, data: new Uint8Array(widthPx * heightPx) };
  }

  add(rgba: Uint8Array, top: number, rows: number): void {
    const start = top * this.#raster.widthPx;
    const count = rows * this.#raster.widthPx;
    if (this.#raster.bitsPerPixel === 8) {
      const { data } = this.#raster;
      let i = 0;
      for (; i < count; i++) {
        const red = rgba[i * 4] as number;
        if (red !== rgba[i * 4 + 1] || red !== rgba[i * 4 + 2]) break;
        data[start + i] = red;
      }
      if (i === count) return;
      this.#widen(start);
    }
    const { data } = this.#raster;
    for (let i = 0, to = start * 3; i < count; i++, to += 3) {
      data[to] = rgba[i * 4] as number;
      data[to + 1] = rgba[i * 4 + 1] as number;
      data[to + 2] = rgba[i * 4 + 2] as number;
    }
  }

  finish(): Raster {
    return greyIfColourless(this.#raster);
  }

  /** Makes room for colour, keeping the first `count` grey pixels. */
  #widen(count: number): void {
    const grey = this.#raster.data;
    const data = new Uint8Array(grey.length * 3);
    for (let i = 0; i < count; i++) data.fill(grey[i] as number, i * 3, i * 3 + 3);
    this.#raster = { ...this.#raster, bitsPerPixel: 24, data };
  }
}
