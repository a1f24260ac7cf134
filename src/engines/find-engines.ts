import type { EngineReport } from '../core/engine-report.ts';
import type { EngineName } from '../core/settings.ts';
import { languageMissing, tesseractMissing } from './engine-errors.ts';
import { findLanguageFiles, folderOfTesseractJs, versionOfTesseractJs } from './js-installation.ts';
import { splitLanguages } from './languages.ts';
import { findTesseract, inspectTesseract, TESSERACT_VARIABLE, type NativeInstallation } from './native-installation.ts';
import { NULL_DELAY_VARIABLE, NULL_GATE_VARIABLE } from '../core/child-environment.ts';
import { identifyNull, NullEngine } from './null.ts';
import type { EngineIdentity, OcrEngine } from './ocr-engine.ts';
import { identifyNativeTesseract, openNativeTesseract } from './tesseract-native.ts';
import { identifyTesseractJs, openTesseractJs } from './tesseract-js.ts';

/** The engine a run reads with. */
export interface ChosenEngine extends EngineIdentity {
  readonly engine: EngineName;
}

const INSPECT_TIMEOUT_MS = 20_000;

/** Looks at every engine that could be used; one that is missing is in the answer, with the reason. */
export async function findEngines(tesseract?: string): Promise<readonly EngineReport[]> {
  return await Promise.all([reportNative(tesseract), reportJs()]);
}

async function reportNative(named: string | undefined): Promise<EngineReport> {
  const none = { name: 'tesseract', available: false, languages: [], orientation: false };
  const program = await findTesseract(named);
  if (program === undefined)
    return { ...none, detail: `not found: ${named ?? process.env[TESSERACT_VARIABLE] ?? 'no tesseract on PATH'}` };
  const installation = await inspectTesseract(program, AbortSignal.timeout(INSPECT_TIMEOUT_MS));
  if (!installation) return { ...none, detail: `${program} does not answer as Tesseract does` };
  const { version, languages, compiledFor, openMp } = installation;
  return {
    name: 'tesseract',
    available: true,
    version,
    languages: languages.filter((code) => code !== 'osd'),
    orientation: languages.includes('osd'),
    compiledFor,
    openMp,
    detail: program,
  };
}

async function reportJs(): Promise<EngineReport> {
  const version = versionOfTesseractJs();
  const languages = [...(await findLanguageFiles()).keys()].filter((code) => code !== 'osd');
  const folder = folderOfTesseractJs();
  const detail = folder ?? 'not installed';
  return { name: 'tesseract.js', available: version !== undefined, version, languages, orientation: false, detail };
}

/** The codes of all languages that some engine here can read, sorted. */
export async function listLanguages(tesseract?: string): Promise<readonly string[]> {
  const reports = await findEngines(tesseract);
  return [...new Set(reports.flatMap((report) => report.languages))].toSorted();
}

/**
 * Settles which engine reads, before any page is read. `auto` takes native Tesseract where it is there and has all the
 * languages, else tesseract.js where that has them. A program that was named and is missing is never passed over.
 * @throws {MissingDependencyError} `TESSERACT_MISSING`, `LANG_MISSING`.
 */
export async function chooseEngine(
  wanted: EngineName | 'auto',
  language: string,
  tesseract?: string,
): Promise<ChosenEngine> {
  if (wanted === 'null') return { engine: 'null', ...identifyNull(language) };
  if (wanted === 'tesseract.js') return await chooseJs(language);
  const native = await findNative(tesseract);
  if (wanted === 'tesseract' || (native && hasAll(native.languages, language))) {
    if (!native) throw tesseractMissing(tesseract ?? process.env[TESSERACT_VARIABLE]);
    return { engine: 'tesseract', ...(await identifyNativeTesseract(native, language)) };
  }
  const files = await findLanguageFiles();
  const codes = splitLanguages(language);
  if (codes.every((code) => files.has(code))) return await chooseJs(language);
  const here = [...new Set([...(native?.languages ?? []), ...files.keys()])].toSorted();
  const missing = codes.find((code) => !here.includes(code)) ?? codes.find((code) => !native?.languages.includes(code));
  throw languageMissing(missing ?? language, here);
}

async function chooseJs(language: string): Promise<ChosenEngine> {
  return { engine: 'tesseract.js', ...(await identifyTesseractJs(language, await findLanguageFiles())) };
}

async function findNative(named: string | undefined): Promise<NativeInstallation | undefined> {
  const program = await findTesseract(named);
  const installation =
    program === undefined ? undefined : await inspectTesseract(program, AbortSignal.timeout(INSPECT_TIMEOUT_MS));
  const insisted = named ?? process.env[TESSERACT_VARIABLE];
  if (!installation && insisted) throw tesseractMissing(insisted);
  return installation;
}

function hasAll(here: readonly string[], language: string): boolean {
  return splitLanguages(language).every((code) => here.includes(code));
}

/**
 * Opens an engine that was chosen before. `known`: what it is, as {@link chooseEngine} found; to look again, with the models'
 * digests, costs a tenth of a second.
 * @throws {MissingDependencyError} it, or its language data, is not here (any more).
 */
export async function openEngine(
  engine: EngineName,
  language: string,
  tesseract?: string,
  known?: EngineIdentity,
): Promise<OcrEngine> {
  if (engine === 'null') {
    const { [NULL_DELAY_VARIABLE]: delays = '0', [NULL_GATE_VARIABLE]: gate } = process.env;
    return new NullEngine(language, delays.split(',').map(Number), gate);
  }
  if (engine === 'tesseract.js') return await openTesseractJs(language, known);
  const program = await findTesseract(tesseract);
  if (program === undefined) throw tesseractMissing(tesseract ?? process.env[TESSERACT_VARIABLE]);
  return await openNativeTesseract(program, language, AbortSignal.timeout(INSPECT_TIMEOUT_MS), known);
}
