import { closest } from '../core/config/closest.ts';
import {
  readEnvironment,
  resolveSettings,
  type RawValue,
  type ResolvedSettings,
  type SettingsSource,
} from '../core/config/resolve-settings.ts';
import { environmentName, SETTING_NAMES, SETTINGS, type SettingName } from '../core/config/settings-table.ts';
import { configPlaces, homeFolder, readConfigFile, showPath, type CallingShell } from './config-files.ts';
import { checkOwner, isTrusted } from './trust.ts';

/** The settings in force, and what was odd about their sources, a line each. */
export interface LoadedSettings extends ResolvedSettings {
  readonly warnings: readonly string[];
  /** The project's file, where there is one. */
  readonly project: ProjectFile | undefined;
}

/** A project's file as it was read. */
export interface ProjectFile {
  readonly file: string;
  /** Its path for people. */
  readonly shown: string;
  readonly text: string;
  readonly trusted: boolean;
}

/**
 * Puts the settings together: flag, environment, `./ocr-pipeline.yaml`, the user's file, the site's file, default.
 * @throws {UsageError | ConfigError} a value or file is wrong; nothing was started.
 */
export async function loadSettings(
  flags: ReadonlyMap<SettingName, RawValue>,
  shell: CallingShell,
): Promise<LoadedSettings> {
  const { environment, workingFolder } = shell;
  const { source, unknown } = readEnvironment(environment, workingFolder);
  const places = configPlaces(shell);
  let readable: string | undefined;
  const files = await Promise.all(
    places.map((place) =>
      readConfigFile(place, shell, ({ facts }, shown) => {
        checkOwner(place.kind, shown, facts);
        // Windows has no such bits. A site's file is for all who may use its app.
        if (place.kind === 'user' && process.platform !== 'win32' && (facts.mode & 0o044) !== 0) readable = shown;
      }),
    ),
  );
  const sources: SettingsSource[] = [{ kind: 'flag', baseFolder: workingFolder, values: flags }, source];
  for (const file of files) if (file) sources.push(file);
  const resolved = resolveSettings(sources, { home: homeFolder(environment), environment });
  const text = files.find((file) => file?.kind === 'project')?.text;
  const file = places.find(({ kind }) => kind === 'project')?.file ?? '';
  const project =
    text === undefined
      ? undefined
      : { file, text, shown: showPath(file, shell), trusted: await isTrusted(file, text, shell) };
  const warnings = unknown.map(describeUnknown);
  const own = files.find((each) => each?.kind === 'user');
  if (readable !== undefined && own?.values.has('boxClientSecret') === true) {
    const { key } = SETTINGS.boxClientSecret;
    warnings.push(`${readable} holds a secret (${key}), and others can read it: chmod 600 ${readable}`);
  }
  return { ...resolved, warnings, project };
}

function describeUnknown(variable: string): string {
  const near = closest(
    variable,
    SETTING_NAMES.map((name) => environmentName(SETTINGS[name])),
  );
  return `${variable} is no setting of this program${near ? `; did you mean ${near}?` : ''}`;
}
