import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Stats } from 'node:fs';
import { hasErrno } from '../core/errno.ts';
import { ConfigError } from '../core/errors.ts';
import { realDisk } from '../files/disk.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { realPlace } from '../files/real-place.ts';
import { writeWhole } from '../files/write-whole.ts';
import { configPlaces, unreadable, type CallingShell, type ConfigPlace } from './config-files.ts';

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
    const { text, facts } = await readSmallFile(file);
    // What others could have written is not what this person said.
    if (whyNotHeeded('user', facts) !== undefined) return {};
    const value: unknown = JSON.parse(text);
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
  const list = `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
  await writeWhole(await realPlace(kept), list, { mode: 0o600 });
}

/** Who may write a file of settings, of the open file that was read. */
type FileOwner = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/**
 * Why a file of settings is not heeded, after its name, with what to do; undefined where it is. A project's file and a person's
 * own must be the person's (or root's), and nobody else may write them. A site's file is its staff's, who may be several.
 */
function whyNotHeeded(
  kind: ConfigPlace['kind'],
  { uid, gid, mode }: FileOwner,
): { readonly problem: string; readonly isMode: boolean } | undefined {
  // Windows has no such owners.
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  // Root reads other people's own files in containers, and on their behalf.
  const mayBeOthers = kind === 'site' || (kind === 'user' && own === 0);
  if (uid !== own && uid !== 0 && !mayBeOthers)
    return { problem: `belongs to somebody else (user ${uid})`, isMode: false };
  // A group of the person's own, as most Linux systems make one, has nobody else in it.
  const ownGroup = (gid === own && own !== 0) || kind === 'site' || (mayBeOthers && uid !== 0 && gid === uid);
  const othersWrite = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !ownGroup);
  return othersWrite ? { problem: 'can be written by others', isMode: true } : undefined;
}

/**
 * Makes sure that nobody but those whose file it is decides what is in a file of settings.
 * @throws {ConfigError} `CONFIG_NOT_YOURS`.
 */
export function checkOwner(kind: ConfigPlace['kind'], shown: string, facts: FileOwner): void {
  const found = whyNotHeeded(kind, facts);
  if (found === undefined) return;
  const copy =
    kind === 'project'
      ? 'Go to a folder of your own, and copy there what you need of the file.'
      : 'Put a copy that you own in its place.';
  throw new ConfigError('CONFIG_NOT_YOURS', `${shown} ${found.problem}, so it is not heeded.`, {
    why:
      kind === 'project'
        ? 'Whoever writes it could decide what is read and where results go.'
        : 'Whoever writes it could decide which programs are run, and where results go.',
    safe: 'Nothing was started.',
    remedy: found.isMode ? `Read it, then: chmod ${kind === 'site' ? 'o-w' : 'go-w'} ${shown}` : copy,
  });
}
