import { join } from 'node:path';
import { type MissingDependencyError, PageError } from '../core/errors.ts';
import type { PageImage, RecognizedPage } from '../core/page.ts';
import { languageMissing, tesseractMissing } from './engine-errors.ts';
import { splitLanguages } from './languages.ts';
import { digestModel, inspectTesseract, type NativeInstallation } from './native-installation.ts';
import type { EngineIdentity, OcrEngine, RecognizeOptions } from './ocr-engine.ts';
import { parseHocr } from './parse-hocr.ts';
import { runProgram, type ProgramEnd } from './run-program.ts';
import { spoolBytes } from './spool-bytes.ts';
import { writePnm } from './write-pnm.ts';

/** Far above the hOCR of a full newspaper page, some 5 MB. */
const MAX_HOCR_BYTES = 128 * 1024 * 1024;

/** Reads each page with a Tesseract process of its own: pages cannot influence each other, and a crash costs one page. */
export class NativeTesseract implements OcrEngine {
  readonly identity: EngineIdentity;
  readonly #program: string;
  readonly #language: string;
  readonly #closed = new AbortController();

  /** `identity` as {@link identifyNativeTesseract} gives it for this program and language. */
  constructor(program: string, language: string, identity: EngineIdentity) {
    this.#program = program;
    this.#language = splitLanguages(language).join('+');
    this.identity = identity;
  }

  async recognize(image: PageImage, options: RecognizeOptions, signal: AbortSignal): Promise<RecognizedPage> {
    const end = await this.#run(image, options, AbortSignal.any([signal, this.#closed.signal]));
    if (end.exitCode === 0) {
      const hocr = end.stdout.toString('utf8');
      if (hocr.includes("class='ocr_page'")) return parseHocr(hocr);
    }
    throw await this.#explain(end, signal);
  }

  /** Tesseract takes the bytes of a pipe one at a time, a fifth of a second for a grey page; a file it reads at once. */
  async #run(image: PageImage, options: RecognizeOptions, signal: AbortSignal): Promise<ProgramEnd> {
    signal.throwIfAborted();
    const bytes = writePnm(image);
    const file = await spoolBytes(bytes);
    try {
      const args = argumentsFor(file ? '/dev/stdin' : 'stdin', this.#language, image, options);
      const input = file ? { fileDescriptor: file.fd } : { bytes };
      return await runProgram(this.#program, args, input, { stdoutBytes: MAX_HOCR_BYTES }, signal);
    } finally {
      await file?.close();
    }
  }

  /** An engine that has gone would fail on every page; a crash may be the page's own doing. */
  async #explain(end: ProgramEnd, signal: AbortSignal): Promise<PageError | MissingDependencyError> {
    if (end.startError === 'ENOENT' || end.startError === 'EACCES') return tesseractMissing(this.#program);
    if (end.startError === undefined && end.killedBy === undefined) {
      const installation = await inspectTesseract(this.#program, signal);
      const missing = installation && splitLanguages(this.#language).find((code) => !installation.languages.includes(code));
      if (missing !== undefined) return languageMissing(missing, installation?.languages ?? []);
    }
    return new PageError('ENGINE_FAILED', `Tesseract could not read this page: ${describeEnd(end)}.`, {
      why: lastLine(end.stderrTail),
    });
  }

  close(): Promise<void> {
    this.#closed.abort(new PageError('ENGINE_CLOSED', 'The OCR engine was closed while it read this page.'));
    return Promise.resolve();
  }
}

function argumentsFor(input: string, language: string, image: PageImage, options: RecognizeOptions): string[] {
  const variables = [
    'tessedit_create_hocr=1',
    'hocr_font_info=0',
    // The first is the name since 5.1, the second that of older versions; each is ignored by the other.
    ...(options.mayBeInverted ? [] : ['invert_threshold=0', 'tessedit_do_invert=0']),
  ];
  const dpi = Math.min(2_400, Math.max(70, Math.round(image.dpi)));
  const settings = ['-l', language, '--psm', `${options.pageSegMode}`, '--dpi', `${dpi}`];
  return [input, 'stdout', ...settings, ...variables.flatMap((variable) => ['-c', variable])];
}

function describeEnd(end: ProgramEnd): string {
  if (end.tooMuchOutput) return 'it wrote without end';
  if (end.startError !== undefined) return `it could not be started (${end.startError})`;
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
export async function identifyNativeTesseract(installation: NativeInstallation, language: string): Promise<EngineIdentity> {
  const { version, languages, dataFolder } = installation;
  const models: Record<string, string> = {};
  for (const code of splitLanguages(language)) {
    if (!languages.includes(code)) throw languageMissing(code, languages);
    models[code] = dataFolder === undefined ? 'unknown' : await digestModel(join(dataFolder, `${code}.traineddata`));
  }
  return { name: 'tesseract', version, models };
}

/**
 * Opens the native engine.
 * @throws {MissingDependencyError} `TESSERACT_MISSING`, `LANG_MISSING`.
 */
export async function openNativeTesseract(program: string, language: string, signal: AbortSignal): Promise<OcrEngine> {
  const installation = await inspectTesseract(program, signal);
  if (!installation) throw tesseractMissing(program);
  return new NativeTesseract(program, language, await identifyNativeTesseract(installation, language));
}
