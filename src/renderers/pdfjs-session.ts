import type { PDFDocumentLoadingTask, PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist';
import { DocumentError, PageError, PipelineError } from '../core/errors.ts';
import { loadPdfjs, MAX_CANVAS_BYTES, type LoadedPdfjs } from './load-pdfjs.ts';

/** Identifies a page where page numbers may be counted differently in a damaged file. */
export interface PageKey {
  readonly num: number;
  readonly gen: number;
}

/** A PDF in memory that pdf.js reads. One call at a time. Settles when `signal` aborts, and is closed then. */
export class PdfjsSession {
  readonly #task: PDFDocumentLoadingTask;
  readonly #document: PDFDocumentProxy;
  #isClosed = false;

  private constructor(task: PDFDocumentLoadingTask, document: PDFDocumentProxy) {
    this.#task = task;
    this.#document = document;
  }

  /**
   * Opens a PDF with the empty password.
   * @param bytes are taken over.
   * @param maxImagePixels larger embedded images are left white: what is drawn must have been checked before.
   * @throws {DocumentError} `PDF_ENCRYPTED`, `PDF_DAMAGED`.
   */
  static async open(
    bytes: Uint8Array<ArrayBuffer>,
    maxImagePixels: number,
    signal: AbortSignal,
  ): Promise<PdfjsSession> {
    signal.throwIfAborted();
    const task = startLoading(await loadPdfjs(), bytes, maxImagePixels);
    let isLocked = false;
    task.onPassword = (answer: (password: string | Error) => void) => {
      isLocked = true;
      answer(new Error('no password'));
    };
    try {
      return new PdfjsSession(task, await untilAborted(signal, task.promise));
    } catch (error) {
      await task.destroy();
      signal.throwIfAborted();
      throw explainOpenError(isLocked, error);
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Lets `use` work on a page and frees what the page took.
   * @param key finds the page where pdf.js counts pages otherwise than we do.
   * @throws {PageError} `PAGE_DAMAGED`
   */
  async withPage<T>(
    pageNumber: number,
    key: PageKey | undefined,
    signal: AbortSignal,
    use: (page: PDFPageProxy, loaded: LoadedPdfjs) => Promise<T>,
  ): Promise<T> {
    const loaded = await loadPdfjs();
    try {
      return await untilAborted(
        signal,
        this.#work(pageNumber, key, (page) => use(page, loaded)),
      );
    } catch (error) {
      // After an abort pdf.js may still be at work: nothing of it is used again.
      if (signal.aborted) await this.close();
      signal.throwIfAborted();
      if (error instanceof PipelineError) throw error;
      throw new PageError(
        'PAGE_DAMAGED',
        `Page ${pageNumber} cannot be read: its content is damaged.`,
        {},
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#task.destroy();
  }

  async #work<T>(pageNumber: number, key: PageKey | undefined, use: (page: PDFPageProxy) => Promise<T>): Promise<T> {
    const page = await findPage(this.#document, pageNumber, key);
    try {
      return await use(page);
    } finally {
      page.cleanup();
    }
  }
}

function startLoading(
  { pdfjs, packageFolder }: LoadedPdfjs,
  data: Uint8Array<ArrayBuffer>,
  maxImagePixels: number,
): PDFDocumentLoadingTask {
  return pdfjs.getDocument({
    data,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
    maxImageSize: maxImagePixels,
    canvasMaxAreaInBytes: MAX_CANVAS_BYTES,
    enableXfa: false,
    useSystemFonts: false,
    wasmUrl: `${packageFolder}wasm/`,
    cMapUrl: `${packageFolder}cmaps/`,
    iccUrl: `${packageFolder}iccs/`,
    standardFontDataUrl: `${packageFolder}standard_fonts/`,
  });
}

function explainOpenError(isLocked: boolean, error: unknown): DocumentError {
  const options = { cause: error };
  if (isLocked) return new DocumentError('PDF_ENCRYPTED', 'The PDF is locked with a password.', {}, options);
  return new DocumentError('PDF_DAMAGED', 'The PDF is damaged and cannot be opened.', {}, options);
}

async function findPage(
  document: PDFDocumentProxy,
  pageNumber: number,
  key: PageKey | undefined,
): Promise<PDFPageProxy> {
  const page = await document.getPage(pageNumber);
  if (!key || !page.ref || (page.ref.num === key.num && page.ref.gen === key.gen)) return page;
  return document.getPage((await document.getPageIndex({ ...key })) + 1);
}

/** Settles with the work, or as soon as the signal aborts. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  // When the abort wins, the abandoned work may reject later; that must not become an unhandled rejection.
  work.catch(() => undefined);
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
