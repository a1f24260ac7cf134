import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Where the disk of a path is mounted, and the room that this account has on it; undefined where the system does not tell. */
export async function inspectDisk(path: string): Promise<{ mount: string; freeBytes: number } | undefined> {
  try {
    const start = await nearestFolder(resolve(path));
    const { dev } = await stat(start);
    let mount = start;
    for (let above = dirname(mount); above !== mount && (await stat(above)).dev === dev; above = dirname(above))
      mount = above;
    const { bavail, bsize } = await statfs(start);
    return { mount, freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
}

async function nearestFolder(path: string): Promise<string> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isDirectory() === true || path === dirname(path) ? path : await nearestFolder(dirname(path));
}
