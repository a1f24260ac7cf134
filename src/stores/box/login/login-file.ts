import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AccessError } from '../../../core/errors.ts';
import { realPlace } from '../../../files/real-place.ts';
import { UnfitFileError } from '../../../files/open-regular.ts';
import { readSmallFile } from '../../../files/read-small-file.ts';
import { asOutputError } from '../../../core/write-failure.ts';
import { writeWhole } from '../../../files/write-whole.ts';
import { parseLogin, renderLogin, type LoginRecord } from './login-record.ts';
import { hasErrno, isErrnoOf } from '../../../core/errno.ts';

/** Where logins are kept: `$XDG_CONFIG_HOME/ocr-pipeline/box.json`, by default below `~/.config`. */
export function defaultLoginFile(environment: Readonly<Record<string, string | undefined>>): string {
  // XDG Base Directory Specification: a relative or empty XDG_CONFIG_HOME is ignored.
  const xdg = environment['XDG_CONFIG_HOME'];
  return join(
    xdg?.startsWith('/') ? xdg : join(environment['HOME'] || homedir(), '.config'),
    'ocr-pipeline',
    'box.json',
  );
}

/** Reads the kept login; undefined where there is none. @throws {AccessError} `BOX_LOGIN_EXPOSED`, `BOX_LOGIN_DAMAGED`. */
export async function readLogin(file: string): Promise<LoginRecord | undefined> {
  const text = await readPrivateFile(file);
  return text === undefined ? undefined : parseLogin(text);
}

/**
 * Reads a file of secrets; undefined where there is none.
 * @throws {AccessError} `BOX_LOGIN_EXPOSED`: others can read it, so that it may be used by others already.
 */
export async function readPrivateFile(file: string): Promise<string | undefined> {
  try {
    const {
      text,
      facts: { mode, uid },
    } = await readSmallFile(file);
    await requireOwn(file, uid);
    // Windows has no such bits; Node shows 0o666 for all.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new AccessError('BOX_LOGIN_EXPOSED', `Others can read ${file}, which opens your Box account.`, {
        why: `Its permissions are ${(mode & 0o777).toString(8)}; they must be 600.`,
        safe: 'It was not used.',
        remedy: `chmod 600 ${file}\nThen, unless you are sure that nobody read it: ocr-pipeline logout box, and log in again.`,
      });
    return text;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (error instanceof UnfitFileError)
      throw new AccessError('BOX_LOGIN_UNREADABLE', `${file} ${error.problem}.`, { remedy: 'Move it away.' });
    if (isErrnoOf(error, 'access'))
      throw new AccessError('BOX_LOGIN_UNREADABLE', `You may not read ${file}.`, {
        why: 'It belongs to somebody else.',
      });
    throw error;
  }
}

/** Whoever owns the file, or may put another in its place, could have this program use a login of theirs. */
async function requireOwn(file: string, fileOwner: number): Promise<void> {
  const me = process.getuid?.();
  if (me === undefined) return;
  const folder = dirname(await realPlace(file));
  const { uid, mode } = await stat(folder);
  const isOpenToAll = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  if (fileOwner === me && (uid === me || uid === 0) && !isOpenToAll) return;
  throw new AccessError('BOX_LOGIN_EXPOSED', `Others can put another login in the place of ${file}.`, {
    why:
      fileOwner === me
        ? `Its folder ${folder} belongs to others, or all may write to it.`
        : 'It belongs to somebody else.',
    safe: 'It was not used.',
    remedy:
      fileOwner === me ? `chmod o-w ${folder}    or keep the login in a folder of your own.` : 'ocr-pipeline login box',
  });
}

/** Keeps a login for good or not at all, readable by its owner alone. @throws {OutputError} the disk. */
export async function writeLogin(named: string, record: LoginRecord): Promise<void> {
  const file = await realPlace(named);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await removeLeftovers(file);
  } catch (error) {
    throw asOutputError(error, file);
  }
  await writeWhole(file, renderLogin(record), { mode: 0o600 });
}

/** What a process that was killed had written aside: a login that nobody uses, for whoever finds it. */
async function removeLeftovers(file: string): Promise<void> {
  const folder = dirname(file);
  for (const name of await readdir(folder))
    if (name.startsWith(`${basename(file)}.`) && name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
}

export async function removeLogin(file: string): Promise<void> {
  await rm(await realPlace(file), { force: true });
}
