import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { PageKids } from './page-kids.ts';
import type { PdfFile } from './pdf-file.ts';
import { isName, isPdfArray, PdfDict, PdfName, PdfRef, PdfStream, PdfString, type PdfValue } from './pdf-value.ts';
import { writeValue } from './write-value.ts';
import { type UpdatedPlace, writeTable, writeStreamRows } from './write-xref.ts';
import { MAX_OBJECT_NUMBER } from './xref-table.ts';

/** Takes bytes that follow those already given; settles when more may come. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>;

/** Begins a new file; the bytes above 127 tell programs that it is not text (ISO 32000-1, 7.5.2). */
const NEW_HEADER = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1');
/** Collected before they are handed on. */
const BATCH_BYTES = 256 * 1024;

/**
 * Objects that are added to a PDF behind its own bytes, which stay as they are (ISO 32000-1, 7.5.6). Of a file that had to
 * be repaired, whose bytes other readers may not understand, a whole new file is written instead: what could be found, the
 * added objects, and a new page tree. The same objects in the same order give the same bytes.
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

  /** Of a whole new file. */
  #kids: PageKids | undefined;
  #root: PdfRef | undefined;

  private constructor(pdf: PdfFile, fileBytes: number, sink: ByteSink, nextNumber: number) {
    this.#pdf = pdf;
    this.#sink = sink;
    this.#offset = pdf.repaired ? 0 : fileBytes - pdf.originBytes;
    this.#nextNumber = nextNumber;
  }

  /** @param fileBytes the size of the file as it is, junk before its header included; of a repaired one none are used. */
  static async begin(pdf: PdfFile, fileBytes: number, sink: ByteSink): Promise<IncrementalUpdate> {
    const size = pdf.trailer.get('Size');
    const stated = typeof size === 'number' && Number.isInteger(size) && size < MAX_OBJECT_NUMBER / 2 ? size : 0;
    // A file that was cut off refers to objects it has lost: theirs are no numbers to give away.
    const referred = pdf.repaired ? await highestReference(pdf) : 0;
    const nextNumber = Math.max(stated, pdf.layout.highestNumber + 1, referred + 1);
    const update = new IncrementalUpdate(pdf, fileBytes, sink, nextNumber);
    if (pdf.repaired) update.#kids = await PageKids.of(pdf, update);
    return update;
  }

  /** A number for an object that is still to be written. */
  allocate(): PdfRef {
    return new PdfRef(this.#nextNumber++, 0);
  }

  /** Whether a whole new file is written, which is to be finished even where nothing is added. */
  get isNewFile(): boolean {
    return this.#kids !== undefined;
  }

  /** Whether an object of this number was written. */
  has(ref: PdfRef): boolean {
    return this.#places.has(ref.num);
  }

  /** Writes an object; one with a number of the file's own replaces it. */
  async writeObject(ref: PdfRef, value: PdfValue): Promise<void> {
    const written = value instanceof PdfDict ? ((await this.#kids?.complete(ref, value)) ?? value) : value;
    await this.#begin(ref);
    await this.#write(`${writeValue(written, this.#encryptor(ref))}\nendobj\n`);
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
    const { layout } = this.#pdf;
    if (this.#kids) await this.#copyObjects(this.#kids);
    const start = await this.#lineStart();
    if (!this.#kids && layout.lastSectionIsStream) await this.#writeXrefStream(new Map(this.#places), start);
    else {
      const places = this.#kids ? this.#allPlaces() : this.#places;
      await this.#write(`${writeTable(places)}trailer\n${writeValue(this.#trailer())}\n`);
    }
    await this.#write(`${comment === undefined ? '' : `${comment}\n`}startxref\n${start}\n%%EOF\n`);
    await this.#flush();
  }

  async #writeXrefStream(places: Map<number, UpdatedPlace>, start: number): Promise<void> {
    const ref = this.allocate();
    places.set(ref.num, { kind: 'plain', offset: start, gen: 0 });
    const { index, widths, bytes } = writeStreamRows(places);
    const packed = pack(bytes);
    const dict = new PdfDict([['Type', new PdfName('XRef')], ...this.#trailer().entries]).with({
      Index: index,
      W: widths,
      Filter: new PdfName('FlateDecode'),
      Length: packed.length,
    });
    await this.#write(`${ref.num} 0 obj\n${writeValue(dict)}\nstream\n`);
    await this.#write(packed);
    await this.#write('\nendstream\nendobj\n');
  }

  /** Writes all that a repaired file holds and was not written yet: its pages under a new tree, and all other objects. */
  async #copyObjects(kids: PageKids): Promise<void> {
    await kids.writeRest(this);
    const root = this.#pdf.trailer.get('Root');
    const catalog = await this.#pdf.resolve(root);
    this.#root = root instanceof PdfRef ? root : this.allocate();
    const entries = catalog instanceof PdfDict ? catalog : new PdfDict();
    await this.writeObject(this.#root, entries.with({ Type: new PdfName('Catalog'), Pages: kids.tree }));
    for (const num of this.#pdf.layout.numbersInUse()) {
      if (this.#places.has(num)) continue;
      const place = this.#pdf.layout.place(num);
      const ref = new PdfRef(num, place?.kind === 'plain' ? place.gen : 0);
      const value = await this.#pdf.resolve(ref);
      if (value instanceof PdfStream) await this.#copyStream(ref, value);
      else if (value !== null && !(value instanceof PdfDict && isName(value.get('Type'), 'Pages')))
        await this.writeObject(ref, value);
    }
  }

  /** Copies a stream's bytes as they are stored, with the length they have; what only held or listed objects is left out. */
  async #copyStream(ref: PdfRef, stream: PdfStream): Promise<void> {
    if (['XRef', 'ObjStm'].some((type) => isName(stream.dict.get('Type'), type))) return;
    const { offset, lengthBytes } = await this.#pdf.locateStream(stream);
    await this.#begin(ref);
    await this.#write(`${writeValue(stream.dict.with({ Length: lengthBytes }), this.#encryptor(ref))}\nstream\n`);
    for (let at = 0; at < lengthBytes; at += BATCH_BYTES)
      await this.#write(await this.#pdf.readBytes(offset + at, Math.min(BATCH_BYTES, lengthBytes - at)));
    await this.#write('\nendstream\nendobj\n');
  }

  /** The places of a new file: numbers without an object are free, where they are not too many to list. */
  #allPlaces(): Map<number, UpdatedPlace> {
    const places = new Map<number, UpdatedPlace>([[0, { kind: 'free' }]]);
    const isDense = this.#nextNumber <= this.#places.size * 4 + 1000;
    if (isDense) for (let num = 1; num < this.#nextNumber; num++) places.set(num, { kind: 'free' });
    for (const [num, place] of this.#places) places.set(num, place);
    return places;
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
    const links = this.#kids
      ? { Root: this.#root, Encrypt: this.#pdf.encryption }
      : { Prev: this.#pdf.layout.lastSectionOffset };
    return new PdfDict(kept).with({
      Size: this.#nextNumber,
      ID: canName ? [first ?? second, second] : id,
      ...links,
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
    if (this.#places.size === 0)
      await this.#write(this.#kids ? NEW_HEADER : await lineEndAfter(this.#pdf, this.#offset));
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

/** The line end that a file lacks at its end, if it does. */
async function lineEndAfter(pdf: PdfFile, endOffset: number): Promise<string> {
  const [last] = await pdf.readBytes(pdf.originBytes + endOffset - 1, 1);
  return last === 10 || last === 13 ? '' : '\n';
}
