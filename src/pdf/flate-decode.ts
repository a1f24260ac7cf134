import { constants, createInflate, createInflateRaw, inflate } from 'node:zlib';
import { promisify } from 'node:util';

/** More comes out of a stream than was allowed. Internal to the reader, which knows whose limit it was. */
export class OutputLimitError extends Error {}

const inflateAll = promisify(inflate);

/**
 * Undoes Flate. Damaged data gives what came before the damage, as viewers show it.
 * @throws {OutputLimitError} more than `maxBytes` come out.
 */
export async function decodeFlate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  if (bytes.length === 0) return bytes;
  try {
    return await inflateAll(bytes, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    if (error instanceof RangeError) throw new OutputLimitError('limit', { cause: error });
  }
  const salvaged = await salvage(bytes, maxBytes, false);
  // Some writers leave out the two header bytes, or write wrong ones.
  return salvaged.length > 0 ? salvaged : salvage(bytes.subarray(2), maxBytes, true);
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
