import { lstat, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { OutputError } from '../../core/errors.ts';

/**
 * Follows a linked folder on the way to a result only where it leads to a place below the output: else it is somebody's
 * other work. @throws {OutputError} `OUTPUT_LINK`.
 */
export async function requireBelow(rootFolder: string, target: string, path: string): Promise<void> {
  const root = await realpath(rootFolder).catch(() => undefined);
  // Not made yet: then nothing in it can lead elsewhere.
  if (root === undefined) return;
  for (let folder = dirname(target); folder !== rootFolder && isInside(folder, rootFolder); folder = dirname(folder)) {
    const facts = await lstat(folder).catch(() => undefined);
    if (!facts) continue;
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined && isInside(real, root)) return;
    throw new OutputError(
      'OUTPUT_LINK',
      `"${path}" would be written outside the output folder.`,
      {
        why: `${folder} is a link that leads to ${real ?? 'nowhere'}.`,
        safe: 'Nothing was written there. The result waits in the run folder.',
        remedy: 'Put a folder in the place of the link, or give another --output.',
      },
      { scope: 'document' },
    );
  }
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
