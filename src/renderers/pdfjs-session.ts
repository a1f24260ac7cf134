import { open, type FileHandle } from 'node:fs/promises';
import type { PDFDataRangeTransport, PDFDocumentLoadingTask, PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist';
import { DocumentError, PageError, PipelineError } from '../core/errors.ts';
import { loadPdfjs, type LoadedPdfjs } from './load-pdfjs.ts';

/** Read in one go; pdf.js asks for what it needs in multiples of it. */
const RANGE_BYTES = 256 * 1024;

/** pdf.js keeps all it has read of a file. After so much the document is opened anew, which costs some milliseconds. */
const REOPEN_AFTER_BYTES = 64 * 1024 * 1024;

/** Identifies a page where page numbers may be counted differently in a damaged file. */
export interface PageKey {
  readonly num: number;
  readonly gen: number;
}

interface OpenState {
  readonly document: PDFDocumentProxy;
  readonly task: PDFDocumentLoadingTask;
  /** Absent where the bytes are in memory. */
  readonly ranges: FileRanges | undefined;
}

/** Where a PDF is: the path of a file, read by ranges, or its bytes, which pdf.js takes over. */
export type PdfjsSource = string | Uint8Array<ArrayBuffer>;

/** A PDF that pdf.js reads. One call at a time. Settles when `signal` aborts. */
export class PdfjsSession {
  readonly #source: PdfjsSource;
  readonly #maxImagePixels: number;
  #state: OpenState | undefined;

  private constructor(source: PdfjsSource, maxImagePixels: number) {
    this.#source = source;
    this.#maxImagePixels = maxImagePixels;
  }

  /**
   * Opens a PDF with the empty password.
   * @param maxImagePixels larger embedded images are left white: what is drawn must have been checked before.
   * @throws {DocumentError} `PDF_ENCRYPTED`, `PDF_DAMAGED`.
   */
  static async open(source: PdfjsSource, maxImagePixels: number, signal: AbortSignal): Promise<PdfjsSession> {
    const session = new PdfjsSession(source, maxImagePixels);
    await session.#ensureOpen(signal);
    return session;
  }

  /** As pdf.js counts them; only good while open. */
  get pageCount(): number {
    return this.#state?.document.numPages ?? 0;
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
    const state = await this.#ensureOpen(signal);
    const loaded = await loadPdfjs();
    try {
      return await settle(signal, state.ranges, async () => {
        const page = await findPage(state.document, pageNumber, key);
        try {
          return await use(page, loaded);
        } finally {
          page.cleanup();
        }
      });
    } catch (error) {
      // After an abort or a failed read pdf.js may still be at work: nothing of it is used again.
      if (signal.aborted || state.ranges?.failed) await this.close();
      signal.throwIfAborted();
      if (error instanceof PipelineError) throw error;
      throw new PageError('PAGE_DAMAGED', `Page ${pageNumber} cannot be read: its content is damaged.`, {}, { cause: error });
    }
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = undefined;
    if (!state) return;
    try {
      await state.task.destroy();
    } finally {
      await state.ranges?.close();
    }
  }

  async #ensureOpen(signal: AbortSignal): Promise<OpenState> {
    if ((this.#state?.ranges?.bytesRead ?? 0) > REOPEN_AFTER_BYTES) await this.close();
    this.#state ??= await openState(this.#source, this.#maxImagePixels, signal);
    return this.#state;
  }
}

async function openState(source: PdfjsSource, maxImagePixels: number, signal: AbortSignal): Promise<OpenState> {
  signal.throwIfAborted();
  const loaded = await loadPdfjs();
  const ranges = typeof source === 'string' ? await FileRanges.open(source) : undefined;
  let task: PDFDocumentLoadingTask | undefined;
  let isLocked = false;
  try {
    task = startLoading(loaded, ranges ? await ranges.createTransport(loaded) : (source as Uint8Array), maxImagePixels);
    task.onPassword = (answer: (password: string | Error) => void) => {
      isLocked = true;
      answer(new Error('no password'));
    };
    const { promise } = task;
    return { document: await settle(signal, ranges, () => promise), task, ranges };
  } catch (error) {
    await task?.destroy();
    await ranges?.close();
    signal.throwIfAborted();
    throw explainOpenError(isLocked, error);
  }
}

function startLoading(
  { pdfjs, packageFolder }: LoadedPdfjs,
  from: PDFDataRangeTransport | Uint8Array,
  maxImagePixels: number,
): PDFDocumentLoadingTask {
  return pdfjs.getDocument({
    ...(from instanceof Uint8Array ? { data: from } : { range: from }),
    rangeChunkSize: RANGE_BYTES,
    disableAutoFetch: true,
    disableStream: true,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
    maxImageSize: maxImagePixels,
    // Bytes of RGBA; as much as an image may have, so that none is decoded at a lower resolution.
    canvasMaxAreaInBytes: maxImagePixels * 4,
    isEvalSupported: false,
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

/** Runs `work`, but settles as soon as the signal aborts or the file cannot be read: pdf.js would wait for ever. */
async function settle<T>(signal: AbortSignal, ranges: FileRanges | undefined, work: () => Promise<T>): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  if (ranges) ranges.onFailure = reject;
  try {
    const working = work();
    // When `stopped` wins, the abandoned work may reject later; that must not become an unhandled rejection.
    working.catch(() => undefined);
    return await Promise.race([working, stopped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (ranges) ranges.onFailure = undefined;
  }
}

/** Hands ranges of a file to pdf.js. */
class FileRanges {
  bytesRead = 0;
  failed = false;
  onFailure: ((error: unknown) => void) | undefined;
  readonly #handle: FileHandle;
  readonly #sizeBytes: number;

  private constructor(handle: FileHandle, sizeBytes: number) {
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
  }

  static async open(file: string): Promise<FileRanges> {
    const handle = await open(file, 'r');
    try {
      return new FileRanges(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async createTransport({ pdfjs }: LoadedPdfjs): Promise<PDFDataRangeTransport> {
    const first = await this.#read(0, Math.min(RANGE_BYTES, this.#sizeBytes));
    const deliver = (begin: number, end: number, to: PDFDataRangeTransport): void => {
      this.#read(begin, end).then(
        (bytes) => to.onDataRange(begin, bytes),
        (error: unknown) => {
          this.failed = true;
          this.onFailure?.(error);
        },
      );
    };
    class Transport extends pdfjs.PDFDataRangeTransport {
      override requestDataRange(begin: number, end: number): void {
        deliver(begin, end, this);
      }
    }
    return new Transport(this.#sizeBytes, first);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #read(begin: number, end: number): Promise<Uint8Array> {
    // Not from Node's shared pool: pdf.js takes the whole buffer over.
    const bytes = new Uint8Array(end - begin);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, bytes.length - filled, begin + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    this.bytesRead += filled;
    return bytes;
  }
}
