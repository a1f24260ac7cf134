import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Stats } from 'node:fs';
import { hasErrno } from '../core/errno.ts';
import { ConfigError } from '../core/errors.ts';
import { realDisk } from '../files/disk.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { configPlaces, unreadable, type CallingShell } from './config-files.ts';

/** Projects' files that are remembered; the oldest are asked about again. */
const MOST_FILES = 1_000;

/** Project files this person trusts: path and SHA-256 of what was in them. */
type Trusted = Readonly<Record<string, string>>;

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function trustFile(shell: CallingShell): string {
  const user = configPlaces(shell).find(({ kind }) => kind === 'user');
  return join(dirname(user?.file ?? shell.workingFolder), 'trusted.json');
}

async function readTrusted(file: string): Promise<Trusted> {
  try {
    const value: unknown = JSON.parse((await readSmallFile(file)).text);
    return typeof value === 'object' && value !== null ? (value as Trusted) : {};
  } catch (error) {
    // Nothing is trusted where nothing is kept, or what is kept is damaged: then it is asked again.
    if (hasErrno(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return {};
    throw unreadable(file, error, { safe: 'Nothing was started.', remedy: 'Move it away.' });
  }
}

/** True where the person has said that what is in this file, letter by letter, may decide where data go. */
export async function isTrusted(file: string, text: string, shell: CallingShell): Promise<boolean> {
  const trusted = await readTrusted(trustFile(shell));
  return Object.hasOwn(trusted, file) && trusted[file] === digestOf(text);
}

/** True where what this person adds to a project's file is theirs: they begin it, or they trust it. */
export async function isOwnOrTrusted(file: string, shell: CallingShell): Promise<boolean> {
  try {
    return await isTrusted(file, (await readSmallFile(file)).text, shell);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return true;
    throw unreadable(file, error, { safe: 'It was not changed.' });
  }
}

/** As {@link trust}, with what is in the file now. */
export async function trustAsItIs(file: string, shell: CallingShell): Promise<void> {
  await trust(file, (await readSmallFile(file)).text, shell);
}

/** Remembers that the person trusts a file as it is now. @throws {OutputError} it cannot be kept. */
export async function trust(file: string, text: string, shell: CallingShell): Promise<void> {
  const kept = trustFile(shell);
  const others = Object.entries(await readTrusted(kept)).filter(([path]) => path !== file);
  const entries = [...others, [file, digestOf(text)]].slice(-MOST_FILES);
  await realDisk.makeFolder(dirname(kept));
  await realDisk.writeWhole(kept, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}

/**
 * Makes sure that a project's file is the person's own (or root's) and that nobody else can write it. The facts are of the
 * open file that was read.
 * @throws {ConfigError} `CONFIG_NOT_YOURS`.
 */
export function checkOwner(shown: string, { uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>): void {
  // Windows has no such owners.
  const own = process.getuid?.();
  if (own === undefined) return;
  const refuse = (problem: string, remedy: string): never => {
    throw new ConfigError('CONFIG_NOT_YOURS', `${shown} ${problem}, so it is not heeded.`, {
      why: 'Whoever writes it could decide what is read and where results go.',
      safe: 'Nothing was started.',
      remedy,
    });
  };
  if (uid !== own && uid !== 0)
    refuse(
      `belongs to somebody else (user ${uid})`,
      'Go to a folder of your own, and copy there what you need of the file.',
    );
  // A group of the person's own, as most Linux systems make one, has nobody else in it.
  const ownGroup = gid === own && own !== 0;
  if ((mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !ownGroup))
    refuse('can be written by others', `Read it, then: chmod go-w ${shown}`);
}
