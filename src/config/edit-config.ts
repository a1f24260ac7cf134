import { dirname } from 'node:path';
import { readValue, settingOfKey } from '../core/config/resolve-settings.ts';
import { quoteValue } from '../core/quote-value.ts';
import { SETTINGS } from '../core/config/settings-table.ts';
import { ConfigError } from '../core/errors.ts';
import { realDisk } from '../files/disk.ts';
import { hasErrno } from '../core/errno.ts';
import { readSmallFile, type SmallFile } from '../files/read-small-file.ts';
import { realPlace } from '../files/real-place.ts';
import { writeWhole } from '../files/write-whole.ts';
import { unreadable } from './config-files.ts';

/** Permissions of a file of settings that others may read: of a project. */
export const PROJECT_FILE_MODE = 0o644;
const OWN_FILE_MODE = 0o600;
const OTHERS_WRITE = 0o022;

/**
 * Writes one setting to a configuration file, keeping its other lines and comments. No texts removes the setting. A file that is
 * there keeps its permissions, but nobody else may write it; one that is a link is written where it leads.
 * @param mode permissions of a new file: its owner's alone unless said otherwise.
 * @throws {ConfigError} the key, the value or the file is wrong; the file is unchanged then.
 */
export async function writeSetting(
  file: string,
  key: string,
  texts: readonly string[],
  mode: number = OWN_FILE_MODE,
): Promise<void> {
  const setting = SETTINGS[settingOfKey(key, quoteValue(key))];
  if (texts.length > 0) readValue(setting, { texts, where: key }, 'user');
  const { parseDocument } = await import('yaml');
  const old = await readIfThere(file);
  const document = parseDocument(old?.text ?? '');
  if (document.errors.length > 0) {
    throw new ConfigError('CONFIG_SYNTAX', `${file} is not valid YAML, so it was left as it is.`, {
      remedy: 'Correct it by hand, or move it away.',
    });
  }
  const path = document.has(key) ? [key] : key.split('.');
  if (texts.length === 0) document.deleteIn(path);
  else document.setIn(path, setting.kind.form === 'list' ? texts.flatMap((text) => text.split(',')) : texts[0]);
  const place = await realPlace(file);
  await realDisk.makeFolder(dirname(place));
  await writeWhole(place, document.toString(), { mode: (old?.facts.mode ?? mode) & 0o777 & ~OTHERS_WRITE });
}

async function readIfThere(file: string): Promise<SmallFile | undefined> {
  try {
    return await readSmallFile(file);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw unreadable(file, error, { safe: 'It was not changed.' });
  }
}
