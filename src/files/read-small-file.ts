import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** What was read, and whose it is: both of the same open file, so that nobody can exchange one between. */
export interface SmallFile {
  readonly text: string;
  readonly facts: Stats;
}

/** A file that is no file, or too large for what it should be. `problem` follows the file's name: "is a folder". */
export class UnfitFileError extends Error {
  readonly problem: string;

  constructor(file: string, problem: string) {
    super(`${file} ${problem}`);
    this.problem = problem;
  }
}

/** Most bytes of a file that a person writes or a program keeps for one: settings, a site's description, a login. */
export const MAX_SMALL_FILE_BYTES = 1 << 20;

/**
 * Reads a UTF-8 file that may have been put there by somebody else. Never waits for a writer and never reads more than a byte
 * past the limit, whatever is there: a named pipe, a device, a file that grows.
 * @throws {UnfitFileError} it is not a regular file, or larger. System errors pass as they are.
 */
export async function readSmallFile(file: string, maxBytes: number = MAX_SMALL_FILE_BYTES): Promise<SmallFile> {
  // Without O_NONBLOCK opening a named pipe waits for whoever writes to it; without O_NOCTTY a terminal would become ours.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw new UnfitFileError(file, `is ${sortOf(facts)}, not a file`);
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

function sortOf(facts: Stats): string {
  if (facts.isDirectory()) return 'a folder';
  if (facts.isFIFO()) return 'a named pipe';
  if (facts.isSocket()) return 'a socket';
  return 'a device';
}
