import type { FileRepair } from '../core/describe-damage.ts';
import type { PageDamage, PageImage } from '../core/page.ts';
import type { PageText } from '../core/text-layer.ts';

/**
 * Changes when page images may change; part of what keys the results. Names what decodes and draws, and the state of our
 * own code.
 */
export const RENDERER_VERSION = 'pdfjs-6.5.438 sharp-0.35.5 1';

export interface RenderLimits {
  /** Largest page image that is made; larger pages are drawn at a lower resolution, larger embedded images refused. */
  readonly megapixels: number;
}

/** An open PDF. Not for parallel use. */
export interface OpenDocument {
  /** Pages that can be reached, not what the file claims. */
  readonly pageCount: number;
  /** True where the file's structure was damaged and had to be repaired to read it. */
  readonly repaired: boolean;
  /** What is known of the damage; only where it was repaired. */
  readonly repair?: FileRepair | undefined;
  /**
   * For each page, by index, the number of the first page that is the same object in the file: its own, where that is not
   * listed again. Undefined where no page is listed twice.
   */
  readonly firstListings?: readonly number[] | undefined;
  /** The text already in the page and how it lies there. @throws {PageError} the page cannot be read. */
  readText(pageNumber: number, signal: AbortSignal): Promise<PageText>;
  /**
   * The page as an image: the scan's own pixels where the page is one scan, else drawn at `dpi`. Same input, same bytes.
   * @throws {PageError} `PAGE_DAMAGED`, `PAGE_TOO_LARGE`, `IMAGE_UNREADABLE`: trying again will not help.
   */
  render(pageNumber: number, dpi: number, signal: AbortSignal): Promise<PageImage>;
  /** What of a page could not be decoded whole, as far as reading its text and rendering it has shown; the last page only. */
  damageOf(pageNumber: number): readonly PageDamage[];
  close(): Promise<void>;
}

/** Opens PDFs. Runs inside a page worker: a file may crash or block it, and the worker's owner kills it then. */
export interface PageRenderer {
  /** {@link RENDERER_VERSION}, or another where the adapter is another. */
  readonly version: string;
  /**
   * @throws {DocumentError} `PDF_ENCRYPTED`, `PDF_DAMAGED`, `PDF_NOT_A_PDF`, `PDF_EMPTY` (no bytes), `PDF_NO_PAGES`.
   */
  open(file: string, limits: RenderLimits, signal: AbortSignal): Promise<OpenDocument>;
}
