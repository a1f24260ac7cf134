import { isAbsolute, resolve } from 'node:path';
import { isSecretVariable, NULL_VARIABLES } from '../child-environment.ts';
import { ConfigError, UsageError } from '../errors.ts';
import { quoteValue } from '../quote-value.ts';
import { registerSecret } from '../secrets.ts';
import { closest } from './closest.ts';
import type { Parsed } from './kinds.ts';
import {
  environmentName,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  type Settings,
} from './settings-table.ts';

/** Where a value can come from, strongest first. */
export const SOURCE_KINDS = ['flag', 'environment', 'project', 'user', 'site'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** A value as it was written, before it is read as anything. */
export interface RawValue {
  readonly texts: readonly string[];
  /** For people: `--dpi`, `OCR_PIPELINE_DPI`, `./ocr-pipeline.yaml line 3`. */
  readonly where: string;
}

/** What one source says. */
export interface SettingsSource {
  readonly kind: SourceKind;
  /** Absolute; relative paths among the values start here. */
  readonly baseFolder: string;
  readonly values: ReadonlyMap<SettingName, RawValue>;
}

/** The settings in force, and for each where it came from: a source's `where`, or `default`. */
export interface ResolvedSettings {
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingName, string>>;
  /** Those that the project's file decides. */
  readonly fromProject: readonly SettingName[];
}

/** What paths are completed with. */
export interface PathContext {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Takes each setting from the strongest source that has it. Only values that come into force are checked, so that a
 * flag can mend what another source got wrong.
 * @throws {UsageError} `BAD_VALUE`: a flag's value does not fit.
 * @throws {ConfigError} `CONFIG_BAD_VALUE`: that of another source does not.
 */
export function resolveSettings(sources: readonly SettingsSource[], context: PathContext): ResolvedSettings {
  const ordered = SOURCE_KINDS.flatMap((kind) => sources.filter((source) => source.kind === kind));
  const settings: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, string>> = {};
  const fromProject: SettingName[] = [];
  for (const name of SETTING_NAMES) {
    const setting = SETTINGS[name];
    const source = ordered.find(({ values }) => values.has(name));
    const raw = source?.values.get(name);
    if (source === undefined || raw === undefined) {
      settings[name] = placePaths(setting, setting.defaultValue, context.home, context);
      origins[name] = 'default';
      continue;
    }
    if (setting.notInProjectFile && source.kind === 'project') throw notInProjectFile(setting, raw);
    // Also one that does not fit: a secret with a space in it is a secret still.
    if (setting.secret) raw.texts.forEach(registerSecret);
    const value = readValue(setting, raw, source.kind);
    settings[name] = placePaths(setting, value, source.baseFolder, context);
    origins[name] = raw.where;
    if (source.kind === 'project') fromProject.push(name);
  }
  // Every name of the table was given a value of its own kind above.
  return { settings: settings as Settings, origins: origins as Record<SettingName, string>, fromProject };
}

/** Reads one value, or throws the error that names its source. */
export function readValue(setting: Setting<unknown>, raw: RawValue, source: SourceKind): unknown {
  const parsed: Parsed<unknown> = setting.kind.parse(raw.texts);
  if ('value' in parsed) return parsed.value;
  const advice = { remedy: parsed.near === undefined ? undefined : `Did you mean ${parsed.near}?` };
  const message = `${raw.where} ${parsed.problem}.`;
  throw source === 'flag'
    ? new UsageError('BAD_VALUE', message, { safe: 'Nothing was started.', ...advice })
    : new ConfigError('CONFIG_BAD_VALUE', message, { safe: 'Nothing was started.', ...advice });
}

function notInProjectFile(setting: Setting<unknown>, raw: RawValue): ConfigError {
  return new ConfigError('CONFIG_NOT_HERE', `${raw.where}: "${setting.key}" cannot be set in a project file.`, {
    why: 'It decides what is run or where logins go, and such a file may come from somebody else.',
    safe: 'Nothing was started.',
    remedy: `${setting.flagless ? '' : `--${setting.flag} or `}${environmentName(setting)}, or in your own file: ocr-pipeline config set ${setting.key} VALUE`,
  });
}

/** What people call settings in their own words. */
const OTHER_KEYS: Readonly<Record<string, string>> = {
  language: 'lang',
  languages: 'lang',
  format: 'formats',
  threads: 'jobs',
  cpus: 'jobs',
  image: 'slurm.image',
  account: 'slurm.account',
  partition: 'slurm.partition',
  qos: 'slurm.qos',
};

/** The setting a file's key means. @throws {ConfigError} `CONFIG_UNKNOWN_KEY`: none does. */
export function settingOfKey(key: string, where: string): SettingName {
  const name = SETTING_NAMES.find((candidate) => SETTINGS[candidate].key === key);
  if (name !== undefined) return name;
  const near =
    closest(
      key,
      SETTING_NAMES.map((candidate) => SETTINGS[candidate].key),
    ) ?? (Object.hasOwn(OTHER_KEYS, key) ? OTHER_KEYS[key] : undefined);
  throw new ConfigError('CONFIG_UNKNOWN_KEY', `${where}: there is no setting called ${quoteValue(key)}.`, {
    safe: 'Nothing was started.',
    remedy: near === undefined ? 'ocr-pipeline config explain   lists them all' : `Did you mean ${near}?`,
  });
}

/** What the environment says: the values of our variables, and those that look like ours and are not. */
export function readEnvironment(
  environment: PathContext['environment'],
  baseFolder: string,
): { readonly source: SettingsSource; readonly unknown: readonly string[] } {
  const values = new Map<SettingName, RawValue>();
  const known = new Set<string>(OTHER_VARIABLES);
  for (const name of SETTING_NAMES) {
    const variable = environmentName(SETTINGS[name]);
    known.add(variable);
    const value = environment[variable];
    // An empty variable is how shells and job scripts say "not set". Lists have one item a line.
    if (value === undefined || value.trim() === '') continue;
    const texts = SETTINGS[name].kind.form === 'list' ? value.split('\n') : [value];
    values.set(name, { texts, where: variable });
  }
  const unknown = Object.keys(environment).filter((name) => name.startsWith('OCR_PIPELINE_') && !known.has(name));
  return { source: { kind: 'environment', baseFolder, values }, unknown };
}

/** Variables of ours that are no settings. */
const OTHER_VARIABLES = ['OCR_PIPELINE_SITE_FILE', ...NULL_VARIABLES];

function placePaths(setting: Setting<unknown>, value: unknown, baseFolder: string, context: PathContext): unknown {
  if (!setting.kind.isPath) return value;
  if (typeof value === 'string') return placePath(value, baseFolder, context);
  if (Array.isArray(value)) return value.map((item) => placePath(String(item), baseFolder, context));
  return value;
}

/** Makes a written path absolute; a leading `~` is the home folder. */
function placePath(written: string, baseFolder: string, context: PathContext): string {
  const home = written === '~' || written.startsWith('~/') ? context.home + written.slice(1) : written;
  return isAbsolute(home) ? resolve(home) : resolve(baseFolder, home);
}

/** Variables that a project's file may use: a path with another in it could carry it out of this machine. */
const PROJECT_VARIABLE = /^(?:HOME|USER|LOGNAME|SCRATCH|TMPDIR|SLURM_\w+)$/;

/**
 * Puts variables in place of `$NAME` and `${NAME}` in a path of a configuration file, so that a site's file can say
 * `/scratch/$USER/ocr-runs`. Never one that holds a secret; in a project's file only those that say where somebody works.
 * @throws {ConfigError} `CONFIG_NO_VARIABLE`: such a variable is not set, or not for this.
 */
export function expandVariables(
  written: string,
  { where, kind }: { readonly where: string; readonly kind: SourceKind },
  environment: PathContext['environment'],
): string {
  return written.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    if (isSecretVariable(name) || (kind === 'project' && !PROJECT_VARIABLE.test(name))) {
      throw new ConfigError('CONFIG_NO_VARIABLE', `${where} uses $${name}, which is not for paths.`, {
        why: isSecretVariable(name)
          ? 'It may hold a secret, and a path is seen by everybody.'
          : "A project's file may use HOME, USER, LOGNAME, SCRATCH, TMPDIR and those of Slurm (SLURM_...).",
        safe: 'Nothing was started.',
        remedy: 'Write the path out.',
      });
    }
    const value = environment[name];
    if (value !== undefined && value !== '') return value;
    throw new ConfigError('CONFIG_NO_VARIABLE', `${where} uses $${name}, which is not set.`, {
      safe: 'Nothing was started.',
      remedy: `export ${name}=...   then the same command`,
    });
  });
}
