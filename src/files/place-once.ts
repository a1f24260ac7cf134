import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { dirname, sep } from 'node:path';
import { readErrno } from '../core/errno.ts';
import { OutputError } from '../core/errors.ts';
import { realFileSystem, type FileSystem } from './file-system.ts';
import { temporaryName } from './leftovers.ts';
import { linkIntoPlace } from './link-into-place.ts';
import { deliveredMode } from './own-umask.ts';
import { makeFolder } from './make-folder.ts';
import { syncFile, syncFolder } from './sync.ts';
import { tryAgain } from './try-again.ts';

/** What is to be placed where. */
export interface Placing {
  readonly from: string;
  readonly target: string;
  /** Of the bytes; checked on the way. */
  readonly sha1: string;
  /** Whether what is at `target` is replaced, or stays. */
  readonly replace: boolean;
}

/**
 * Copies a file into place in one step. False where the name was taken meanwhile. A disk that does not answer gets a second try.
 * @throws {OutputError} `ARTIFACT_UNREADABLE`, `DIGEST_DIFFERS`. @throws the system's errors of the target.
 */
export async function placeCopy(
  placing: Placing,
  signal: AbortSignal,
  fs: FileSystem = realFileSystem,
): Promise<boolean> {
  return await tryAgain(() => copyAndPlace(placing, signal, fs), fs);
}

async function copyAndPlace(
  { from, target, sha1, replace }: Placing,
  signal: AbortSignal,
  fs: FileSystem,
): Promise<boolean> {
  const folder = dirname(target);
  await makeFolder(folder, fs, deliveredMode('folder'));
  const aside = `${folder}${sep}${await temporaryName()}`;
  try {
    const hash = createHash('sha1');
    const file = await fs.open(aside, 'wx');
    try {
      for await (const part of readParts(from, signal)) {
        hash.update(part);
        await file.writeFile(part);
      }
      const mode = deliveredMode('file');
      if (mode !== undefined) await file.chmod(mode);
      await syncFile(file);
    } finally {
      await file.close();
    }
    if (hash.digest('hex') !== sha1) {
      throw new OutputError('DIGEST_DIFFERS', `What was to be written to ${target} changed on the way.`, {
        safe: 'Nothing was written.',
        remedy: 'Run the same command again; if it happens again, the disk may be failing.',
      });
    }
    if (!replace) {
      if (!(await linkIntoPlace(aside, target, fs))) return false;
    } else await fs.rename(aside, target);
    await syncFolder(folder, fs);
    return true;
  } finally {
    await fs.rm(aside, { force: true }).catch(() => undefined);
  }
}

/** The bytes of our own result: that it cannot be read is not the target's fault. */
async function* readParts(from: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const part of createReadStream(from, { highWaterMark: 1 << 20, signal })) yield part as Buffer;
  } catch (error) {
    const system = readErrno(error);
    if (!system) throw error;
    throw new OutputError(
      'ARTIFACT_UNREADABLE',
      `${from} cannot be read to be stored: ${system.words} (${system.name}).`,
      { safe: 'No file was left half-written.', remedy: 'The same command makes it anew.' },
      { cause: error, scope: 'document', inARow: 'environment' },
    );
  }
}
