import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expandVariables, settingOfKey, type RawValue, type SettingsSource } from '../core/config/resolve-settings.ts';
import { SETTINGS, type SettingName } from '../core/config/settings-table.ts';
import { ConfigError, type Advice } from '../core/errors.ts';
import { UnfitFileError } from '../files/open-regular.ts';
import { readSmallFile, type SmallFile } from '../files/read-small-file.ts';
import { explainErrno, hasErrno, readErrno } from '../core/errno.ts';

const MAX_DEPTH = 8;

/** What decides where configuration files are. */
export interface CallingShell {
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A place where a configuration file may be. */
export interface ConfigPlace {
  readonly kind: 'project' | 'user' | 'site';
  readonly file: string;
  /** It was named by the person, so that its absence is an error. */
  readonly mustExist: boolean;
}

/** The home folder: `HOME` where it is set, as shells have it. */
export function homeFolder(environment: CallingShell['environment']): string {
  return environment['HOME'] || homedir();
}

/** The three places that are looked at, strongest first. */
export function configPlaces({ workingFolder, environment }: CallingShell): readonly ConfigPlace[] {
  // XDG Base Directory Specification: a relative or empty XDG_CONFIG_HOME is ignored.
  const xdg = environment['XDG_CONFIG_HOME'];
  const configHome = xdg?.startsWith('/') ? xdg : join(homeFolder(environment), '.config');
  const site = environment['OCR_PIPELINE_SITE_FILE'];
  const programFolder = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
  return [
    { kind: 'project', file: join(workingFolder, 'ocr-pipeline.yaml'), mustExist: false },
    { kind: 'user', file: join(configHome, 'ocr-pipeline', 'config.yaml'), mustExist: false },
    site
      ? { kind: 'site', file: resolve(workingFolder, site), mustExist: true }
      : { kind: 'site', file: join(programFolder, 'site.yaml'), mustExist: false },
  ];
}

/**
 * Reads one configuration file; `undefined` where there is none.
 * @throws {ConfigError} it cannot be read, is not YAML, or has a key we do not know; file and line are named. What `check` throws.
 */
export async function readConfigFile(
  place: ConfigPlace,
  shell: CallingShell,
  check: (file: SmallFile, shown: string) => void = () => undefined,
): Promise<(SettingsSource & { readonly text: string }) | undefined> {
  const read = await readIfThere(place);
  if (read === undefined) return undefined;
  const { text } = read;
  const shown = showPath(place.file, shell);
  check(read, shown);
  const entries = await readEntries(text, shown);
  const values = new Map<SettingName, RawValue>();
  for (const [key, raw] of entries) {
    const name = settingOfKey(key, raw.where);
    const texts = SETTINGS[name].kind.isPath
      ? raw.texts.map((written) => expandVariables(written, { where: raw.where, kind: place.kind }, shell.environment))
      : raw.texts;
    values.set(name, { texts, where: raw.where });
  }
  return { kind: place.kind, baseFolder: dirname(place.file), values, text };
}

/** A path as a person would write it: `./x` below the working folder, `~/x` below the home folder. */
export function showPath(file: string, { workingFolder, environment }: CallingShell): string {
  const home = homeFolder(environment);
  if (file.startsWith(`${workingFolder}/`)) return `./${file.slice(workingFolder.length + 1)}`;
  if (home !== '/' && file.startsWith(`${home}/`)) return `~/${file.slice(home.length + 1)}`;
  return file;
}

async function readIfThere(place: ConfigPlace): Promise<SmallFile | undefined> {
  try {
    return await readSmallFile(place.file);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR') && !place.mustExist) return undefined;
    throw unreadable(place.file, error, {
      why: place.mustExist ? 'OCR_PIPELINE_SITE_FILE names it.' : undefined,
      safe: 'Nothing was started.',
      remedy: 'Make it readable, or move it away.',
    });
  }
}

/** Why a file of settings could not be read, as an error for people; what is no matter of the file comes back as it is. */
export function unreadable(file: string, error: unknown, advice: Advice): unknown {
  if (error instanceof UnfitFileError) return new ConfigError('CONFIG_UNREADABLE', `${file} ${error.problem}.`, advice);
  if (!readErrno(error)) return error;
  return new ConfigError('CONFIG_UNREADABLE', `${file} cannot be read: ${explainErrno(error)}.`, advice);
}

/** Every scalar of a YAML file under its dotted key, as it was written, with file and line. */
async function readEntries(text: string, shown: string): Promise<readonly [key: string, raw: RawValue][]> {
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number | undefined): string => `${shown} line ${lines.linePos(offset ?? 0).line}`;
  const broken = document.errors[0];
  if (broken)
    throw syntaxError(at(broken.pos[0]), broken.code === 'DUPLICATE_KEY' ? 'gives a key twice' : 'is not valid YAML');

  const entries: [string, RawValue][] = [];
  const visit = (node: unknown, prefix: string, depth: number, where: string): void => {
    if (!isMap(node) || depth > MAX_DEPTH) throw syntaxError(where, 'needs lines of the form "setting: value"');
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? `${prefix}${String(pair.key.value)}` : undefined;
      const keyAt = at(isScalar(pair.key) ? pair.key.range?.[0] : node.range?.[0]);
      if (key === undefined) throw syntaxError(keyAt, 'has a key that is not plain text');
      if (isMap(pair.value)) visit(pair.value, `${key}.`, depth + 1, keyAt);
      else if (isScalar(pair.value))
        entries.push([key, { texts: scalarTexts(pair.value), where: `${keyAt} (${key})` }]);
      else if (isSeq(pair.value) && pair.value.items.every((item) => isScalar(item))) {
        const texts = pair.value.items.flatMap((item) => (isScalar(item) ? scalarTexts(item) : []));
        entries.push([key, { texts, where: `${keyAt} (${key})` }]);
      } else throw syntaxError(keyAt, 'has a value that is neither one value nor a list of them');
    }
  };
  if (document.contents !== null && !(isScalar(document.contents) && document.contents.value === null)) {
    visit(document.contents, '', 0, at(document.contents.range[0]));
  }
  return entries;
}

/** The text as typed, so that an ID of digits is not turned into a number. */
function scalarTexts(scalar: { readonly value: unknown; readonly source?: string | undefined }): readonly string[] {
  if (scalar.value === null) return [];
  return [typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? JSON.stringify(scalar.value))];
}

function syntaxError(where: string, problem: string): ConfigError {
  return new ConfigError('CONFIG_SYNTAX', `${where} ${problem}.`, {
    safe: 'Nothing was started.',
    remedy: 'ocr-pipeline help config   shows how such a file looks',
  });
}
