import { constants, createInflate, createInflateRaw, inflate, inflateRaw } from 'node:zlib';
import { promisify } from 'node:util';

/** More comes out of a stream than was allowed. Internal to the reader, which knows whose limit it was. */
export class OutputLimitError extends Error {}

/** Hears that data stops before its end (`cut`) or makes no sense (`corrupt`). */
export type OnDamage = (kind: 'cut' | 'corrupt') => void;

/** For where damage does not matter, or is found otherwise. */
export const ignoreDamage: OnDamage = () => undefined;

const inflateAll = promisify(inflate);
const inflateRawAll = promisify(inflateRaw);

/**
 * Undoes Flate. Damaged data gives what came before the damage, as viewers show it. A checksum that is missing is no
 * damage; one that is wrong is.
 * @throws {OutputLimitError} more than `maxBytes` come out.
 */
export async function decodeFlate(
  bytes: Uint8Array,
  maxBytes: number,
  onDamage: OnDamage = ignoreDamage,
): Promise<Uint8Array> {
  if (bytes.length === 0) return bytes;
  let isCut: boolean;
  try {
    return await inflateAll(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw new OutputLimitError('limit', { cause: error });
    isCut = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
  }
  const body = await inflateBody(bytes, maxBytes);
  if (!body || (!isCut && hasHeader(bytes))) onDamage(isCut ? 'cut' : 'corrupt');
  if (body) return body;
  const salvaged = await salvage(bytes, maxBytes, false);
  // Some writers leave out the two header bytes, or write wrong ones.
  return salvaged.length > 0 ? salvaged : salvage(bytes.subarray(2), maxBytes, true);
}

/** The data without regard to header and checksum; `undefined` where it is not whole. */
async function inflateBody(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await inflateRawAll(bytes.subarray(2), { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw new OutputLimitError('limit', { cause: error });
    return undefined;
  }
}

/** RFC 1950, 2.2: the method is 8, and both bytes together a multiple of 31. */
function hasHeader([method = 0, flags = 0]: Uint8Array): boolean {
  return (method & 15) === 8 && (method * 256 + flags) % 31 === 0;
}

function salvage(bytes: Uint8Array, maxBytes: number, raw: boolean): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = { finishFlush: constants.Z_SYNC_FLUSH };
    const stream = raw ? createInflateRaw(options) : createInflate(options);
    const chunks: Buffer[] = [];
    let total = 0;
    const settle = (): void => resolve(Buffer.concat(chunks));
    stream.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total > maxBytes) {
        stream.destroy();
        reject(new OutputLimitError('limit'));
      } else chunks.push(chunk);
    });
    stream.on('error', settle);
    stream.on('end', settle);
    // In pieces, so that what precedes the damage has been handed on before it is met.
    for (let at = 0; at < bytes.length; at += 4096) stream.write(bytes.subarray(at, at + 4096));
    stream.end();
  });
}
