import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Puts bytes into a file without a name in this machine's temporary folder: it goes away with its handle, even when this
 * process is killed. Undefined where the system has no such files, or no room for it.
 */
export async function spoolBytes(parts: readonly Uint8Array[]): Promise<FileHandle | undefined> {
  // Only there does opening /dev/stdin open a file anew, from its beginning.
  if (process.platform !== 'linux') return undefined;
  let handle: FileHandle | undefined;
  try {
    const name = join(tmpdir(), `ocr-pipeline-${randomUUID()}`);
    handle = await open(name, 'wx+', 0o600);
    await unlink(name);
    for (const part of parts) await handle.writeFile(part);
    return handle;
  } catch {
    // A full or read-only temporary folder: a pipe does as well, slower.
    await handle?.close();
    return undefined;
  }
}
