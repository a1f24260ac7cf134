import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { hasErrno } from '../core/errno.ts';

/** One line of a file, without its end. */
export interface FileLine {
  readonly text: string;
  /** Where it begins, in bytes. */
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Longest line that is read, in bytes; a page result has some tens of kilobytes. Longer ones are passed over. */
const MAX_LINE_BYTES = 1 << 26;

/** The lines of a UTF-8 file, the last one also where it has no end; none where there is no file. */
export async function* readLines(file: string): AsyncGenerator<FileLine> {
  const input = createReadStream(file, { highWaterMark: 1 << 18 });
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
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
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
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  } finally {
    input.destroy();
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
