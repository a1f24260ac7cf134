import { createInterface } from 'node:readline/promises';
import { trust } from '../config/trust.ts';
import type { LoadedSettings, ProjectFile } from '../config/load-settings.ts';
import type { CallingShell } from '../config/config-files.ts';
import { SETTINGS, type SettingName } from '../core/config/settings-table.ts';
import { ConfigError } from '../core/errors.ts';
import { cleanText, padEnd } from './screens/display-text.ts';
import type { Terminal } from './terminal.ts';

/** Settings of a project's file as a person reads them before trusting it, a line each. */
export function listSettings({ settings, origins }: LoadedSettings, names: readonly SettingName[]): string {
  const value = (name: SettingName): string => cleanText(SETTINGS[name].kind.show(settings[name]));
  return names
    .map((name) => `  ${padEnd(SETTINGS[name].key, 18)}${padEnd(value(name), 30)} ${cleanText(origins[name])}`)
    .join('\n');
}

/**
 * Sees to it that the person trusts the project's file where it decides something that only a trusted file may: asks on a
 * terminal, once for each content of the file.
 * @throws {ConfigError} `CONFIG_NOT_TRUSTED`: they said no, or there is nobody to ask.
 */
export async function requireTrust(
  loaded: LoadedSettings,
  project: ProjectFile,
  names: readonly SettingName[],
  {
    terminal,
    shell,
    signal,
  }: { readonly terminal: Terminal; readonly shell: CallingShell; readonly signal: AbortSignal },
): Promise<void> {
  if (process.stdin.isTTY && terminal.abilities.asks) {
    terminal.say(`${cleanText(project.shown)} decides where data come from, where they go or what costs money:\n`);
    terminal.say(`${listSettings(loaded, names)}\n`);
    const ask = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const answer = await ask.question('Trust this file as it is now? [y/N] ', { signal });
      if (/^y(?:es)?$/i.test(answer.trim())) return await trust(project.file, project.text, shell);
    } finally {
      ask.close();
    }
  }
  const [first] = names;
  const flag =
    first === undefined || SETTINGS[first].flagless ? '' : `\nOr give it yourself: --${SETTINGS[first].flag} ...`;
  throw new ConfigError(
    'CONFIG_NOT_TRUSTED',
    `${cleanText(project.shown)} decides where data come from, where they go or what costs money, and you have not trusted it.`,
    {
      why: names
        .map((name) => `${SETTINGS[name].key} is ${cleanText(SETTINGS[name].kind.show(loaded.settings[name]))}.`)
        .join('\n'),
      safe: 'Nothing was started.',
      remedy: `Read the file, then: ocr-pipeline config trust${flag}`,
    },
  );
}
