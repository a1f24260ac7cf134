import { PdfSyntaxError } from './byte-cursor.ts';
import { ignoreDamage, type OnDamage } from './flate-decode.ts';

/** How samples were arranged and differenced before compression (ISO 32000-1, 7.4.4.4). */
export interface PredictorParms {
  readonly predictor: number;
  readonly colors: number;
  readonly bitsPerComponent: number;
  readonly columns: number;
}

/** The highest filter type of PNG (its specification, 9.2); others leave a row as it is. */
const LAST_PNG_TYPE = 4;

/**
 * Undoes a PNG or TIFF predictor; rows that are cut short are kept as far as they go.
 * @throws {PdfSyntaxError} the parameters are impossible.
 */
export function undoPredictor(bytes: Uint8Array, parms: PredictorParms, onDamage: OnDamage = ignoreDamage): Uint8Array {
  const { predictor, colors, bitsPerComponent, columns } = parms;
  if (predictor < 2) return bytes;
  const bitsPerPixel = colors * bitsPerComponent;
  const rowBytes = Math.ceil((bitsPerPixel * columns) / 8);
  const isPossible =
    [colors, bitsPerComponent, columns].every((n) => Number.isInteger(n) && n > 0) &&
    bitsPerComponent <= 32 &&
    colors <= 64 &&
    rowBytes <= 64 * 1024 * 1024;
  if (!isPossible) throw new PdfSyntaxError('impossible predictor');
  if (predictor === 2) return undoTiff(bytes, parms, rowBytes);
  if (hasUnknownRow(bytes, rowBytes + 1)) onDamage('corrupt');
  return undoPng(bytes, Math.max(1, bitsPerPixel >> 3), rowBytes);
}

function hasUnknownRow(bytes: Uint8Array, stride: number): boolean {
  for (let at = 0; at + 1 < bytes.length; at += stride) if ((bytes[at] as number) > LAST_PNG_TYPE) return true;
  return false;
}

function undoPng(bytes: Uint8Array, pixelBytes: number, rowBytes: number): Uint8Array {
  const rows = Math.ceil(bytes.length / (rowBytes + 1));
  const out = new Uint8Array(Math.max(0, bytes.length - rows));
  let above = new Uint8Array(rowBytes);
  for (let row = 0; row < rows; row++) {
    const from = row * (rowBytes + 1);
    const target = out.subarray(row * rowBytes, Math.min((row + 1) * rowBytes, out.length));
    target.set(bytes.subarray(from + 1, from + 1 + target.length));
    undoPngRow(bytes[from] as number, target, above, pixelBytes);
    above = target;
  }
  return out;
}

function undoPngRow(type: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  const length = row.length;
  if (type === 1) {
    for (let i = pixelBytes; i < length; i++) row[i] = (row[i] as number) + (row[i - pixelBytes] as number);
  } else if (type === 2) {
    for (let i = 0; i < length; i++) row[i] = (row[i] as number) + (above[i] as number);
  } else if (type === 3) {
    for (let i = 0; i < length; i++) {
      const left = i < pixelBytes ? 0 : (row[i - pixelBytes] as number);
      row[i] = (row[i] as number) + ((left + (above[i] as number)) >> 1);
    }
  } else if (type === 4) {
    for (let i = 0; i < length; i++) {
      const left = i < pixelBytes ? 0 : (row[i - pixelBytes] as number);
      const corner = i < pixelBytes ? 0 : (above[i - pixelBytes] as number);
      row[i] = (row[i] as number) + paeth(left, above[i] as number, corner);
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const toLeft = Math.abs(guess - left);
  const toUp = Math.abs(guess - up);
  const toCorner = Math.abs(guess - corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

function undoTiff(bytes: Uint8Array, parms: PredictorParms, rowBytes: number): Uint8Array {
  const { colors, bitsPerComponent: bits, columns } = parms;
  const out = Uint8Array.from(bytes);
  for (let start = 0; start < out.length; start += rowBytes) {
    const row = out.subarray(start, start + rowBytes);
    if (bits === 8) {
      for (let i = colors; i < row.length; i++) row[i] = (row[i] as number) + (row[i - colors] as number);
    } else if (bits === 16) {
      for (let i = 2 * colors; i + 1 < row.length; i += 2) {
        const before = ((row[i - 2 * colors] as number) << 8) | (row[i - 2 * colors + 1] as number);
        const sum = before + (((row[i] as number) << 8) | (row[i + 1] as number));
        row[i] = sum >> 8;
        row[i + 1] = sum;
      }
    } else if (bits < 8) undoTiffBits(row, colors, bits, columns);
  }
  return out;
}

function undoTiffBits(row: Uint8Array, colors: number, bits: number, columns: number): void {
  const mask = (1 << bits) - 1;
  const before = new Uint8Array(colors);
  const samples = Math.min(columns * colors, Math.floor((row.length * 8) / bits));
  for (let i = 0; i < samples; i++) {
    const bit = i * bits;
    // Samples of 1, 2 or 4 bits do not cross bytes; others are not allowed.
    const shift = 8 - bits - (bit & 7);
    if (shift < 0) return;
    const byte = row[bit >> 3] as number;
    const component = i % colors;
    const value = (((byte >> shift) & mask) + (before[component] as number)) & mask;
    before[component] = value;
    row[bit >> 3] = (byte & ~(mask << shift)) | (value << shift);
  }
}
