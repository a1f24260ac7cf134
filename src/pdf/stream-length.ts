import type { ByteSource } from './byte-source.ts';

const CHUNK_BYTES = 64 * 1024;
const END = Buffer.from('endstream');

/**
 * Measures a stream: the declared length where `endstream` follows it, else up to the next `endstream` or `endobj`, or to
 * the end of the file.
 */
export async function measureStream(
  source: ByteSource,
  dataOffset: number,
  declaredBytes: number | undefined,
): Promise<number> {
  if (declaredBytes !== undefined && Number.isInteger(declaredBytes) && declaredBytes >= 0) {
    const after = asBuffer(await source.read(dataOffset + declaredBytes, 32));
    if (/^[\0\t\n\f\r ]*end(?:stream|obj)/u.test(after.toString('latin1'))) return declaredBytes;
  }
  return searchEnd(source, dataOffset);
}

async function searchEnd(source: ByteSource, dataOffset: number): Promise<number> {
  for (let at = dataOffset; at < source.sizeBytes; at += CHUNK_BYTES) {
    const chunk = asBuffer(await source.read(at, CHUNK_BYTES + END.length));
    const stream = chunk.indexOf(END);
    const object = chunk.subarray(0, stream < 0 ? chunk.length : stream).indexOf('endobj');
    const found = object >= 0 ? object : stream;
    if (found >= 0) return trimLineEnd(source, dataOffset, at + found);
  }
  return Math.max(0, source.sizeBytes - dataOffset);
}

async function trimLineEnd(source: ByteSource, dataOffset: number, end: number): Promise<number> {
  const tail = await source.read(end - 2, 2);
  const trim = tail[1] === 10 ? (tail[0] === 13 ? 2 : 1) : tail[1] === 13 ? 1 : 0;
  return Math.max(0, end - trim - dataOffset);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
