import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { OutputError } from '../core/errors.ts';
import { makeFolder } from './make-folder.ts';

/** Copies a file into place in one step, its SHA-1 checked on the way. False where the name was taken meanwhile. */
export async function placeCopy(
  from: string,
  target: string,
  sha1: string,
  replace: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const folder = dirname(target);
  await makeFolder(folder);
  // Short and unlike the target's name: that may have 255 bytes already.
  const aside = `${folder}${sep}.ocr-pipeline-${randomBytes(6).toString('hex')}.tmp`;
  try {
    const hash = createHash('sha1');
    const file = await open(aside, 'wx');
    try {
      for await (const part of createReadStream(from, { highWaterMark: 1 << 20, signal })) {
        hash.update(part as Buffer);
        await file.writeFile(part as Buffer);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (hash.digest('hex') !== sha1) {
      throw new OutputError('DIGEST_DIFFERS', `What was to be written to ${target} changed on the way.`, {
        safe: 'Nothing was written.',
        remedy: 'Run the same command again; if it happens again, the disk may be failing.',
      });
    }
    if (replace) await rename(aside, target);
    else return await linkIntoPlace(aside, target);
    return true;
  } finally {
    await rm(aside, { force: true });
  }
}

/** Gives a file its name only if nobody has it. */
async function linkIntoPlace(aside: string, target: string): Promise<boolean> {
  try {
    await link(aside, target);
    await unlink(aside);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return false;
    // No hard links here (exFAT, some network file systems).
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS' && code !== 'EMLINK')
      throw error;
    if (
      await stat(target).then(
        () => true,
        () => false,
      )
    )
      return false;
    await rename(aside, target);
    return true;
  }
}
