import type { ByteSource } from './byte-source.ts';
import { decodeBytes, listFilters } from './decode-stream.ts';
import { OutputLimitError } from './flate-decode.ts';
import { PdfSyntaxError } from './byte-cursor.ts';
import type { ObjectParser } from './object-parser.ts';
import { isName, isPdfArray, PdfDict, PdfStream, type PdfValue } from './pdf-value.ts';
import { readObjectAt } from './read-object.ts';
import { parseAt } from './read-window.ts';
import { measureStream } from './stream-length.ts';
import { MAX_OBJECTS, XrefTable } from './xref-table.ts';

/** Updates a file may have had; each adds a section. */
const MAX_SECTIONS = 10_000;
const MAX_XREF_STREAM_BYTES = 64 * 1024 * 1024;
/** How far before the end `startxref` is looked for. */
const TAIL_BYTES = 2048;

interface Section {
  readonly dict: PdfDict;
  readonly isStream: boolean;
}

/**
 * Follows the cross-reference sections from the end of the file, newest first: tables, streams and both together.
 * @throws {PdfSyntaxError} one of them cannot be read; the file may be readable by `rebuildXref`.
 */
export async function readXref(source: ByteSource): Promise<XrefTable> {
  const table = new XrefTable();
  const start = await findStart(source);
  const waiting = [start];
  const visited = new Set<number>();
  for (let offset = waiting.shift(); offset !== undefined; offset = waiting.shift()) {
    if (visited.has(offset)) continue;
    if (visited.size >= MAX_SECTIONS) throw new PdfSyntaxError('too many cross-reference sections');
    visited.add(offset);
    const { dict, isStream } = await readSection(source, offset, table);
    if (offset === start) {
      table.trailer = dict;
      table.lastSectionIsStream = isStream;
      table.lastSectionOffset = start;
    } else table.trailer = withMissing(table.trailer, dict);
    const hybrid = dict.get('XRefStm');
    const previous = dict.get('Prev');
    // A hybrid file's stream stands between its table and the previous section.
    for (const next of isStream ? [previous] : [hybrid, previous]) if (typeof next === 'number') waiting.push(next);
  }
  return table;
}

/** Some writers name the catalog in an older section only. */
function withMissing(trailer: PdfDict, older: PdfDict): PdfDict {
  if (trailer.get('Root') !== undefined) return trailer;
  const root = older.get('Root');
  return root === undefined
    ? trailer
    : trailer.with({ Root: root, Encrypt: older.get('Encrypt'), ID: older.get('ID'), Info: older.get('Info') });
}

async function findStart(source: ByteSource): Promise<number> {
  const tail = Buffer.from(await source.read(source.sizeBytes - TAIL_BYTES, TAIL_BYTES)).toString('latin1');
  const found = /startxref\s*(\d{1,15})(?!.*startxref)/su.exec(tail);
  if (!found) throw new PdfSyntaxError('no startxref');
  return Number(found[1]);
}

async function readSection(source: ByteSource, offset: number, table: XrefTable): Promise<Section> {
  if (offset >= source.sizeBytes) throw new PdfSyntaxError('cross-reference outside the file');
  const classic = await parseAt(source, offset, { references: true }, (parser) =>
    parser.readWord('xref') ? readTable(parser) : undefined,
  );
  if (!classic) return { dict: await readXrefStream(source, offset, table), isStream: true };
  for (let i = 0; i < classic.numbers.length; i++) {
    const [num, place, gen] = [classic.numbers[i] ?? 0, classic.offsets[i] ?? -1, classic.gens[i] ?? 0];
    if (place > 0) table.setPlain(num, place, gen);
    else table.setFree(num);
  }
  return { dict: classic.dict, isStream: false };
}

interface ClassicSection {
  readonly dict: PdfDict;
  readonly numbers: readonly number[];
  /** -1 for free ones. */
  readonly offsets: readonly number[];
  readonly gens: readonly number[];
}

function readTable(parser: ObjectParser): ClassicSection {
  const section = { numbers: [] as number[], offsets: [] as number[], gens: [] as number[] };
  while (!parser.readWord('trailer')) {
    let first = parser.readInteger();
    const count = parser.readInteger();
    if (first === undefined || count === undefined) throw new PdfSyntaxError('bad cross-reference table');
    if (section.numbers.length + count > MAX_OBJECTS) throw new PdfSyntaxError('too many objects');
    for (let i = 0; i < count; i++) {
      const offset = parser.readInteger();
      const gen = parser.readInteger();
      const isUsed = parser.readWord('n');
      if (offset === undefined || gen === undefined || (!isUsed && !parser.readWord('f')))
        throw new PdfSyntaxError('bad cross-reference entry');
      // Some writers count from 1 although the list's head, always object 0, is their first line.
      if (i === 0 && first === 1 && !isUsed && gen === 65535) first = 0;
      section.numbers.push(first + i);
      section.offsets.push(isUsed ? offset : -1);
      section.gens.push(gen);
    }
  }
  const dict = parser.readValue();
  // A dictionary without an end would take in what follows it.
  if (!(dict instanceof PdfDict) || !parser.readWord('startxref')) throw new PdfSyntaxError('bad trailer');
  return { dict, ...section };
}

async function readXrefStream(source: ByteSource, offset: number, table: XrefTable): Promise<PdfDict> {
  const { value } = await readObjectAt(source, offset);
  if (!(value instanceof PdfStream) || !isName(value.dict.get('Type'), 'XRef'))
    throw new PdfSyntaxError('no cross-reference here');
  const { dict, dataOffset } = value;
  const length = dict.get('Length');
  const lengthBytes = await measureStream(source, dataOffset, typeof length === 'number' ? length : undefined);
  if (lengthBytes > MAX_XREF_STREAM_BYTES) throw new PdfSyntaxError('cross-reference stream too large');
  const raw = await source.read(dataOffset, lengthBytes);
  const filters = listFilters(dict.get('Filter'), dict.get('DecodeParms'));
  try {
    const { bytes } = await decodeBytes(raw, filters, MAX_XREF_STREAM_BYTES);
    addStreamEntries(bytes, dict, table);
  } catch (error) {
    if (error instanceof OutputLimitError) throw new PdfSyntaxError('cross-reference stream too large');
    throw error;
  }
  return dict;
}

function addStreamEntries(bytes: Uint8Array, dict: PdfDict, table: XrefTable): void {
  const widths = numbers(dict.get('W')).slice(0, 3);
  const isSane = widths.length === 3 && widths.every((width) => Number.isInteger(width) && width >= 0 && width <= 8);
  const [typeWidth = 0, placeWidth = 0, lastWidth = 0] = widths;
  const rowBytes = typeWidth + placeWidth + lastWidth;
  if (!isSane || rowBytes === 0) throw new PdfSyntaxError('bad cross-reference stream');
  const index =
    dict.get('Index') === undefined ? [0, numbers([dict.get('Size') ?? 0])[0] ?? 0] : numbers(dict.get('Index'));
  let at = 0;
  for (let i = 0; i + 1 < index.length; i += 2) {
    const first = index[i] as number;
    const count = index[i + 1] as number;
    for (let k = 0; k < count && at + rowBytes <= bytes.length; k++, at += rowBytes) {
      const type = typeWidth === 0 ? 1 : readNumber(bytes, at, typeWidth);
      const place = readNumber(bytes, at + typeWidth, placeWidth);
      const last = readNumber(bytes, at + typeWidth + placeWidth, lastWidth);
      if (type === 1 && place > 0) table.setPlain(first + k, place, last);
      else if (type === 2) table.setPacked(first + k, place, last);
      else if (type === 0 || type === 1) table.setFree(first + k);
    }
  }
}

function numbers(value: PdfValue | undefined): number[] {
  return isPdfArray(value) ? value.filter((item) => typeof item === 'number') : [];
}

function readNumber(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (bytes[at + i] as number);
  return value;
}
