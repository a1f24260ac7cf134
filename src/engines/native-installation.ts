import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, readFile, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { explainStart } from '../core/start-failure.ts';
import { runProgram } from './run-program.ts';

/** A Tesseract program and what it has. */
export interface NativeInstallation {
  /** Absolute path. */
  readonly program: string;
  /** `5.3.0`. */
  readonly version: string;
  /** Tesseract codes, `osd` too, sorted. */
  readonly languages: readonly string[];
  /** The folder of its language data; absent where the program does not tell and none of the usual places has it. */
  readonly dataFolder?: string | undefined;
  /** For which processors it was compiled, `x86-64-v3`, where `scripts/build-tesseract.sh` made it. */
  readonly compiledFor?: string | undefined;
  /** Runs threads of its own, which costs more than it gives where pages are read side by side. */
  readonly openMp: boolean;
}

/** Names the tesseract program where it is not on PATH. */
export const TESSERACT_VARIABLE = 'OCR_PIPELINE_TESSERACT';

const NOTHING = { bytes: [] };
/** Beside the program's own folder: what `scripts/build-tesseract.sh` writes of what it made. */
const BUILD_RECORD = join('share', 'tesseract-build.json');
const PROBE_LIMITS = { stdoutBytes: 1_000_000, timeoutMs: 10_000 };

/**
 * Finds the tesseract program: the one named, else the one of {@link TESSERACT_VARIABLE}, else the first on PATH. A name
 * that leads nowhere is not replaced by another program.
 */
export async function findTesseract(
  named: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  const wanted = named ?? environment[TESSERACT_VARIABLE];
  if (wanted !== undefined && wanted !== '' && (isAbsolute(wanted) || /[\\/]/.test(wanted))) {
    return (await isProgram(wanted)) ? resolve(wanted) : undefined;
  }
  const name = wanted === undefined || wanted === '' ? 'tesseract' : wanted;
  const names = process.platform === 'win32' ? [`${name}.exe`, name] : [name];
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    for (const candidate of names) {
      const file = join(folder, candidate);
      if (folder !== '' && (await isProgram(file))) return resolve(file);
    }
  }
  return undefined;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/**
 * Asks a program for its version and languages; undefined where it does not answer as Tesseract does.
 * @throws {TransientError} `SYSTEM_LIMIT`, `SYSTEM_REFUSED`: this machine cannot start it at the moment.
 */
export async function inspectTesseract(program: string, signal: AbortSignal): Promise<NativeInstallation | undefined> {
  const [versionEnd, listEnd] = await Promise.all([
    runProgram(program, ['--version'], NOTHING, PROBE_LIMITS, signal),
    runProgram(program, ['--list-langs'], NOTHING, PROBE_LIMITS, signal),
  ]);
  const refused = explainStart(versionEnd.startError ?? listEnd.startError, 'Tesseract');
  if (refused) throw refused;
  // Tesseract 4 writes these to its standard error, 5 to its standard output.
  const about = `${versionEnd.stdout.toString()}\n${versionEnd.stderrTail}`;
  const version = /^tesseract v?(\d[\w.-]*)/m.exec(about)?.[1];
  if (version === undefined) return undefined;
  const list = `${listEnd.stdout.toString()}\n${listEnd.stderrTail}`;
  const languages = list.split('\n').flatMap((line) => /^([\w-]+(?:\/[\w-]+)?)\s*$/.exec(line)?.[1] ?? []);
  const told = /^List of available languages in "([^"]+)"/m.exec(list)?.[1];
  const dataFolder = told ?? (await guessDataFolder(program, languages));
  const compiledFor = await readBuild(program, signal);
  const openMp = /^ *Found OpenMP/m.test(about);
  return { program, version, languages: [...new Set(languages)].toSorted(), dataFolder, compiledFor, openMp };
}

/** Which of its builds a program takes on this processor; undefined where it is not one of ours. */
async function readBuild(program: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const folder = dirname(dirname(await realpath(program)));
    const record = JSON.parse(await readFile(join(folder, BUILD_RECORD), 'utf8')) as {
      readonly builds?: Readonly<Record<string, string>>;
    };
    const { stdout } = await runProgram(program, ['--which-build'], NOTHING, PROBE_LIMITS, signal);
    const build = stdout.toString().trim();
    return Object.hasOwn(record.builds ?? {}, build) ? build : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function guessDataFolder(program: string, languages: readonly string[]): Promise<string | undefined> {
  const prefix = process.env['TESSDATA_PREFIX'];
  const nearProgram = join(dirname(program), '..', 'share');
  const candidates = [
    ...(prefix === undefined ? [] : [prefix, join(prefix, 'tessdata')]),
    join(nearProgram, 'tessdata'),
    join(nearProgram, 'tesseract-ocr', '5', 'tessdata'),
    join(nearProgram, 'tesseract-ocr', '4.00', 'tessdata'),
    join(dirname(program), 'tessdata'),
  ];
  const [language = 'eng'] = languages;
  for (const folder of candidates) {
    try {
      await access(join(folder, `${language}.traineddata`));
      return folder;
    } catch {
      continue;
    }
  }
  return undefined;
}

const digests = new Map<string, string>();

/** Lower-case hex SHA-256 of a model file, remembered as long as its time and size stay the same. */
export async function digestModel(file: string): Promise<string> {
  const { mtimeMs, size } = await stat(file);
  const key = `${file}\n${mtimeMs}\n${size}`;
  const known = digests.get(key);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest('hex');
  digests.set(key, digest);
  return digest;
}
