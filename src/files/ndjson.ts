import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { hasErrno } from '../core/errno.ts';
import { openRegular, UnfitFileError } from './open-regular.ts';

/** One line of a file, without its end. */
export interface FileLine {
  readonly text: string;
  /** Where it begins, in bytes. */
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Longest line that is read, in bytes; a page result has some tens of kilobytes. Longer ones are passed over. */
const MAX_LINE_BYTES = 1 << 26;

/** How much of a file is read at once, in bytes. */
const PART_BYTES = 1 << 18;

/**
 * The lines of a UTF-8 file, the last one also where it has no end; none where there is no file, or something else in its place:
 * of that, `onUnfit` hears.
 */
export async function* readLines(file: string, onUnfit?: (error: UnfitFileError) => void): AsyncGenerator<FileLine> {
  let parts: Buffer[] = [];
  let partsBytes = 0;
  let offset = 0;
  const take = (): FileLine => {
    const text = partsBytes > MAX_LINE_BYTES ? '' : Buffer.concat(parts).toString('utf8');
    const line = { text, offset, lengthBytes: partsBytes };
    parts = [];
    partsBytes = 0;
    return line;
  };
  const hold = (part: Buffer): void => {
    if (part.length === 0) return;
    partsBytes += part.length;
    if (partsBytes > MAX_LINE_BYTES) parts = [];
    else parts.push(part);
  };
  const handle = await openIfThere(file, onUnfit);
  if (!handle) return;
  try {
    for (;;) {
      // Lines are cut out of it, and what is held of them stays: each part has a buffer of its own.
      const part = Buffer.allocUnsafeSlow(PART_BYTES);
      const { bytesRead } = await handle.read(part, 0, PART_BYTES);
      if (bytesRead === 0) break;
      const chunk = part.subarray(0, bytesRead);
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
        hold(chunk.subarray(start, end));
        const line = take();
        yield line;
        offset = line.offset + line.lengthBytes + 1;
        start = end + 1;
      }
      hold(chunk.subarray(start));
    }
    if (partsBytes > 0) yield take();
  } finally {
    await handle.close();
  }
}

async function openIfThere(
  file: string,
  onUnfit: ((error: UnfitFileError) => void) | undefined,
): Promise<FileHandle | undefined> {
  try {
    return (await openRegular(file)).handle;
  } catch (error) {
    if (error instanceof UnfitFileError) onUnfit?.(error);
    else if (!hasErrno(error, 'ENOENT')) throw error;
    return undefined;
  }
}

/** What a sealed line ends with: the CRC-32 of the line as it is without this. */
const SEAL = /^(.+),"crc32":"([0-9a-f]{8})"\}$/s;

function crcOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** One line of NDJSON with its line end, whose last field is a checksum of the others. `value` is an object of one field at least. */
export function sealLine(value: object): string {
  return `${sealText(JSON.stringify(value))}\n`;
}

function sealText(text: string): string {
  return `${text.slice(0, -1)},"crc32":"${crcOf(text)}"}`;
}

/**
 * Parses one line of NDJSON, as the type its writer gave it; undefined for a torn or empty one, and for one that is not as it was
 * sealed. Lines without a seal, of older versions, are taken as they are.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function parseLine<T>(line: string): T | undefined {
  const sealed = SEAL.exec(line);
  const text = sealed ? `${sealed[1]}}` : line;
  if (sealed && crcOf(text) !== sealed[2]) return undefined;
  try {
    return text === '' ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
