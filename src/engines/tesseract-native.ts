import { join } from 'node:path';
import { PageError, type PipelineError } from '../core/errors.ts';
import type { PageImage, RecognizedPage } from '../core/page.ts';
import { clampDpi } from './clamp-dpi.ts';
import { languageMissing, tesseractBroken, tesseractMissing, tesseractNotStarted } from './engine-errors.ts';
import { splitLanguages } from './languages.ts';
import { digestModel, inspectTesseract, type NativeInstallation } from './native-installation.ts';
import { areNeuralModels } from './neural-models.ts';
import type { EngineIdentity, OcrEngine, RecognizeOptions } from './ocr-engine.ts';
import { parseHocr } from './parse-hocr.ts';
import { runProgram, type ProgramEnd } from './run-program.ts';
import { spoolBytes } from './spool-bytes.ts';
import { PROBE_IMAGE, TesseractStream } from './tesseract-stream.ts';
import { writePnm } from './write-pnm.ts';

/** Far above the hOCR of a full newspaper page, some 5 MB. */
const MAX_HOCR_BYTES = 128 * 1024 * 1024;

/** The first version whose streams were found to give the same as a process a page does. */
const LEAST_STREAMING_VERSION = 5;

/** Pages with and without light text on dark take turns in an illustrated book; a process has some 80 MB. */
const MAX_STREAMS = 2;

/**
 * Reads pages with one Tesseract process after the other, or with one for each page where a process cannot take several,
 * or where that might let pages influence each other. A page over which a process ends is read again by one of its own:
 * a crash costs one page.
 */
export class NativeTesseract implements OcrEngine {
  readonly identity: EngineIdentity;
  readonly #program: string;
  readonly #language: string;
  readonly #closed = new AbortController();
  #canStream: boolean | undefined;
  /** It has read something: where it ends over a page, that may be the page's doing. */
  #hasWorked = false;
  /** Processes by the settings they were started with, the one used last at the end. */
  readonly #streams = new Map<string, TesseractStream>();

  /** `identity` as {@link identifyNativeTesseract} gives it for this program and language. */
  constructor(program: string, language: string, identity: EngineIdentity) {
    this.#program = program;
    this.#language = splitLanguages(language).join('+');
    this.identity = identity;
  }

  async recognize(image: PageImage, options: RecognizeOptions, signal: AbortSignal): Promise<RecognizedPage> {
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    stop.throwIfAborted();
    const settings = settingsFor(this.#language, options);
    const streamed = await this.#readStreamed(image, settings, stop);
    if (streamed !== undefined) {
      this.#hasWorked = true;
      return parseHocr(streamed);
    }
    const end = await this.#readAlone(image, settings, stop);
    if (isRead(end)) {
      this.#hasWorked = true;
      return parseHocr(end.stdout.toString('utf8'));
    }
    throw await this.#explain(end, settings, stop);
  }

  /** Undefined where there is no stream, or it ended over this page: then the page is read alone. */
  async #readStreamed(image: PageImage, settings: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    this.#canStream ??= await canStream(this.#program, splitLanguages(this.#language), signal);
    if (!this.#canStream) return undefined;
    const key = settings.join(' ');
    const known = this.#streams.get(key);
    this.#streams.delete(key);
    if (known && !known.usable) await known[Symbol.asyncDispose]();
    const stream = known?.usable ? known : await this.#startStream(settings, signal);
    if (!stream) return undefined;
    this.#streams.set(key, stream);
    return await stream.read(image, signal);
  }

  async #startStream(settings: readonly string[], signal: AbortSignal): Promise<TesseractStream | undefined> {
    for (const [key, oldest] of this.#streams) {
      if (this.#streams.size < MAX_STREAMS) break;
      this.#streams.delete(key);
      await oldest[Symbol.asyncDispose]();
    }
    const started = await TesseractStream.start(this.#program, settings, MAX_HOCR_BYTES, signal);
    this.#canStream = started !== undefined;
    if (this.#closed.signal.aborted) await started?.[Symbol.asyncDispose]();
    return started;
  }

  /** Tesseract takes the bytes of a pipe one at a time, a fifth of a second for a grey page; a file it reads at once. */
  async #readAlone(image: PageImage, settings: readonly string[], signal: AbortSignal): Promise<ProgramEnd> {
    signal.throwIfAborted();
    const bytes = writePnm(image);
    const file = await spoolBytes(bytes);
    try {
      const args = [file ? '/dev/stdin' : 'stdin', 'stdout', ...settings, '--dpi', String(clampDpi(image.dpi))];
      const input = file ? { fileDescriptor: file.fd } : { bytes };
      return await runProgram(this.#program, args, input, { stdoutBytes: MAX_HOCR_BYTES }, signal);
    } finally {
      await file?.close();
    }
  }

  /** An engine that has gone would fail on every page; a crash may be the page's own doing, if others can be read. */
  async #explain(end: ProgramEnd, settings: readonly string[], signal: AbortSignal): Promise<PipelineError> {
    if (end.startError !== undefined) return tesseractNotStarted(this.#program, end.startError);
    if (end.killedBy === undefined) {
      const installation = await inspectTesseract(this.#program, signal);
      const missing =
        installation && splitLanguages(this.#language).find((code) => !installation.languages.includes(code));
      if (missing !== undefined) return languageMissing(missing, installation?.languages ?? []);
    }
    if (!this.#hasWorked || isOfLimit(end)) {
      const probe = await this.#readAlone(PROBE_IMAGE, settings, signal);
      if (probe.startError !== undefined) return tesseractNotStarted(this.#program, probe.startError);
      const words = `${probe.stderrTail}\n${end.stderrTail}`;
      if (!isRead(probe) || isOfLimit(end))
        return await tesseractBroken(describeEnd(end), { exitCode: end.exitCode, signal: end.killedBy, words });
      this.#hasWorked = true;
    }
    return new PageError('ENGINE_FAILED', `Tesseract could not read this page: ${describeEnd(end)}.`, {
      why: lastLine(end.stderrTail),
    });
  }

  async close(): Promise<void> {
    this.#closed.abort(new PageError('ENGINE_CLOSED', 'The OCR engine was closed while it read this page.'));
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
  }
}

/** All of Tesseract's arguments but the image, the output and the resolution. */
function settingsFor(language: string, { pageSegMode, mayBeInverted }: RecognizeOptions): string[] {
  const variables = [
    'tessedit_create_hocr=1',
    'hocr_font_info=0',
    // The first is the name since 5.1, the second that of older versions; each is ignored by the other.
    ...(mayBeInverted ? [] : ['invert_threshold=0', 'tessedit_do_invert=0']),
  ];
  return ['-l', language, '--psm', `${pageSegMode}`, ...variables.flatMap((variable) => ['-c', variable])];
}

/**
 * Whether one process may read several pages: the version can, and the models hold nothing that learns from page to page.
 */
async function canStream(program: string, codes: readonly string[], signal: AbortSignal): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const installation = await inspectTesseract(program, signal);
  const { version = '', dataFolder } = installation ?? {};
  if (dataFolder === undefined || Number.parseInt(version, 10) < LEAST_STREAMING_VERSION) return false;
  return await areNeuralModels(codes.map((code) => join(dataFolder, `${code}.traineddata`)));
}

function isRead({ exitCode, stdout }: ProgramEnd): boolean {
  return exitCode === 0 && stdout.includes("class='ocr_page'");
}

/** Signals that the kernel sends to programs that are past a limit on CPU time or the size of files, whatever they read. */
const LIMIT_SIGNALS: readonly (string | undefined)[] = ['SIGXCPU', 'SIGXFSZ'];

function isOfLimit({ killedBy }: ProgramEnd): boolean {
  return LIMIT_SIGNALS.includes(killedBy);
}

function describeEnd(end: ProgramEnd): string {
  if (end.tooMuchOutput) return 'it wrote without end';
  if (end.killedBy !== undefined) return `it ended by ${end.killedBy}`;
  return end.exitCode === 0 ? 'it gave no result' : `it ended with code ${end.exitCode}`;
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1)?.slice(0, 300) || undefined;
}

/**
 * What an installation is for the recipe, with the digest of each language's model.
 * @throws {MissingDependencyError} `LANG_MISSING`.
 */
export async function identifyNativeTesseract(
  installation: NativeInstallation,
  language: string,
): Promise<EngineIdentity> {
  const { version, languages, dataFolder } = installation;
  const models: Record<string, string> = {};
  for (const code of splitLanguages(language)) {
    if (!languages.includes(code)) throw languageMissing(code, languages);
    models[code] = dataFolder === undefined ? 'unknown' : await digestModel(join(dataFolder, `${code}.traineddata`));
  }
  return { name: 'tesseract', version, models };
}

/**
 * Opens the native engine; `known`: what it is, where somebody looked before.
 * @throws {MissingDependencyError} `TESSERACT_MISSING`, `LANG_MISSING`; where it is known, only when a page is read.
 */
export async function openNativeTesseract(
  program: string,
  language: string,
  signal: AbortSignal,
  known?: EngineIdentity,
): Promise<OcrEngine> {
  if (known) return new NativeTesseract(program, language, known);
  const installation = await inspectTesseract(program, signal);
  if (!installation) throw tesseractMissing(program);
  return new NativeTesseract(program, language, await identifyNativeTesseract(installation, language));
}
