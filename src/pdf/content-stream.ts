import { isWhite, PdfSyntaxError } from './byte-cursor.ts';
import { ObjectParser, PdfKeyword } from './object-parser.ts';
import { isPdfArray, PdfDict, PdfName, type PdfValue } from './pdf-value.ts';

/** One operator with its operands. */
export interface ContentOperation {
  /** `Tj`, `cm`, `Do` ...; `EI` stands for a whole inline image. */
  readonly op: string;
  /** Of an inline image: its dictionary, names as written. */
  readonly args: readonly PdfValue[];
  /** Where operands and operator stand in the bytes; the end is exclusive. */
  readonly start: number;
  readonly end: number;
  /** The bytes of an inline image, as stored. */
  readonly imageData?: Uint8Array | undefined;
}

/** No operator takes as many (the widest is `scn` with 32 colorants and a pattern). */
const MAX_OPERANDS = 64;
/** A run of bytes after `EI` that must look like operators for the image to end there. */
const LOOK_AHEAD_BYTES = 16;

/** Splits a content stream into operations. Never throws for damaged content: it gives what can be read. */
export function* readContent(bytes: Uint8Array): Generator<ContentOperation> {
  const parser = new ObjectParser(bytes, { references: false, complete: true });
  let args: PdfValue[] = [];
  parser.skipWhite();
  let start = parser.position;
  for (;;) {
    const token = readToken(parser);
    if (token === undefined) return;
    if (!(token instanceof PdfKeyword)) {
      // Surplus operands mean damage; the last ones belong to the operator.
      if (args.length >= MAX_OPERANDS) args.shift();
      args.push(token);
      continue;
    }
    if (token.word === 'BI') {
      const image = readInlineImage(bytes, parser);
      yield { op: 'EI', args: [image.dict], start, end: parser.position, imageData: image.bytes };
    } else yield { op: token.word, args, start, end: parser.position };
    args = [];
    parser.skipWhite();
    start = parser.position;
  }
}

function readToken(parser: ObjectParser): ReturnType<ObjectParser['read']> {
  try {
    return parser.read();
  } catch (error) {
    if (error instanceof PdfSyntaxError) return null;
    throw error;
  }
}

function readInlineImage(bytes: Uint8Array, parser: ObjectParser): { dict: PdfDict; bytes: Uint8Array } {
  const entries: [string, PdfValue][] = [];
  for (;;) {
    const key = readToken(parser);
    if (key === undefined || (key instanceof PdfKeyword && key.word === 'ID')) break;
    if (!(key instanceof PdfName)) continue;
    const value = readToken(parser);
    if (value === undefined || value instanceof PdfKeyword) break;
    entries.push([key.name, value]);
  }
  const dict = new PdfDict(entries);
  const start = Math.min(parser.position + 1, bytes.length);
  const stated = unfilteredBytes(dict) ?? 0;
  const end = findImageEnd(bytes, start, stated > bytes.length - start ? 0 : stated);
  parser.position = Math.min(end + 2, bytes.length);
  const dataEnd = end > start && isWhite(bytes[end - 1] ?? -1) ? end - 1 : end;
  return { dict, bytes: bytes.subarray(start, Math.max(start, dataEnd)) };
}

/** The size of image data that no filter changed, where the dictionary tells it; `EI` within cannot mislead then. */
function unfilteredBytes(dict: PdfDict): number | undefined {
  const entry = (long: string, short: string): PdfValue | undefined => dict.get(long) ?? dict.get(short);
  const filter = entry('Filter', 'F');
  const width = entry('Width', 'W');
  const height = entry('Height', 'H');
  if (filter instanceof PdfName || (isPdfArray(filter) && filter.length > 0)) return undefined;
  if (typeof width !== 'number' || typeof height !== 'number') return undefined;
  const isMask = entry('ImageMask', 'IM') === true;
  const space = entry('ColorSpace', 'CS');
  const components = isMask ? 1 : componentsOf(space instanceof PdfName ? space.name : '');
  const bits = isMask ? 1 : entry('BitsPerComponent', 'BPC');
  if (components === undefined || typeof bits !== 'number') return undefined;
  const size = Math.ceil((width * components * bits) / 8) * height;
  return Number.isFinite(size) && size > 0 ? size : undefined;
}

function componentsOf(space: string): number | undefined {
  if (space === 'DeviceGray' || space === 'G') return 1;
  if (space === 'DeviceRGB' || space === 'RGB') return 3;
  return space === 'DeviceCMYK' || space === 'CMYK' ? 4 : undefined;
}

/** Where `EI` stands that ends the image: set apart by white space, and followed by what could be content. */
function findImageEnd(bytes: Uint8Array, start: number, skipBytes: number): number {
  for (let i = start + skipBytes; i + 1 < bytes.length; i++) {
    if (bytes[i] !== 0x45 || bytes[i + 1] !== 0x49) continue;
    const after = bytes[i + 2];
    if (after !== undefined && !isWhite(after)) continue;
    if (i > start + skipBytes && !isWhite(bytes[i - 1] as number)) continue;
    if (looksLikeContent(bytes.subarray(i + 2, i + 2 + LOOK_AHEAD_BYTES))) return i;
  }
  return bytes.length;
}

function looksLikeContent(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 10 || byte === 13 || byte === 9);
}
