import { open as openFile, readFile, stat } from 'node:fs/promises';
import type { FileRepair } from '../core/describe-damage.ts';
import { DocumentError, PageError } from '../core/errors.ts';
import { asSourceError } from '../core/read-failure.ts';
import type { PageDamage, PageImage } from '../core/page.ts';
import type { PageText } from '../core/text-layer.ts';
import type { BoxPt } from '../pdf/page-geometry.ts';
import { PdfFile, type PdfPage } from '../pdf/pdf-file.ts';
import type { PdfStream } from '../pdf/pdf-value.ts';
import { decodeImage } from './decode-image.ts';
import { describeImage } from './describe-image.ts';
import { chooseDpi, drawPage } from './draw-page.ts';
import { extractPage } from './extract-page.ts';
import { unreadableImage } from './image-limits.ts';
import { findImageDamage } from './find-image-damage.ts';
import { imageDamage, type OnImageDamage } from './image-damage.ts';
import { findOnlyImage, hasText, measureImageShare, type PageContent, shownBox } from './page-content.ts';
import type { PagePlace } from './page-frame.ts';
import { RENDERER_VERSION, type OpenDocument, type PageRenderer, type RenderLimits } from './page-renderer.ts';
import { PdfjsSession } from './pdfjs-session.ts';
import { placeScan, planScan } from './place-scan.ts';
import { planDrawing } from './plan-drawing.ts';
import { hasVisibleAnnotations } from './read-annotations.ts';
import { readPageContent } from './read-page-content.ts';
import { describeTextlessPage, readPageText } from './read-page-text.ts';
import { sniffForeignFormat, sniffFormat, type ForeignFormat } from './sniff-format.ts';

/** A file of this size is given to pdf.js whole: it reads fonts once then, not for each page. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024;

/** Images of a drawn page that show on less than this share of it are not checked for damage: they hardly hold text. */
const CHECKED_SHARE = 0.05;

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
      const head = await readHead(file);
      const foreign = sniffForeignFormat(head);
      if (foreign !== undefined) throw notPdf(foreign);
      try {
        const { size } = await stat(file).catch((error: unknown) => {
          throw asSourceError(error, file);
        });
        return new PdfjsDocument(file, size, await PdfFile.open(file), limits);
      } catch (error) {
        const format = error instanceof DocumentError && error.code === 'PDF_NOT_A_PDF' ? sniffFormat(head) : undefined;
        throw format === undefined ? error : notPdf(format, error as DocumentError);
      }
    },
  };
}

function notPdf({ name, isArchive }: ForeignFormat, cause?: DocumentError): DocumentError {
  const remedy = isArchive
    ? 'Unpack it, and give the PDFs that are in it.'
    : 'Get the file again from where it came from.';
  const advice = cause?.advice ?? { safe: 'The other documents go on.', remedy };
  return new DocumentError('PDF_NOT_A_PDF', `The file is not a PDF: it looks like ${name}.`, advice, { cause });
}

/** The first bytes of a file, which decide what it is. @throws {DocumentError} `SOURCE_GONE`, `SOURCE_UNREADABLE`. */
async function readHead(file: string): Promise<Uint8Array> {
  try {
    await using handle = await openFile(file, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw asSourceError(error, file);
  }
}

/** The first damage of a page's images tells most: what follows is often its consequence. */
function noteImage(damage: Map<string, PageDamage>, found: Parameters<OnImageDamage>[0]): void {
  if (!damage.has('image')) damage.set('image', imageDamage(found));
}

function areaShare(box: BoxPt | undefined, page: BoxPt): number {
  return box ? areaOf(box) / Math.max(1, areaOf(page)) : 0;
}

function areaOf([left, bottom, right, top]: BoxPt): number {
  return Math.max(0, right - left) * Math.max(0, top - bottom);
}

interface InspectedPage {
  readonly page: PdfPage;
  readonly content: PageContent;
  readonly place: PagePlace;
  /** By what is damaged; grows as the page is decoded. */
  readonly damage: Map<string, PageDamage>;
}

class PdfjsDocument implements OpenDocument {
  readonly #file: string;
  readonly #sizeBytes: number;
  readonly #pdf: PdfFile;
  readonly #limits: RenderLimits;
  #session: PdfjsSession | undefined;
  /** The page last asked for: its text is wanted first, then its image. */
  #last: InspectedPage | undefined;

  constructor(file: string, sizeBytes: number, pdf: PdfFile, limits: RenderLimits) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#pdf = pdf;
    this.#limits = limits;
  }

  get pageCount(): number {
    return this.#pdf.pageCount;
  }

  get repaired(): boolean {
    return this.#pdf.repaired;
  }

  get repair(): FileRepair | undefined {
    if (!this.#pdf.repaired) return undefined;
    const { isCut, statedPageCount, pageCount } = this.#pdf;
    return statedPageCount > pageCount ? { isCut, statedPages: statedPageCount } : { isCut };
  }

  get firstListings(): readonly number[] | undefined {
    return this.#pdf.firstListings;
  }

  async readText(pageNumber: number, signal: AbortSignal): Promise<PageText> {
    const inspected = await this.#inspectPage(pageNumber, signal);
    const { content, place } = inspected;
    if (content.isComplete && !hasText(content)) return describeTextlessPage(content, place);
    return this.#usePage(inspected, signal, (proxy) => readPageText(proxy, content, place));
  }

  async render(pageNumber: number, dpi: number, signal: AbortSignal): Promise<PageImage> {
    const inspected = await this.#inspectPage(pageNumber, signal);
    return (await this.#takeScan(inspected, signal)) ?? this.#draw(inspected, dpi, signal);
  }

  damageOf(pageNumber: number): readonly PageDamage[] {
    return this.#last?.page.pageNumber === pageNumber ? [...this.#last.damage.values()] : [];
  }

  async close(): Promise<void> {
    this.#last = undefined;
    try {
      await this.#session?.close();
    } finally {
      await this.#pdf.close();
    }
  }

  async #inspectPage(pageNumber: number, signal: AbortSignal): Promise<InspectedPage> {
    signal.throwIfAborted();
    if (this.#last?.page.pageNumber === pageNumber) return this.#last;
    const page = await this.#pdf.page(pageNumber);
    const content = await readPageContent(this.#pdf, page);
    signal.throwIfAborted();
    checkContent(content, pageNumber);
    const place: PagePlace = { box: page.cropBox, rotateDeg: page.rotateDeg, userUnit: page.userUnit };
    const damage = new Map(content.damage.map((each) => [`${each.part} ${each.kind}`, each]));
    this.#last = { page, content, place, damage };
    return this.#last;
  }

  /** The page as its scan's own pixels; `undefined` where it is more, or other, than one scan. */
  async #takeScan(
    { page, content, place, damage }: InspectedPage,
    signal: AbortSignal,
  ): Promise<PageImage | undefined> {
    const only = findOnlyImage(content, place.box);
    if (!only?.stream || (await hasVisibleAnnotations(this.#pdf, page))) return undefined;
    const description = await describeImage(this.#pdf, only.stream);
    const stated = description && planScan(description.widthPx, description.heightPx, only.matrix, place);
    if (!stated) return undefined;
    const pixels = this.#limits.megapixels * 1e6;
    const raster = await decodeImage(this.#pdf, only.stream, { pixels, pageNumber: page.pageNumber }, signal, (found) =>
      noteImage(damage, found),
    );
    if (!raster) return undefined;
    const isAsStated = raster.widthPx === description.widthPx && raster.heightPx === description.heightPx;
    const plan = isAsStated ? stated : planScan(raster.widthPx, raster.heightPx, only.matrix, place);
    return plan && plan.widthPx * plan.heightPx <= pixels ? placeScan(raster, plan) : undefined;
  }

  async #draw(inspected: InspectedPage, dpi: number, signal: AbortSignal): Promise<PageImage> {
    const { page, content, place } = inspected;
    const { pageNumber } = page;
    const hasMore = await hasVisibleAnnotations(this.#pdf, page);
    const wanted = await planDrawing(this.#pdf, content, place, { dpi, pageNumber, hasMore });
    const chosen = chooseDpi(place, wanted, this.#limits.megapixels, pageNumber);
    await this.#checkImages(inspected);
    signal.throwIfAborted();
    const { image, hasDecodedImage } = await this.#usePage(inspected, signal, (proxy, loaded) =>
      drawPage(proxy, place, chosen, loaded, signal),
    );
    const isScan = measureImageShare(content, place.box) >= SCAN_SHARE;
    if ((content.isLost || (isScan && !hasDecodedImage)) && isBlank(image)) {
      throw content.isLost ? lostContent(pageNumber) : unreadableImage({ pageNumber });
    }
    return image;
  }

  async #readAll(): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return Uint8Array.from(await readFile(this.#file));
    } catch (error) {
      throw asSourceError(error, this.#file);
    }
  }

  /** Notes what of the larger images of a page that is drawn is damaged. */
  async #checkImages({ content, place, damage }: InspectedPage): Promise<void> {
    const checked = new Set<PdfStream>();
    for (const mark of content.marks) {
      if (mark.kind !== 'image' || !mark.stream || checked.has(mark.stream) || damage.has('image')) continue;
      checked.add(mark.stream);
      if (areaShare(shownBox(mark, place.box), place.box) < CHECKED_SHARE) continue;
      try {
        const found = await findImageDamage(this.#pdf, mark.stream, this.#limits.megapixels * 1e6);
        if (found) noteImage(damage, found);
      } catch (error) {
        if (!(error instanceof PageError)) throw error;
        if (error.code === 'PAGE_DAMAGED') noteImage(damage, { kind: 'corrupt' });
      }
    }
  }

  /** Lets pdf.js work on a page: in the file where that is small, else, or where it cannot read it, in a copy of the page. */
  async #usePage<T>({ page, content }: InspectedPage, signal: AbortSignal, use: PageUse<T>): Promise<T> {
    const maxPixels = this.#limits.megapixels * 1e6;
    let cause: unknown;
    if (this.#sizeBytes <= MAX_WHOLE_BYTES) {
      try {
        if (!this.#session || this.#session.isClosed) {
          this.#session = await PdfjsSession.open(await this.#readAll(), maxPixels, signal);
        }
        return await this.#session.withPage(page.pageNumber, page.ref, signal, use);
      } catch (error) {
        if (!(error instanceof DocumentError) && !(error instanceof PageError && error.code === 'PAGE_DAMAGED'))
          throw error;
        cause = error;
      }
    }
    const copy = await extractPage(this.#pdf, page, content);
    if (copy) return useCopy(copy, page.pageNumber, maxPixels, signal, use);
    throw cause === undefined ? tooMuch(page.pageNumber) : damagedPage(page.pageNumber, cause);
  }
}

type PageUse<T> = Parameters<typeof PdfjsSession.prototype.withPage<T>>[3];

async function useCopy<T>(
  copy: Uint8Array<ArrayBuffer>,
  pageNumber: number,
  maxPixels: number,
  signal: AbortSignal,
  use: PageUse<T>,
): Promise<T> {
  let session: PdfjsSession | undefined;
  try {
    session = await PdfjsSession.open(copy, maxPixels, signal);
    return await session.withPage(1, undefined, signal, use);
  } catch (error) {
    if (error instanceof PageError && error.code !== 'PAGE_DAMAGED') throw error;
    throw error instanceof PageError || error instanceof DocumentError ? damagedPage(pageNumber, error) : error;
  } finally {
    await session?.close();
  }
}

/** @throws {PageError} the page must not be given to pdf.js. */
function checkContent(content: PageContent, pageNumber: number): void {
  if (content.refusal === 'TOO_MUCH') {
    throw tooMuch(pageNumber);
  }
  if (content.refusal === 'ENDLESS') {
    throw new PageError('PAGE_DAMAGED', `Page ${pageNumber} cannot be drawn: it refers to itself without end.`, {
      safe: 'The other pages go on.',
    });
  }
}

function tooMuch(pageNumber: number): PageError {
  return new PageError('PAGE_TOO_LARGE', `Page ${pageNumber} holds far more than any real page.`, {
    why: 'Its content, or what it refers to, is more than 64 MB. Files made to do harm look like that.',
    safe: 'The other pages go on.',
  });
}

function damagedPage(pageNumber: number, cause: unknown): PageError {
  const message = `Page ${pageNumber} cannot be read: its content is damaged.`;
  return new PageError('PAGE_DAMAGED', message, { safe: 'The other pages go on.' }, { cause });
}

function lostContent(pageNumber: number): PageError {
  return new PageError('PAGE_DAMAGED', `The content of page ${pageNumber} is not in the file.`, {
    why: 'The file is cut short or damaged.',
    safe: 'The other pages go on.',
    remedy: 'Get the file again from where it came from.',
  });
}

function isBlank(image: PageImage): boolean {
  return image.data.every((byte) => byte === 255);
}
