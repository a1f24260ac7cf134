/**
 * Whether the segments of an embedded JBIG2 image reach beyond its bytes (ITU T.88, 7.2). What cannot be followed counts
 * as whole: its decoder is the judge then.
 */
export function isJbig2Cut(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    if (at + 6 > bytes.length) return true;
    const number = view.getUint32(at);
    const hasLongPage = ((bytes[at + 4] as number) & 0x40) !== 0;
    const short = (bytes[at + 5] as number) >> 5;
    const isLong = short === 7;
    if (isLong && at + 9 > bytes.length) return true;
    const referred = isLong ? view.getUint32(at + 5) & 0x1fffffff : short;
    const retained = isLong ? 4 + Math.ceil((referred + 1) / 8) : 1;
    const numberBytes = number <= 256 ? 1 : number <= 65536 ? 2 : 4;
    const lengthAt = at + 5 + retained + referred * numberBytes + (hasLongPage ? 4 : 1);
    if (lengthAt + 4 > bytes.length) return true;
    const length = view.getUint32(lengthAt);
    // The length of a region may be left open; it is the last one then.
    if (length === 0xffffffff) return false;
    at = lengthAt + 4 + length;
    if (at > bytes.length) return true;
  }
  return false;
}

const START_OF_TILE_PART = 0xff90;
const END_OF_CODE_STREAM = 0xffd9;

/** Whether the tile parts of a JPEG 2000 code stream reach beyond its bytes (ITU T.800, A.4.2). */
export function isJpxCut(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('ff4fff51', 0, 'hex') + 2;
  if (at < 2) return false;
  while (at + 4 <= bytes.length) {
    const marker = view.getUint16(at);
    if (marker === END_OF_CODE_STREAM) return false;
    if (marker < 0xff00) return false;
    if (marker !== START_OF_TILE_PART) {
      at += 2 + view.getUint16(at + 2);
      continue;
    }
    if (at + 12 > bytes.length) return true;
    const length = view.getUint32(at + 6);
    // Without a length it goes on to the end of the code stream, which is marked.
    if (length === 0) return !Buffer.from(bytes.subarray(-64)).includes('ffd9', 0, 'hex');
    at += length;
    if (at > bytes.length) return true;
  }
  // The closing mark itself is often forgotten.
  return false;
}
