import { ignoreDamage, type OnDamage, OutputLimitError } from './flate-decode.ts';
import { hexDigit, isWhite } from './byte-cursor.ts';

/** Undoes ASCIIHexDecode; bytes that are no digits are passed over. Never gives more than it is given. */
export function decodeAsciiHex(bytes: Uint8Array, onDamage: OnDamage = ignoreDamage): Uint8Array {
  const out = new Uint8Array((bytes.length >> 1) + 1);
  let length = 0;
  let high = -1;
  for (const byte of bytes) {
    if (byte === 0x3e) break;
    const digit = hexDigit(byte);
    if (digit < 0) {
      if (!isWhite(byte)) onDamage('corrupt');
      continue;
    }
    if (high < 0) high = digit;
    else {
      out[length++] = high * 16 + digit;
      high = -1;
    }
  }
  if (high >= 0) out[length++] = high * 16;
  return out.subarray(0, length);
}

/** Undoes ASCII85Decode; stops at the first byte that cannot belong to it. Gives at most four times what it is given. */
export function decodeAscii85(bytes: Uint8Array, onDamage: OnDamage = ignoreDamage): Uint8Array {
  const zeros = bytes.reduce((sum, byte) => sum + (byte === 0x7a ? 1 : 0), 0);
  const out = new Uint8Array(Math.ceil((bytes.length * 4) / 5) + zeros * 4 + 4);
  let length = 0;
  let value = 0;
  let count = 0;
  const flush = (size: number): void => {
    for (let i = 0; i < size; i++) out[length++] = Math.floor(value / 256 ** (3 - i)) & 255;
    value = 0;
    count = 0;
  };
  // `<~` opens some streams although PDF does not ask for it.
  const start = bytes[0] === 0x3c && bytes[1] === 0x7e ? 2 : 0;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (isWhite(byte)) continue;
    if (byte === 0x7a && count === 0) flush(4);
    else if (byte < 0x21 || byte > 0x75) {
      if (byte !== 0x7e) onDamage('corrupt');
      break;
    } else {
      value = value * 85 + byte - 0x21;
      if (++count === 5) flush(4);
    }
  }
  if (count > 1) {
    const size = count - 1;
    for (; count < 5; count++) value = value * 85 + 84;
    flush(size);
  }
  return out.subarray(0, length);
}

/**
 * Undoes RunLengthDecode.
 * @throws {OutputLimitError} more than `maxBytes` come out.
 */
export function decodeRunLength(bytes: Uint8Array, maxBytes: number, onDamage: OnDamage = ignoreDamage): Uint8Array {
  let length = 0;
  for (let i = 0; i < bytes.length;) {
    const code = bytes[i] as number;
    if (code === 128) break;
    length += code < 128 ? code + 1 : 257 - code;
    i += code < 128 ? code + 2 : 2;
    if (i > bytes.length) onDamage('cut');
  }
  if (length > maxBytes) throw new OutputLimitError('limit');
  const out = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < bytes.length;) {
    const code = bytes[i] as number;
    if (code === 128) break;
    if (code < 128) {
      out.set(bytes.subarray(i + 1, i + 2 + code), at);
      at += code + 1;
      i += code + 2;
    } else {
      out.fill(bytes[i + 1] ?? 0, at, at + 257 - code);
      at += 257 - code;
      i += 2;
    }
  }
  return out;
}

/**
 * Undoes LZWDecode; data that makes no sense ends the output.
 * @param earlyChange 1: code lengths grow one code early, PDF's default; 0: they do not.
 * @throws {OutputLimitError} more than `maxBytes` come out.
 */
export function decodeLzw(
  bytes: Uint8Array,
  earlyChange: number,
  maxBytes: number,
  onDamage: OnDamage = ignoreDamage,
): Uint8Array {
  // Each code's string is the output's bytes where it was first written: starts[code], lengths[code].
  const starts = new Int32Array(4097);
  const lengths = new Int32Array(4097);
  let out = new Uint8Array(Math.min(maxBytes, bytes.length * 4 + 1024));
  let length = 0;
  let next = 258;
  let width = 9;
  let previous = -1;
  let buffer = 0;
  let held = 0;
  for (let i = 0; ;) {
    while (held < width && i < bytes.length) {
      buffer = ((buffer << 8) | (bytes[i++] as number)) & 0xffffff;
      held += 8;
    }
    if (held < width) break;
    held -= width;
    const code = (buffer >> held) & ((1 << width) - 1);
    if (code === 257) break;
    if (code === 256) {
      next = 258;
      width = 9;
      previous = -1;
      continue;
    }
    const isNew = code === next && previous >= 0;
    if (code >= 256 && code >= next && !isNew) {
      onDamage('corrupt');
      break;
    }
    const size = isNew
      ? (previous < 256 ? 1 : (lengths[previous] as number)) + 1
      : code < 256
        ? 1
        : (lengths[code] as number);
    if (length + size > maxBytes) throw new OutputLimitError('limit');
    if (length + size > out.length) {
      const grown = new Uint8Array(Math.min(maxBytes, Math.max(out.length * 2, length + size)));
      grown.set(out.subarray(0, length));
      out = grown;
    }
    const previousSize = previous < 0 ? 0 : previous < 256 ? 1 : (lengths[previous] as number);
    const from = isNew ? length - previousSize : (starts[code] as number);
    if (code < 256) out[length] = code;
    else for (let k = 0; k < size; k++) out[length + k] = out[from + k] as number;
    if (previous >= 0 && next < 4096) {
      starts[next] = length - previousSize;
      lengths[next] = previousSize + 1;
      next++;
    }
    length += size;
    previous = code;
    const grownTo = next + earlyChange;
    width = grownTo >= 2048 ? 12 : grownTo >= 1024 ? 11 : grownTo >= 512 ? 10 : 9;
  }
  return out.subarray(0, length);
}
