import { closest } from '../core/config/closest.ts';
import {
  readEnvironment,
  resolveSettings,
  type RawValue,
  type ResolvedSettings,
  type SettingsSource,
} from '../core/config/resolve-settings.ts';
import { environmentName, SETTING_NAMES, SETTINGS, type SettingName } from '../core/config/settings-table.ts';
import { configPlaces, homeFolder, readConfigFile, type CallingShell } from './config-files.ts';

/** The settings in force, and what was odd about their sources, a line each. */
export interface LoadedSettings extends ResolvedSettings {
  readonly warnings: readonly string[];
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
  const files = await Promise.all(configPlaces(shell).map((place) => readConfigFile(place, shell)));
  const sources: SettingsSource[] = [{ kind: 'flag', baseFolder: workingFolder, values: flags }, source];
  for (const file of files) if (file) sources.push(file);
  const resolved = resolveSettings(sources, { home: homeFolder(environment), environment });
  return { ...resolved, warnings: unknown.map(describeUnknown) };
}

function describeUnknown(variable: string): string {
  const near = closest(
    variable,
    SETTING_NAMES.map((name) => environmentName(SETTINGS[name])),
  );
  return `${variable} is no setting of this program${near ? `; did you mean ${near}?` : ''}`;
}
