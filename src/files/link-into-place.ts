import { hasErrno, isErrnoOf } from '../core/errno.ts';
import { realFileSystem, type FileSystem } from './file-system.ts';

/**
 * Gives a file its name only if nobody has it, and takes away the old one; false, and both are as they were, where somebody has.
 * Where the file system has no hard links (exFAT, some network disks) a look must do, so that there two at one moment may both
 * be told true.
 */
export async function linkIntoPlace(from: string, to: string, fs: FileSystem = realFileSystem): Promise<boolean> {
  try {
    await fs.link(from, to);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    if (!cannotLink(error)) throw error;
    if (await isThere(to, fs)) return false;
    await fs.rename(from, to);
    return true;
  }
  await fs.rm(from, { force: true });
  return true;
}

/** link(2) on file systems without hard links: EPERM by the book; others say EINVAL, EACCES, EMLINK or that it is not supported. */
function cannotLink(error: unknown): boolean {
  return isErrnoOf(error, 'unsupported') || hasErrno(error, 'EPERM', 'EACCES', 'EINVAL');
}

function isThere(path: string, fs: FileSystem): Promise<boolean> {
  return fs.access(path).then(
    () => true,
    () => false,
  );
}
