import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { WriteFacts } from '../core/write-failure.ts';
import { explainWrite } from './explain-write.ts';
import { realFileSystem, type FileSystem } from './file-system.ts';
import { linkIntoPlace } from './link-into-place.ts';
import { makeFolder } from './make-folder.ts';
import { syncAppended, syncFolder } from './sync.ts';
import { tryAgain } from './try-again.ts';
import { asideOf, writeWhole } from './write-whole.ts';

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
  /** As writeWhole, with the bytes of another file. */
  copyWhole(from: string, to: string): Promise<void>;
  /** Opens for appending. A torn last line, left by a crash, is closed off first by a line end. */
  openAppend(path: string): Promise<AppendFile>;
  rename(from: string, to: string): Promise<void>;
  /** As rename, but what is at `to` already stays, and `from` is removed: of several that finish, the first one counts. */
  renameUnlessThere(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all in it; no error where there is none. */
  remove(path: string): Promise<void>;
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}

/** A disk over these calls of the operating system; `flag` names another one for whoever must make room. */
export function diskOver(fs: FileSystem, flag: WriteFacts['flag'] = '--work-dir'): Disk {
  async function guarded<T>(path: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      throw await explainWrite(error, path, { flag });
    }
  }

  return {
    async makeFolder(path) {
      await guarded(path, () => tryAgain(() => makeFolder(path, fs), fs));
    },

    writeWhole: (path, content) => writeWhole(path, content, { fs, flag }),

    async copyWhole(from, to) {
      const aside = asideOf(to);
      await guarded(to, async () => {
        try {
          await tryAgain(() => fs.copyFile(from, aside), fs);
          await fs.rename(aside, to);
        } catch (error) {
          await fs.rm(aside, { force: true }).catch(() => undefined);
          throw error;
        }
        await syncFolder(dirname(to), fs);
      });
    },

    async openAppend(path) {
      const file = await guarded(path, () => tryAgain(() => fs.open(path, 'a+'), fs));
      try {
        await guarded(path, async () => {
          if (await endsInsideLine(file)) await file.appendFile('\n');
        });
      } catch (error) {
        await file.close().catch(() => undefined);
        throw error;
      }
      return {
        append: (bytes) => guarded(path, () => file.appendFile(bytes)),
        sync: () => guarded(path, () => syncAppended(file)),
        close: () => guarded(path, () => file.close()),
      };
    },

    async rename(from, to) {
      await guarded(to, async () => {
        await fs.rename(from, to);
        await syncFolder(dirname(to), fs);
      });
    },

    async renameUnlessThere(from, to) {
      await guarded(to, async () => {
        await linkIntoPlace(from, to, fs);
        await fs.rm(from, { force: true });
        await syncFolder(dirname(to), fs);
      });
    },

    async remove(path) {
      await guarded(path, () => tryAgain(() => fs.rm(path, { recursive: true, force: true }), fs));
    },
  };
}

/** The real disk. */
export const realDisk: Disk = diskOver(realFileSystem);
