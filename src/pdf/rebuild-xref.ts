import type { ByteSource } from './byte-source.ts';
import { PdfSyntaxError } from './byte-cursor.ts';
import { isName, PdfDict, PdfStream } from './pdf-value.ts';
import { readObjectAt } from './read-object.ts';
import { parseAt } from './read-window.ts';
import { MAX_OBJECTS, XrefTable } from './xref-table.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Kept from the chunk before: longer than any `N G obj` or mark. */
const OVERLAP_BYTES = 64;
/** Marks of one kind beyond these are not looked at. */
const MAX_MARKS = 100_000;
const MAX_TRAILERS = 64;

export interface RebuiltXref {
  readonly table: XrefTable;
  /** Numbers of objects that look like object streams; what they hold is not in the table yet. */
  readonly containers: readonly number[];
}

interface Scan {
  /** Of each `N G obj`, in file order. */
  readonly offsets: number[];
  readonly numbers: number[];
  readonly gens: number[];
  readonly trailers: number[];
  /** Where `/ObjStm` and `/XRef` stand. */
  readonly containerMarks: number[];
  readonly xrefMarks: number[];
}

/**
 * Finds the objects of a file whose cross-references are damaged by reading it from end to end once, in bounded memory.
 * Later definitions replace earlier ones.
 */
export async function rebuildXref(source: ByteSource): Promise<RebuiltXref> {
  const scan = await scanObjects(source);
  const table = new XrefTable();
  for (let i = scan.offsets.length - 1; i >= 0; i--)
    table.setPlain(scan.numbers[i] as number, scan.offsets[i] as number, Math.min(scan.gens[i] as number, 65535));
  table.trailer = await findTrailer(source, scan);
  return { table, containers: [...new Set(scan.containerMarks.map((mark) => ownerOf(scan, mark)?.num ?? 0))] };
}

async function scanObjects(source: ByteSource): Promise<Scan> {
  const scan: Scan = { offsets: [], numbers: [], gens: [], trailers: [], containerMarks: [], xrefMarks: [] };
  for (let at = 0; at < source.sizeBytes; at += CHUNK_BYTES) {
    const start = Math.max(0, at - OVERLAP_BYTES);
    const bytes = await source.read(start, at - start + CHUNK_BYTES);
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // What ends within the overlap was found in the chunk before.
    const fresh = at - start;
    for (const index of occurrences(chunk, 'obj')) if (index + 3 > fresh) addHeader(scan, chunk, index, start);
    const marks = [
      ['trailer', scan.trailers],
      ['/ObjStm', scan.containerMarks],
      ['/XRef', scan.xrefMarks],
    ] as const;
    for (const [word, list] of marks)
      for (const index of occurrences(chunk, word))
        if (index + word.length > fresh && list.length < MAX_MARKS) list.push(start + index);
  }
  return scan;
}

function* occurrences(chunk: Buffer, word: string): Generator<number> {
  for (let index = chunk.indexOf(word); index >= 0; index = chunk.indexOf(word, index + word.length)) yield index;
}

function addHeader(scan: Scan, chunk: Buffer, objIndex: number, start: number): void {
  const before = chunk.toString('latin1', Math.max(0, objIndex - 40), objIndex);
  const found = /(\d{1,8})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]*$/u.exec(before);
  if (!found) return;
  if (scan.offsets.length >= MAX_OBJECTS) throw new PdfSyntaxError('too many objects');
  scan.offsets.push(start + objIndex - before.length + found.index);
  scan.numbers.push(Number(found[1]));
  scan.gens.push(Number(found[2]));
}

/** The object in whose text a position lies: the last that begins before it. */
function ownerOf(scan: Scan, position: number): { num: number; offset: number } | undefined {
  let low = 0;
  let high = scan.offsets.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((scan.offsets[middle] as number) < position) low = middle + 1;
    else high = middle;
  }
  const num = scan.numbers[low - 1];
  const offset = scan.offsets[low - 1];
  return num === undefined || offset === undefined ? undefined : { num, offset };
}

/** The newest dictionary that names a catalog: a trailer, or a cross-reference stream's own. */
async function findTrailer(source: ByteSource, scan: Scan): Promise<PdfDict> {
  const candidates = [
    ...scan.trailers.slice(-MAX_TRAILERS).map((offset) => ({ offset, isStream: false })),
    ...scan.xrefMarks.slice(-MAX_TRAILERS).flatMap((mark) => {
      const owner = ownerOf(scan, mark);
      return owner ? [{ offset: owner.offset, isStream: true }] : [];
    }),
  ].sort((a, b) => b.offset - a.offset);
  for (const { offset, isStream } of candidates) {
    const dict = await readCandidate(source, offset, isStream);
    if (dict?.get('Root') === undefined) continue;
    const kept = ['Root', 'Encrypt', 'ID', 'Info'].flatMap((key) => {
      const value = dict.get(key);
      return value === undefined ? [] : [[key, value] as const];
    });
    return new PdfDict(kept);
  }
  return new PdfDict();
}

async function readCandidate(source: ByteSource, offset: number, isStream: boolean): Promise<PdfDict | undefined> {
  try {
    if (!isStream)
      return await parseAt(source, offset + 'trailer'.length, { references: true }, (parser) => {
        const value = parser.readValue();
        return value instanceof PdfDict ? value : undefined;
      });
    const { value } = await readObjectAt(source, offset);
    return value instanceof PdfStream && isName(value.dict.get('Type'), 'XRef') ? value.dict : undefined;
  } catch (error) {
    if (error instanceof PdfSyntaxError) return undefined;
    throw error;
  }
}
