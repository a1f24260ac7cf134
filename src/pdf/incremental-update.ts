import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { PdfFile } from './pdf-file.ts';
import { isName, isPdfArray, PdfDict, PdfName, PdfRef, PdfStream, PdfString, type PdfValue } from './pdf-value.ts';
import { writeValue } from './write-value.ts';
import { type UpdatedPlace, writeTable, writeStreamRows } from './write-xref.ts';
import { MAX_OBJECT_NUMBER } from './xref-table.ts';

/** Takes bytes that follow those already given; settles when more may come. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>;

/** Damaged streams beyond this stay as they are. */
const MAX_CORRECTED_BYTES = 64 * 1024 * 1024;
/** Collected before they are handed on. */
const BATCH_BYTES = 256 * 1024;

/**
 * Objects that are added to a PDF behind its own bytes, which stay as they are (ISO 32000-1, 7.5.6). The same objects in
 * the same order give the same bytes. A file whose cross-references had to be repaired gets complete new ones.
 */
export class IncrementalUpdate {
  readonly #pdf: PdfFile;
  readonly #sink: ByteSink;
  readonly #digest = createHash('sha256');
  readonly #places = new Map<number, UpdatedPlace>();
  #nextNumber: number;
  /** Of the next byte, counted as the file counts. */
  #offset: number;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;

  private constructor(pdf: PdfFile, fileBytes: number, sink: ByteSink, nextNumber: number) {
    this.#pdf = pdf;
    this.#sink = sink;
    this.#offset = fileBytes - pdf.originBytes;
    this.#nextNumber = nextNumber;
  }

  /** @param fileBytes the size of the file as it is, junk before its header included. */
  static async begin(pdf: PdfFile, fileBytes: number, sink: ByteSink): Promise<IncrementalUpdate> {
    const size = pdf.trailer.get('Size');
    const stated = typeof size === 'number' && Number.isInteger(size) && size < MAX_OBJECT_NUMBER / 2 ? size : 0;
    // A file that was cut off refers to objects it has lost: theirs are no numbers to give away.
    const referred = pdf.repaired ? await highestReference(pdf) : 0;
    return new IncrementalUpdate(pdf, fileBytes, sink, Math.max(stated, pdf.layout.highestNumber + 1, referred + 1));
  }

  /** A number for an object that is still to be written. */
  allocate(): PdfRef {
    return new PdfRef(this.#nextNumber++, 0);
  }

  /** Writes an object; one with a number of the file's own replaces it. */
  async writeObject(ref: PdfRef, value: PdfValue): Promise<void> {
    await this.#begin(ref);
    await this.#write(`${writeValue(value, this.#encryptor(ref))}\nendobj\n`);
  }

  /** Writes a stream, compressed and, in an encrypted file, encrypted. */
  async writeStream(ref: PdfRef, dict: PdfDict, bytes: Uint8Array): Promise<void> {
    const packed = pack(bytes);
    const stored = this.#pdf.cipher?.encryptStream(packed, ref) ?? packed;
    const full = dict.with({ Filter: new PdfName('FlateDecode'), DecodeParms: undefined, Length: stored.length });
    await this.#begin(ref);
    await this.#write(`${writeValue(full, this.#encryptor(ref))}\nstream\n`);
    await this.#write(stored);
    await this.#write('\nendstream\nendobj\n');
  }

  /**
   * Writes the cross-references and hands on all that is left. Nothing may be added after.
   * @param comment a line that begins with `%`, before the last words of the file.
   */
  async finish(comment?: string): Promise<void> {
    const { layout, repaired } = this.#pdf;
    if (repaired) await this.#correctObjects();
    const places = new Map(this.#places);
    if (repaired) this.#addOriginalPlaces(places);
    const hasPacked = [...places.values()].some((place) => place.kind === 'packed');
    const asStream = repaired ? hasPacked : layout.lastSectionIsStream;
    const previous = repaired ? {} : { Prev: layout.lastSectionOffset };
    const start = await this.#lineStart();
    if (asStream) await this.#writeXrefStream(places, start, previous);
    else {
      if (repaired) places.set(0, { kind: 'free' });
      const trailer = this.#trailer().with(previous);
      await this.#write(`${writeTable(places)}trailer\n${writeValue(trailer)}\n`);
    }
    await this.#write(`${comment === undefined ? '' : `${comment}\n`}startxref\n${start}\n%%EOF\n`);
    await this.#flush();
  }

  async #writeXrefStream(
    places: Map<number, UpdatedPlace>,
    start: number,
    previous: Record<string, number>,
  ): Promise<void> {
    const ref = this.allocate();
    places.set(ref.num, { kind: 'plain', offset: start, gen: 0 });
    const { index, widths, bytes } = writeStreamRows(places);
    const packed = pack(bytes);
    const dict = new PdfDict([['Type', new PdfName('XRef')], ...this.#trailer().entries]).with({
      ...previous,
      Index: index,
      W: widths,
      Filter: new PdfName('FlateDecode'),
      Length: packed.length,
    });
    await this.#write(`${ref.num} 0 obj\n${writeValue(dict)}\nstream\n`);
    await this.#write(packed);
    await this.#write('\nendstream\nendobj\n');
  }

  /**
   * Writes objects anew that readers forgive in files they repair themselves, but not in one whose cross-references are
   * sound: streams whose stated length is wrong, and a last object that is cut off.
   */
  async #correctObjects(): Promise<void> {
    const last = this.#lastOriginal();
    for (const num of this.#pdf.layout.numbersInUse()) {
      const place = this.#pdf.layout.place(num);
      if (this.#places.has(num) || place?.kind !== 'plain') continue;
      const ref = new PdfRef(num, place.gen);
      const value = await this.#pdf.resolve(ref);
      if (!(value instanceof PdfStream)) {
        if (num === last) await this.writeObject(ref, value);
      } else if (!isName(value.dict.get('Type'), 'XRef')) await this.#correctLength(value);
    }
  }

  async #correctLength(stream: PdfStream): Promise<void> {
    const { offset, lengthBytes, isAsDeclared } = await this.#pdf.locateStream(stream);
    if (isAsDeclared || lengthBytes > MAX_CORRECTED_BYTES) return;
    await this.#begin(stream.ref);
    const dict = stream.dict.with({ Length: lengthBytes });
    await this.#write(`${writeValue(dict, this.#encryptor(stream.ref))}\nstream\n`);
    await this.#write(await this.#pdf.readBytes(offset, lengthBytes));
    await this.#write('\nendstream\nendobj\n');
  }

  /** The object that stands last in the file. */
  #lastOriginal(): number {
    let [last, furthest] = [-1, -1];
    for (const num of this.#pdf.layout.numbersInUse()) {
      const place = this.#pdf.layout.place(num);
      if (place?.kind === 'plain' && place.offset > furthest) [last, furthest] = [num, place.offset];
    }
    return last;
  }

  #addOriginalPlaces(places: Map<number, UpdatedPlace>): void {
    for (const num of this.#pdf.layout.numbersInUse()) {
      const place = this.#pdf.layout.place(num);
      if (place && !places.has(num)) places.set(num, place);
    }
  }

  /** The file's own trailer with a new size and second half of its identifier; neither is ever encrypted. */
  #trailer(): PdfDict {
    const old = this.#pdf.trailer;
    const kept = ['Root', 'Info', 'Encrypt'].flatMap((key) => {
      const value = old.get(key);
      return value === undefined || value === null ? [] : [[key, value] as const];
    });
    const id = old.get('ID');
    const second = new PdfString(this.#digest.copy().digest().subarray(0, 16));
    const first = isPdfArray(id) && id[0] instanceof PdfString ? id[0] : undefined;
    // The identifier is part of an encrypted file's key: where it is missing there, or elsewhere, it stays so.
    const canName = first !== undefined || (id === undefined && old.get('Encrypt') === undefined);
    return new PdfDict(kept).with({
      Size: this.#nextNumber,
      ID: canName ? [first ?? second, second] : id,
    });
  }

  #encryptor(ref: PdfRef): ((bytes: Uint8Array) => Uint8Array) | undefined {
    const { cipher } = this.#pdf;
    return cipher && ((bytes) => cipher.encryptString(bytes, ref));
  }

  async #begin(ref: PdfRef): Promise<void> {
    const offset = await this.#lineStart();
    this.#places.set(ref.num, { kind: 'plain', offset, gen: ref.gen });
    await this.#write(`${ref.num} ${ref.gen} obj\n`);
  }

  /** The offset of the next byte, after seeing to it that the first addition begins a line. */
  async #lineStart(): Promise<number> {
    if (this.#places.size === 0) await this.#write(await closingOf(this.#pdf, this.#offset));
    return this.#offset;
  }

  async #write(part: string | Uint8Array): Promise<void> {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
    this.#digest.update(bytes);
    this.#offset += bytes.length;
    this.#batch.push(bytes);
    this.#batchBytes += bytes.length;
    if (this.#batchBytes >= BATCH_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#batch);
    this.#batch = [];
    this.#batchBytes = 0;
    if (bytes.length > 0) await this.#sink(bytes);
  }
}

/** At once rather than in another thread: for a page's few kilobytes that is faster, and leaves less to collect. */
function pack(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes, { level: 7 });
}

/** The highest object number that any object of the file refers to. */
async function highestReference(pdf: PdfFile): Promise<number> {
  let highest = 0;
  for (const num of pdf.layout.numbersInUse()) {
    const waiting: PdfValue[] = [await pdf.resolve(new PdfRef(num, 0))];
    for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
      if (value instanceof PdfRef && value.num < MAX_OBJECT_NUMBER / 2) highest = Math.max(highest, value.num);
      else if (value instanceof PdfStream) waiting.push(value.dict);
      else if (value instanceof PdfDict) for (const item of value.entries.values()) waiting.push(item);
      else if (isPdfArray(value)) for (const item of value) waiting.push(item);
    }
  }
  return highest;
}

/**
 * What must stand between a file's end and an addition. Where a file was cut off inside a stream, the stream is closed, or
 * readers would take the addition for a part of it.
 */
async function closingOf(pdf: PdfFile, endOffset: number): Promise<string> {
  const end = pdf.originBytes + endOffset;
  const tail = Buffer.from(await pdf.readBytes(end - 1024, 1024)).toString('latin1');
  const isCut = pdf.repaired && !/(?:endobj|%%EOF|startxref\s+\d+|endstream)\s*$/u.test(tail);
  if (isCut) return '\nendstream\nendobj\n';
  return /[\r\n]$/u.test(tail) ? '' : '\n';
}
