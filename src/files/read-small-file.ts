import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openRegular, UnfitFileError } from './open-regular.ts';

/** What was read, and whose it is: both of the same open file, so that nobody can exchange one between. */
export interface SmallFile {
  readonly text: string;
  readonly facts: Stats;
}

/** Most bytes of a file that a person writes or a program keeps for one: settings, a site's description, a login. */
export const MAX_SMALL_FILE_BYTES = 1 << 20;

/**
 * Reads a UTF-8 file that may have been put there by somebody else. Never waits for a writer and never reads more than a byte
 * past the limit, whatever is there: a named pipe, a device, a file that grows.
 * @throws {UnfitFileError} it is not a regular file, or larger. System errors pass as they are.
 */
export async function readSmallFile(file: string, maxBytes: number = MAX_SMALL_FILE_BYTES): Promise<SmallFile> {
  const { handle, facts } = await openRegular(file);
  try {
    const bytes = await readAtMost(handle, maxBytes + 1);
    if (bytes.length > maxBytes) throw new UnfitFileError(file, `is too large: it has more than ${maxBytes} bytes`);
    return { text: bytes.toString('utf8'), facts };
  } finally {
    await handle.close();
  }
}

async function readAtMost(handle: FileHandle, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  while (total < most) {
    const part = Buffer.allocUnsafe(Math.min(most - total, 1 << 16));
    const { bytesRead } = await handle.read(part, 0, part.length);
    if (bytesRead === 0) break;
    parts.push(part.subarray(0, bytesRead));
    total += bytesRead;
  }
  return Buffer.concat(parts);
}
