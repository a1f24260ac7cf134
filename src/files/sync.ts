import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { hasErrno, isErrnoOf } from '../core/errno.ts';
import { realFileSystem, type FileSystem } from './file-system.ts';

/** Settles when a file's bytes survive a power failure, as far as its file system can promise that: some have no fsync. */
export async function syncFile(file: Pick<FileHandle, 'sync'>): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    if (!cannotSync(error)) throw error;
  }
}

/** As {@link syncFile}, for bytes appended to a file. */
export async function syncAppended(file: Pick<FileHandle, 'datasync'>): Promise<void> {
  try {
    await file.datasync();
  } catch (error) {
    if (!cannotSync(error)) throw error;
  }
}

/**
 * Settles when the names in a folder survive a power failure. Some file systems refuse that for folders, and some folders may
 * be written but not read: the rename itself is then as durable as they make it.
 */
export async function syncFolder(path: string, fs: FileSystem = realFileSystem): Promise<void> {
  try {
    const folder = await fs.open(path, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (!cannotSync(error) && !isErrnoOf(error, 'access') && !hasErrno(error, 'EISDIR', 'EBADF')) throw error;
  }
}

/** fsync(2): EINVAL and EROFS where a file system has no such thing; others say that it is not supported. */
function cannotSync(error: unknown): boolean {
  return isErrnoOf(error, 'unsupported') || hasErrno(error, 'EINVAL', 'EROFS');
}
