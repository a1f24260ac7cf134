import { readlink, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { hasErrno } from '../core/errno.ts';

/**
 * Where a file really lies: one that is a link is written and removed where it leads, so that the link stays and no old copy
 * does; also where nothing is there yet.
 */
export async function realPlace(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    const target = await readlink(file).catch(() => undefined);
    return target === undefined ? file : resolve(dirname(file), target);
  }
}
