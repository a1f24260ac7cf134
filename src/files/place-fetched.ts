import type { FileHandle } from 'node:fs/promises';
import { realFileSystem, type FileSystem } from './file-system.ts';

/**
 * Brings a file into place that can be had again: `fill` writes into one beside it, `<path>.part`, and answers whether it came
 * whole; then it gets its name, and else it goes. What a killed process left there goes first. Readable by its owner alone.
 * Not synced: whoever finds it after a power cut checks it before it is trusted.
 * @returns whether it is in place. @throws what `fill` throws, and system errors as they are.
 */
export async function placeFetched(
  path: string,
  fill: (file: FileHandle, part: string) => Promise<boolean>,
  fs: FileSystem = realFileSystem,
): Promise<boolean> {
  const part = `${path}.part`;
  try {
    await fs.rm(part, { force: true });
    const file = await fs.open(part, 'wx', 0o600);
    let isWhole: boolean;
    try {
      isWhole = await fill(file, part);
    } finally {
      await file.close();
    }
    if (isWhole) await fs.rename(part, path);
    return isWhole;
  } finally {
    await fs.rm(part, { force: true });
  }
}
