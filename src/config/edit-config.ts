import { dirname } from 'node:path';
import { readValue, settingOfKey } from '../core/config/resolve-settings.ts';
import { SETTINGS } from '../core/config/settings-table.ts';
import { ConfigError } from '../core/errors.ts';
import { realDisk } from '../files/disk.ts';
import { hasErrno } from '../core/errno.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { unreadable } from './config-files.ts';

/**
 * Writes one setting to a configuration file, keeping its other lines and comments. No texts removes the setting.
 * @throws {ConfigError} the key, the value or the file is wrong; the file is unchanged then.
 */
export async function writeSetting(file: string, key: string, texts: readonly string[]): Promise<void> {
  const setting = SETTINGS[settingOfKey(key, `"${key}"`)];
  if (texts.length > 0) readValue(setting, { texts, where: key }, 'user');
  const { parseDocument } = await import('yaml');
  const document = parseDocument(await readOrEmpty(file));
  if (document.errors.length > 0) {
    throw new ConfigError('CONFIG_SYNTAX', `${file} is not valid YAML, so it was left as it is.`, {
      remedy: 'Correct it by hand, or move it away.',
    });
  }
  const path = document.has(key) ? [key] : key.split('.');
  if (texts.length === 0) document.deleteIn(path);
  else document.setIn(path, setting.kind.form === 'list' ? texts.flatMap((text) => text.split(',')) : texts[0]);
  await realDisk.makeFolder(dirname(file));
  await realDisk.writeWhole(file, document.toString());
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return (await readSmallFile(file)).text;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return '';
    throw unreadable(file, error, { safe: 'It was not changed.' });
  }
}
