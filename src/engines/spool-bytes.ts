import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Puts bytes into a file without a name in this machine's temporary folder: it goes away with its handle, even when this
 * process is killed. Undefined where the system has no such files, or no room for it.
 */
export async function spoolBytes(parts: readonly Uint8Array[]): Promise<FileHandle | undefined> {
  // Only there does opening /dev/stdin, or /dev/fd/3, open a file anew, from its beginning.
  if (process.platform !== 'linux') return undefined;
  let handle: FileHandle | undefined;
  try {
    const name = join(tmpdir(), `ocr-pipeline-${randomUUID()}`);
    handle = await open(name, 'wx+', 0o600);
    await unlink(name);
    await respoolBytes(handle, parts);
    return handle;
  } catch {
    // A full or read-only temporary folder: a pipe does as well, slower.
    await handle?.close();
    return undefined;
  }
}

/** Puts other bytes into a file of {@link spoolBytes}, in place of those it has. */
export async function respoolBytes(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let at = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length;) {
      const { bytesWritten } = await handle.write(part, from, part.length - from, at);
      from += bytesWritten;
      at += bytesWritten;
    }
  }
  await handle.truncate(at);
}
