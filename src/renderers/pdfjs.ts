import { open as openFile } from 'node:fs/promises';
import { DocumentError, PageError } from '../core/errors.ts';
import type { PageImage } from '../core/page.ts';
import type { PageText } from '../core/text-layer.ts';
import { PdfFile, type PdfPage } from '../pdf/pdf-file.ts';
import { decodeImage } from './decode-image.ts';
import { describeImage } from './describe-image.ts';
import { chooseDpi, drawPage } from './draw-page.ts';
import { unreadableImage } from './image-limits.ts';
import { findOnlyImage, hasText, measureImageShare, type PageContent } from './page-content.ts';
import type { PagePlace } from './page-frame.ts';
import { RENDERER_VERSION, type OpenDocument, type PageRenderer, type RenderLimits } from './page-renderer.ts';
import { PdfjsSession } from './pdfjs-session.ts';
import { placeScan, planScan } from './place-scan.ts';
import { planDrawing } from './plan-drawing.ts';
import { hasVisibleAnnotations } from './read-annotations.ts';
import { readPageContent } from './read-page-content.ts';
import { describeTextlessPage, readPageText } from './read-page-text.ts';
import { sniffFormat } from './sniff-format.ts';

/** A drawn page that images cover so far, and on which nothing was painted, is a scan that could not be decoded. */
const SCAN_SHARE = 0.5;

/**
 * Renders with our own PDF reader where a page is one scan, whose pixels are taken as they are, and with pdf.js
 * otherwise. pdf.js is loaded when the first page needs it.
 */
export function createPdfjsRenderer(): PageRenderer {
  return {
    version: RENDERER_VERSION,
    async open(file, limits, signal) {
      signal.throwIfAborted();
      try {
        return new PdfjsDocument(file, await PdfFile.open(file), limits);
      } catch (error) {
        throw error instanceof DocumentError && error.code === 'PDF_NOT_A_PDF' ? await sayWhatItIs(file, error) : error;
      }
    },
  };
}

/** Adds to the error what the file looks like. */
async function sayWhatItIs(file: string, error: DocumentError): Promise<DocumentError> {
  const handle = await openFile(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    const format = sniffFormat(buffer.subarray(0, bytesRead));
    if (!format) return error;
    const message = `The file is not a PDF: it looks like ${format}.`;
    return new DocumentError(error.code, message, error.advice, { cause: error });
  } finally {
    await handle.close();
  }
}

interface LookedAtPage {
  readonly page: PdfPage;
  readonly content: PageContent;
  readonly place: PagePlace;
}

class PdfjsDocument implements OpenDocument {
  readonly #file: string;
  readonly #pdf: PdfFile;
  readonly #limits: RenderLimits;
  #session: PdfjsSession | undefined;
  /** The page last asked for: its text is wanted first, then its image. */
  #last: LookedAtPage | undefined;

  constructor(file: string, pdf: PdfFile, limits: RenderLimits) {
    this.#file = file;
    this.#pdf = pdf;
    this.#limits = limits;
  }

  get pageCount(): number {
    return this.#pdf.pageCount;
  }

  get repaired(): boolean {
    return this.#pdf.repaired;
  }

  async readText(pageNumber: number, signal: AbortSignal): Promise<PageText> {
    const { page, content, place } = await this.#lookAt(pageNumber, signal);
    if (content.isComplete && !hasText(content)) return describeTextlessPage(content, place);
    const session = await this.#openSession(pageNumber, signal);
    return session.withPage(pageNumber, page.ref, signal, (proxy) => readPageText(proxy, content, place));
  }

  async render(pageNumber: number, dpi: number, signal: AbortSignal): Promise<PageImage> {
    const looked = await this.#lookAt(pageNumber, signal);
    return (await this.#takeScan(looked, signal)) ?? this.#draw(looked, dpi, signal);
  }

  async close(): Promise<void> {
    this.#last = undefined;
    try {
      await this.#session?.close();
    } finally {
      await this.#pdf.close();
    }
  }

  async #lookAt(pageNumber: number, signal: AbortSignal): Promise<LookedAtPage> {
    signal.throwIfAborted();
    if (this.#last?.page.pageNumber === pageNumber) return this.#last;
    const page = await this.#pdf.page(pageNumber);
    const content = await readPageContent(this.#pdf, page);
    signal.throwIfAborted();
    const place: PagePlace = { box: page.cropBox, rotateDeg: page.rotateDeg, userUnit: page.userUnit };
    this.#last = { page, content, place };
    return this.#last;
  }

  /** The page as its scan's own pixels; `undefined` where it is more, or other, than one scan. */
  async #takeScan({ page, content, place }: LookedAtPage, signal: AbortSignal): Promise<PageImage | undefined> {
    const only = findOnlyImage(content, place.box);
    if (!only?.stream || (await hasVisibleAnnotations(this.#pdf, page))) return undefined;
    const description = await describeImage(this.#pdf, only.stream);
    const stated = description && planScan(description.widthPx, description.heightPx, only.matrix, place);
    if (!stated) return undefined;
    const pixels = this.#limits.megapixels * 1e6;
    const raster = await decodeImage(this.#pdf, only.stream, { pixels, pageNumber: page.pageNumber }, signal);
    if (!raster) return undefined;
    const isAsStated = raster.widthPx === description.widthPx && raster.heightPx === description.heightPx;
    const plan = isAsStated ? stated : planScan(raster.widthPx, raster.heightPx, only.matrix, place);
    return plan && plan.widthPx * plan.heightPx <= pixels ? placeScan(raster, plan) : undefined;
  }

  async #draw({ page, content, place }: LookedAtPage, dpi: number, signal: AbortSignal): Promise<PageImage> {
    const { pageNumber } = page;
    const wanted = await planDrawing(this.#pdf, content, place, dpi, pageNumber);
    const chosen = chooseDpi(place, wanted, this.#limits.megapixels, pageNumber);
    const session = await this.#openSession(pageNumber, signal);
    const { image, hasDecodedImage } = await session.withPage(pageNumber, page.ref, signal, (proxy, loaded) =>
      drawPage(proxy, place, chosen, loaded, signal),
    );
    const isScan = measureImageShare(content, place.box) >= SCAN_SHARE;
    if (isScan && !hasDecodedImage && isBlank(image)) throw unreadableImage({ pageNumber });
    return image;
  }

  async #openSession(pageNumber: number, signal: AbortSignal): Promise<PdfjsSession> {
    try {
      this.#session ??= await PdfjsSession.open(this.#file, this.#limits.megapixels * 1e6, signal);
      return this.#session;
    } catch (error) {
      // Our reader could open the file: what pdf.js cannot do costs the pages that need it, and no other.
      if (!(error instanceof DocumentError)) throw error;
      throw new PageError('PAGE_DAMAGED', `Page ${pageNumber} cannot be drawn: the PDF is damaged.`, {}, { cause: error });
    }
  }
}

function isBlank(image: PageImage): boolean {
  return image.data.every((byte) => byte === 255);
}
