import { chmod, chown, lstat, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrno, isErrnoOf } from '../core/errno.ts';
import { AccessError } from '../core/errors.ts';
import type { Sharing } from '../core/settings.ts';
import { makeWithin } from '../files/own-umask.ts';
import { nameOfUser } from '../files/owner-of.ts';
import { unreadableRun } from './unreadable-run.ts';

/** Permissions of run folders. The group's folders hand on their group (setgid) to what is made in them. */
const FOLDER_MODES: Readonly<Record<Sharing, number>> = { none: 0o700, group: 0o2770 };
const FILE_MODES: Readonly<Record<Sharing, number>> = { none: 0o600, group: 0o660 };
/** What a new file or folder of a run does not get. */
const UMASKS: Readonly<Record<Sharing, number>> = { none: 0o077, group: 0o007 };

/** From now on this process and those it starts make what they make for its owner alone, or for the group as well. */
export function keepPrivate(sharing: Sharing): void {
  makeWithin(UMASKS[sharing]);
}

/** As {@link keepPrivate}, by how a run folder is shared already: for work that was ordered by whoever opened it. */
export async function keepAsShared(path: string): Promise<void> {
  const mode = (await stat(path).catch(() => undefined))?.mode ?? 0;
  keepPrivate(isShared(mode) ? 'group' : 'none');
}

function isShared(mode: number): boolean {
  return (mode & 0o2070) === 0o2070;
}

/**
 * Sees to it that a run folder is this person's own and that no more people reach what is in it than may: its owner, or the group
 * of the work folder where that was asked for. Without a wish it stays as it is shared. Answers whether there is one.
 * @throws {AccessError} `RUN_NOT_YOURS`: it is somebody else's. `GROUP_NOT_YOURS`: this person is not in that group.
 *   `WORK_DIR_NOT_READABLE`: they may not look into the work folder.
 */
export async function secureRunFolder(path: string, asked: Sharing | undefined): Promise<boolean> {
  // Windows has no such owners and modes.
  const own = process.getuid?.();
  if (own === undefined) return true;
  const facts = await stat(path).catch(async (error: unknown) => {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw isErrnoOf(error, 'access') ? await unreadableRun(path, error) : error;
  });
  if (facts === undefined) return false;
  // Who made a link chose the folder that would be closed to others and written to.
  const { uid: maker } = await lstat(path);
  if (maker !== own && facts.uid === own) throw await notYours(path, maker);
  const shared = isShared(facts.mode);
  const sharing = asked ?? (shared ? 'group' : 'none');
  keepPrivate(sharing);
  if (facts.uid !== own) {
    // A colleague's run that was shared with the group, by both who began it and who goes on with it.
    if (asked === 'group' && shared && (facts.mode & 0o002) === 0) return true;
    throw await notYours(path, facts.uid);
  }
  const { gid } = sharing === 'group' ? await stat(dirname(path)) : facts;
  const mode = FOLDER_MODES[sharing];
  if ((facts.mode & 0o7777) === mode && facts.gid === gid) return true;
  await adjust(path, sharing, gid);
  return true;
}

/** Gives a folder and all in it the modes of how it is shared. Links are left alone: what they lead to is somebody's own. */
async function adjust(path: string, sharing: Sharing, gid: number): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) await adjust(inside, sharing, gid);
    else if (entry.isFile()) {
      await giveTo(inside, sharing, gid);
      await chmod(inside, FILE_MODES[sharing]);
    }
  }
  await giveTo(path, sharing, gid);
  await chmod(path, FOLDER_MODES[sharing]);
}

async function giveTo(path: string, sharing: Sharing, gid: number): Promise<void> {
  if (sharing === 'none') return;
  try {
    await chown(path, -1, gid);
  } catch (error) {
    if (!hasErrno(error, 'EPERM', 'EINVAL')) throw error;
    throw new AccessError(
      'GROUP_NOT_YOURS',
      `The run cannot be shared with the group of the work folder (${gid}): you are not in it.`,
      {
        safe: 'Nothing was read.',
        remedy: 'Leave out --share group, or give the work folder a group of yours: chgrp GROUP FOLDER',
      },
      { cause: error, scope: 'run' },
    );
  }
}

/** How many others could exchange what is kept in a work folder; undefined where nobody else can. For people. */
export async function describeOpenFolder(workDir: string, sharing: Sharing): Promise<string | undefined> {
  const own = process.getuid?.();
  const facts = await stat(workDir).catch(() => undefined);
  if (own === undefined || facts === undefined) return undefined;
  // A group of the person's own, as most Linux systems make one, has nobody else in it.
  const groupWrites = (facts.mode & 0o020) !== 0 && sharing !== 'group' && !(facts.gid === own && own !== 0);
  const who = (facts.mode & 0o002) !== 0 ? 'Everybody' : groupWrites ? 'Its group' : undefined;
  if (who === undefined) return undefined;
  return `${who} can write to the work folder ${workDir}. Run folders in it are yours alone, but could be moved away. chmod go-w, or another --work-dir, keeps others out.`;
}

async function notYours(path: string, uid: number): Promise<AccessError> {
  const owner = await nameOfUser(uid);
  return new AccessError(
    'RUN_NOT_YOURS',
    `The run folder ${path} belongs to ${owner}.`,
    {
      why: 'Who made it decides where its results go.',
      safe: 'Nothing was started.',
      remedy: `Take a work folder of your own: --work-dir FOLDER\nOr, where ${owner} shares it with your group: --share group`,
    },
    { scope: 'run' },
  );
}
