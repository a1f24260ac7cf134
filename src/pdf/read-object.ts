import type { ByteSource } from './byte-source.ts';
import { PdfSyntaxError } from './byte-cursor.ts';
import { type ObjectParser, PdfKeyword } from './object-parser.ts';
import { PdfDict, PdfRef, PdfStream, type PdfValue } from './pdf-value.ts';
import { parseAt } from './read-window.ts';

/** An object with the number and generation that stand before it. */
export interface IndirectObject {
  readonly ref: PdfRef;
  readonly value: PdfValue;
}

type StringDecryptor = (bytes: Uint8Array, ref: PdfRef) => Uint8Array;

/**
 * Reads `N G obj ...` at an offset.
 * @throws {PdfSyntaxError} no object begins there.
 */
export async function readObjectAt(
  source: ByteSource,
  offset: number,
  decrypt?: StringDecryptor,
): Promise<IndirectObject> {
  if (!(offset >= 0 && offset < source.sizeBytes)) throw new PdfSyntaxError('offset outside the file');
  let ref: PdfRef | undefined;
  const decryptString = decrypt && ((bytes: Uint8Array): Uint8Array => (ref ? decrypt(bytes, ref) : bytes));
  return parseAt(source, offset, { references: true, decrypt: decryptString }, (parser) => {
    ref = readHeader(parser);
    const value = readBody(parser, offset, ref);
    return { ref, value };
  });
}

function readHeader(parser: ObjectParser): PdfRef {
  const num = parser.readInteger();
  const gen = parser.readInteger();
  if (num === undefined || gen === undefined || !parser.readWord('obj')) throw new PdfSyntaxError('no object here');
  return new PdfRef(num, gen);
}

function readBody(parser: ObjectParser, offset: number, ref: PdfRef): PdfValue {
  const value = parser.read();
  if (value === undefined || value instanceof PdfKeyword) return null;
  if (!(value instanceof PdfDict) || !parser.readWord('stream')) return value;
  return new PdfStream(value, offset + parser.skipLineEnd(), ref);
}
