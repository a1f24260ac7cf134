import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asOutputError } from '../core/write-failure.ts';
import { makeFolder } from './make-folder.ts';

/** A file that only grows. */
export interface AppendFile {
  /** Settles when the bytes are handed to the operating system: they survive the death of this process. */
  append(bytes: string | Uint8Array): Promise<void>;
  /** Settles when all that was appended survives a power failure. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * All writes of a run folder go through this, so that tests can make the nth one fail or kill the process at it.
 * Every method rejects with OutputError `DISK_FULL`, `DISK_QUOTA` or `WRITE_FAILED`.
 */
export interface Disk {
  makeFolder(path: string): Promise<void>;
  /** Replaces the file in one step: readers see the old bytes or the new ones, also after a crash. */
  writeWhole(path: string, content: string | Uint8Array): Promise<void>;
  /** Opens for appending. A torn last line, left by a crash, is closed off first by a line end. */
  openAppend(path: string): Promise<AppendFile>;
  rename(from: string, to: string): Promise<void>;
  /** As rename, but what is at `to` already stays, and `from` is removed: of several that finish, the first one counts. */
  renameUnlessThere(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all in it; no error where there is none. */
  remove(path: string): Promise<void>;
}

async function guarded<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw asOutputError(error, path);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems refuse fsync on folders; the rename itself is then as durable as they make it.
    if (!(error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'ENOTSUP')))
      throw error;
  } finally {
    await folder.close();
  }
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}

/** The real disk. */
export const realDisk: Disk = {
  async makeFolder(path) {
    await guarded(path, () => makeFolder(path));
  },

  async writeWhole(path, content) {
    const aside = `${path}.${randomBytes(4).toString('hex')}.tmp`;
    await guarded(path, async () => {
      try {
        const file = await open(aside, 'wx');
        try {
          await file.writeFile(content);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(aside, path);
      } catch (error) {
        await rm(aside, { force: true });
        throw error;
      }
      await syncFolder(dirname(path));
    });
  },

  async openAppend(path) {
    const file = await guarded(path, () => open(path, 'a+'));
    try {
      if (await endsInsideLine(file)) await guarded(path, () => file.appendFile('\n'));
    } catch (error) {
      await file.close();
      throw error;
    }
    return {
      append: (bytes) => guarded(path, () => file.appendFile(bytes)),
      sync: () => guarded(path, () => file.datasync()),
      close: () => file.close(),
    };
  },

  async rename(from, to) {
    await guarded(to, async () => {
      await rename(from, to);
      await syncFolder(dirname(to));
    });
  },

  async renameUnlessThere(from, to) {
    await guarded(to, async () => {
      try {
        await link(from, to);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        // Some network file systems have no hard links.
        if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EMLINK') {
          if (
            await access(to).then(
              () => false,
              () => true,
            )
          )
            await rename(from, to);
        } else if (code !== 'EEXIST') throw error;
      }
      await rm(from, { force: true });
      await syncFolder(dirname(to));
    });
  },

  async remove(path) {
    await guarded(path, () => rm(path, { recursive: true, force: true }));
  },
};
