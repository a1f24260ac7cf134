import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { WriteFacts } from '../core/write-failure.ts';
import { explainWrite } from './explain-write.ts';
import { realFileSystem, type FileSystem } from './file-system.ts';
import { syncFile, syncFolder } from './sync.ts';
import { tryAgain } from './try-again.ts';

/** How a file is written. */
export interface WriteOptions {
  /** Permissions of the new file; by default what the umask leaves of 0o666. */
  readonly mode?: number | undefined;
  /** The flag that names another disk for it, for whoever must make room. */
  readonly flag?: WriteFacts['flag'];
  readonly fs?: FileSystem | undefined;
}

/**
 * Replaces a file in one step: readers see the old bytes or the new ones, also after a crash. A disk that does not answer gets a
 * second try.
 * @throws {OutputError} the file cannot be written; what was there is as it was.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode, flag, fs = realFileSystem }: WriteOptions = {},
): Promise<void> {
  const fill = (file: FileHandle): Promise<void> => file.writeFile(content);
  try {
    await tryAgain(() => fillAndPlace(path, fill, mode, fs), fs);
  } catch (error) {
    throw await explainWrite(error, path, { flag });
  }
}

/**
 * As {@link writeWhole}, for what `fill` writes into the open file bit by bit.
 * @throws {OutputError} the file cannot be written. @throws what `fill` does, where that is no error of the system.
 */
export async function writeWholeWith(
  path: string,
  fill: (file: FileHandle) => Promise<void>,
  { mode, flag, fs = realFileSystem }: WriteOptions = {},
): Promise<void> {
  try {
    await fillAndPlace(path, fill, mode, fs);
  } catch (error) {
    throw await explainWrite(error, path, { flag });
  }
}

/** Where a file is made before it gets its name: beside it, and short, so that it fits where the name itself just fits. */
export function asideOf(path: string): string {
  const name = basename(path);
  const mark = `.${randomBytes(6).toString('hex')}.tmp`;
  return join(dirname(path), Buffer.byteLength(name) < 200 ? `${name}${mark}` : `.ocr${mark}`);
}

async function fillAndPlace(
  path: string,
  fill: (file: FileHandle) => Promise<void>,
  mode: number | undefined,
  fs: FileSystem,
): Promise<void> {
  const aside = asideOf(path);
  try {
    const file = await fs.open(aside, 'wx', mode);
    try {
      await fill(file);
      await syncFile(file);
    } finally {
      await file.close();
    }
    await fs.rename(aside, path);
  } catch (error) {
    await fs.rm(aside, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path), fs);
}
