import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Worker as Thread } from 'node:worker_threads';
import type Tesseract from 'tesseract.js';
import { MissingDependencyError, PageError, PipelineError } from '../core/errors.ts';
import type { PageImage, RecognizedPage } from '../core/page.ts';
import { explainStart } from '../core/start-failure.ts';
import { languageMissing } from './engine-errors.ts';
import { digestPackedModel, findLanguageFiles, versionOfTesseractJs, type LanguageFiles } from './js-installation.ts';
import { splitLanguages } from './languages.ts';
import type { EngineIdentity, OcrEngine, RecognizeOptions } from './ocr-engine.ts';
import { parseHocr } from './parse-hocr.ts';
import { writePnm } from './write-pnm.ts';

/** Pages one worker reads before it is replaced: its memory only ever grows. */
const PAGES_A_WORKER = 100;
/** Starting takes a quarter of a second; with damaged data it would never end. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
/** OEM of tesseract(1): the neural network alone, the only one the core we load has. */
const LSTM_ONLY = 1;
/**
 * tesseract.js looks for the marks of EXIF in the first 500 bytes of any image. With a comment this long there are no
 * pixels in them.
 */
const HEAD_COMMENT = `#${' '.repeat(510)}\n`;

/** Nothing learnt on one page is used on the next. */
const FORGETFUL = { tessedit_enable_doc_dict: '0', classify_enable_learning: '0', hocr_font_info: '0' };

/** A worker of tesseract.js, its thread, and how it ended. */
interface RunningWorker {
  readonly worker: Tesseract.Worker;
  readonly thread: Thread;
  /** Rejects when the thread crashes or ends; never settles otherwise. */
  readonly broken: Promise<never>;
  pages: number;
}

/** Reads pages with tesseract.js in one worker thread, started when first needed. */
export class TesseractJs implements OcrEngine {
  readonly identity: EngineIdentity;
  readonly #codes: readonly string[];
  readonly #files: LanguageFiles;
  readonly #workerPath: string | undefined;
  #running: RunningWorker | undefined;
  #closed = false;

  /** `workerPath`: the program of the worker thread, where it is not tesseract.js's own. */
  constructor(codes: readonly string[], files: LanguageFiles, identity: EngineIdentity, workerPath?: string) {
    this.#codes = codes;
    this.#files = files;
    this.identity = identity;
    this.#workerPath = workerPath;
  }

  async recognize(image: PageImage, options: RecognizeOptions, signal: AbortSignal): Promise<RecognizedPage> {
    signal.throwIfAborted();
    if (this.#closed) throw new PageError('ENGINE_CLOSED', 'The OCR engine was closed before it read this page.');
    const running = (this.#running ??= await this.#start());
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      const reading = running.worker.recognize(packImage(image), parametersFor(image, options), {
        text: false,
        hocr: true,
      });
      const { data } = await Promise.race([reading, running.broken, aborted.promise]);
      running.pages++;
      if (running.pages >= PAGES_A_WORKER) await this.#stop();
      return parseHocr(data.hocr ?? '');
    } catch (error) {
      // Whatever it was, the worker may be in any state now: the next page gets a new one.
      await this.#stop();
      signal.throwIfAborted();
      throw asPageError(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #start(): Promise<RunningWorker> {
    const { default: tesseract } = await import('tesseract.js').catch((error: unknown) => {
      throw notInstalled(error);
    });
    await using folder = await gatherFiles(this.#codes, this.#files);
    // It tells so of data that it cannot use, and never settles then.
    const refused = Promise.withResolvers<never>();
    refused.promise.catch(() => {});
    const starting = tesseract.createWorker([...this.#codes], LSTM_ONLY, {
      ...(this.#workerPath === undefined ? {} : { workerPath: this.#workerPath }),
      langPath: folder.path,
      gzip: true,
      cacheMethod: 'none',
      // Without one, an error of the worker is thrown where nobody can catch it.
      errorHandler: (reason) => refused.reject(reason),
    });
    const started = Promise.race([starting, refused.promise]);
    const worker = await within(started, START_TIMEOUT_MS, () =>
      startFailure('It did not answer within a minute.'),
    ).catch((error: unknown) => {
      throw asStartError(error);
    });
    const { worker: thread } = worker as unknown as { readonly worker: Thread };
    const ended = Promise.withResolvers<never>();
    thread.once('error', (error) => ended.reject(error));
    thread.once('exit', () => ended.reject(new PageError('ENGINE_FAILED', 'The worker of tesseract.js ended.')));
    // Waited for only while a page is read.
    ended.promise.catch(() => {});
    await Promise.race([worker.setParameters(FORGETFUL), ended.promise]);
    return { worker, thread, broken: ended.promise, pages: 0 };
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running) await within(running.thread.terminate(), STOP_TIMEOUT_MS, () => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop();
  }
}

function packImage(image: PageImage): Buffer {
  const [head, pixels] = writePnm(image);
  const kind = head.subarray(0, 3);
  return Buffer.concat([kind, Buffer.from(HEAD_COMMENT, 'latin1'), head.subarray(3), pixels]);
}

function parametersFor(image: PageImage, { pageSegMode, mayBeInverted }: RecognizeOptions): Record<string, string> {
  return {
    tessedit_pageseg_mode: String(pageSegMode),
    user_defined_dpi: String(Math.min(2_400, Math.max(70, Math.round(image.dpi)))),
    ...(mayBeInverted ? {} : { invert_threshold: '0', tessedit_do_invert: '0' }),
  };
}

/** The folder in which tesseract.js finds all languages: that of the package, or links to several. */
async function gatherFiles(
  codes: readonly string[],
  files: LanguageFiles,
): Promise<AsyncDisposable & { readonly path: string }> {
  const sources = codes.map((code) => fileOf(code, files));
  const [only] = sources;
  if (sources.length === 1 && only !== undefined)
    return { path: dirname(only), [Symbol.asyncDispose]: () => Promise.resolve() };
  const path = await mkdtemp(join(tmpdir(), 'ocr-pipeline-languages-'));
  for (const source of sources) await symlink(source, join(path, basename(source)));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function within<T>(promise: Promise<T>, timeoutMs: number, late: () => T | Error): Promise<T> {
  const timeout = Promise.withResolvers<T>();
  const timer = setTimeout(() => {
    const outcome = late();
    if (outcome instanceof Error) timeout.reject(outcome);
    else timeout.resolve(outcome);
  }, timeoutMs);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function notInstalled(cause?: unknown): MissingDependencyError {
  return new MissingDependencyError(
    'TESSERACT_JS_MISSING',
    'tesseract.js is not installed.',
    { remedy: 'npm install' },
    { cause },
  );
}

function startFailure(reason: string): MissingDependencyError {
  return new MissingDependencyError('ENGINE_BROKEN', 'tesseract.js does not start.', {
    why: `${reason} Its language data may be damaged, or missing.`,
    safe: 'No document is to blame. All that is finished is kept.',
    remedy: 'npm install   again, or install native Tesseract.',
  });
}

/** No page has been seen yet: it is the engine, its data or this machine. */
function asStartError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const words = error instanceof Error ? error.message : typeof error === 'string' ? error : JSON.stringify(error);
  return explainStart(error, 'tesseract.js') ?? startFailure(`It says: ${words.slice(0, 300)}.`);
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('Stopped.', 'AbortError');
}

/** tesseract.js rejects with texts. */
function asPageError(error: unknown): PageError | MissingDependencyError {
  if (error instanceof PageError || error instanceof MissingDependencyError) return error;
  const why = (error instanceof Error ? error.message : String(error)).slice(0, 300);
  return new PageError('ENGINE_FAILED', 'tesseract.js could not read this page.', { why }, { cause: error });
}

function fileOf(code: string, files: LanguageFiles): string {
  const file = files.get(code);
  if (file === undefined) throw languageMissing(code, [...files.keys()]);
  return file;
}

/**
 * What tesseract.js is for the recipe, with the digest of each language's model.
 * @throws {MissingDependencyError} `LANG_MISSING`, `TESSERACT_JS_MISSING`.
 */
export async function identifyTesseractJs(language: string, files: LanguageFiles): Promise<EngineIdentity> {
  const version = versionOfTesseractJs();
  if (version === undefined) throw notInstalled();
  const models: Record<string, string> = {};
  for (const code of splitLanguages(language)) models[code] = await digestPackedModel(fileOf(code, files));
  return { name: 'tesseract.js', version, models };
}

/**
 * Opens tesseract.js; its worker starts with the first page. `known`: what it is, where somebody looked before.
 * @throws {MissingDependencyError} `LANG_MISSING`, `TESSERACT_JS_MISSING`; where it is known, the second when a page is read.
 */
export async function openTesseractJs(language: string, known?: EngineIdentity): Promise<OcrEngine> {
  const files = await findLanguageFiles();
  const codes = splitLanguages(language);
  for (const code of codes) fileOf(code, files);
  return new TesseractJs(codes, files, known ?? (await identifyTesseractJs(language, files)));
}
