import type { ByteSource } from './byte-source.ts';
import { decodeBytes, type FilterStep, listFilters } from './decode-stream.ts';
import type { FileCipher } from './file-cipher.ts';
import { OutputLimitError } from './flate-decode.ts';
import { PdfSyntaxError } from './byte-cursor.ts';
import { ObjectParser } from './object-parser.ts';
import { isName, isPdfArray, PdfDict, PdfRef, PdfStream, type PdfValue } from './pdf-value.ts';
import { readObjectAt } from './read-object.ts';
import { measureStream } from './stream-length.ts';
import type { XrefTable } from './xref-table.ts';

/** A value that is no reference; what a reference to nothing means is null. */
export type DirectValue = Exclude<PdfValue, PdfRef>;

const MAX_CACHED_OBJECTS = 512;
const MAX_REFERENCE_CHAIN = 16;
/** Writers put some 200 objects in one; this is for hostile ones. */
const MAX_CONTAINER_BYTES = 32 * 1024 * 1024;
const MAX_CACHED_CONTAINER_BYTES = 48 * 1024 * 1024;

interface Container {
  readonly bytes: Uint8Array;
  readonly numbers: readonly number[];
  /** Of each object, in `bytes`. */
  readonly offsets: readonly number[];
}

/** The objects of one file by number, with a small cache. Damaged objects are null and noted. */
export class ObjectStore {
  /** Absent for files that are not encrypted, and until the encryption dictionary has been read. */
  cipher: FileCipher | undefined;
  /** The encryption dictionary as it stands in the file: its own strings are not encrypted. */
  encryption: PdfDict | undefined;
  /** Whether something was met that the cross-references describe wrongly. */
  isDamaged = false;
  readonly source: ByteSource;
  readonly table: XrefTable;
  readonly #objects = new Map<number, PdfValue>();
  readonly #containers = new Map<number, Container>();
  readonly #opening = new Set<number>();

  constructor(source: ByteSource, table: XrefTable) {
    this.source = source;
    this.table = table;
  }

  /** Follows references; null where they lead nowhere. */
  async resolve(value: PdfValue | undefined): Promise<DirectValue> {
    let current = value ?? null;
    for (let i = 0; i < MAX_REFERENCE_CHAIN; i++) {
      if (!(current instanceof PdfRef)) return current;
      current = await this.#load(current.num);
    }
    return null;
  }

  /** Drops what was read before the cipher was known. */
  forgetObjects(): void {
    this.#objects.clear();
    this.#containers.clear();
  }

  /** How many bytes of a stream are stored, whatever its dictionary says. */
  async measure(stream: PdfStream): Promise<number> {
    const declared = await this.resolve(stream.dict.get('Length'));
    return measureStream(this.source, stream.dataOffset, typeof declared === 'number' ? declared : undefined);
  }

  /** Whether a stream goes on to the end of the file, where at least its closing word should be. */
  async isCutOff(stream: PdfStream): Promise<boolean> {
    return stream.dataOffset + (await this.measure(stream)) >= this.source.sizeBytes;
  }

  /** The bytes of a stream as they are stored, deciphered. @throws {OutputLimitError} there are more than `maxBytes`. */
  async readRaw(stream: PdfStream, maxBytes: number): Promise<Uint8Array> {
    const lengthBytes = await this.measure(stream);
    if (lengthBytes > maxBytes) throw new OutputLimitError('limit');
    const bytes = await this.source.read(stream.dataOffset, lengthBytes);
    if (!this.cipher || isName(stream.dict.get('Type'), 'XRef')) return bytes;
    // A Crypt filter without a name, or named Identity, says that this stream is not encrypted.
    const [first] = await this.filtersOf(stream.dict);
    const named = first?.name === 'Crypt' ? first.parms.get('Name') : undefined;
    const isPlain = first?.name === 'Crypt' && (named === undefined || isName(named, 'Identity'));
    return isPlain ? bytes : this.cipher.decryptStream(bytes, stream.ref);
  }

  /** The filters of a stream in the order they are undone. @throws {PdfSyntaxError} there are too many. */
  async filtersOf(dict: PdfDict): Promise<readonly FilterStep[]> {
    const filter = await this.#resolveItems(dict.get('Filter') ?? dict.get('F'));
    const parms = await this.#resolveItems(dict.get('DecodeParms') ?? dict.get('DP'));
    const steps = listFilters(filter, parms);
    return Promise.all(steps.map(async ({ name, parms }) => ({ name, parms: await this.#resolveParms(parms) })));
  }

  /** Adds what object streams hold, where the table has nothing newer. For tables that were rebuilt. */
  async indexContainers(containers: readonly number[]): Promise<void> {
    const placed = containers.flatMap((num) => {
      const place = this.table.place(num);
      return place?.kind === 'plain' ? [{ num, offset: place.offset }] : [];
    });
    for (const { num, offset } of placed.sort((a, b) => a.offset - b.offset)) {
      const container = await this.#openContainer(num);
      for (const [index, inner] of (container?.numbers ?? []).entries()) {
        const known = this.table.place(inner);
        const holder = known?.kind === 'packed' ? this.table.place(known.container) : known;
        if (holder?.kind === 'plain' && holder.offset > offset) continue;
        this.table.forget(inner);
        this.table.setPacked(inner, num, index);
      }
    }
    this.#objects.clear();
  }

  async #resolveItems(value: PdfValue | undefined): Promise<PdfValue> {
    const direct = await this.resolve(value);
    if (!isPdfArray(direct)) return direct;
    return Promise.all(direct.slice(0, 64).map((item) => this.resolve(item)));
  }

  async #resolveParms(parms: PdfDict): Promise<PdfDict> {
    const entries = [...parms.entries].map(
      async ([key, value]) => [key, key === 'JBIG2Globals' ? value : await this.resolve(value)] as const,
    );
    return new PdfDict(await Promise.all(entries));
  }

  async #load(num: number): Promise<PdfValue> {
    const cached = this.#objects.get(num);
    if (cached !== undefined) return cached;
    const value = await this.#read(num);
    this.#objects.set(num, value);
    if (this.#objects.size > MAX_CACHED_OBJECTS) {
      const [oldest] = this.#objects.keys();
      if (oldest !== undefined) this.#objects.delete(oldest);
    }
    return value;
  }

  async #read(num: number): Promise<PdfValue> {
    const place = this.table.place(num);
    if (!place) return null;
    try {
      if (place.kind === 'packed') return await this.#readPacked(num, place.container, place.index);
      const cipher = this.cipher;
      const decrypt = cipher && ((bytes: Uint8Array, ref: PdfRef): Uint8Array => cipher.decryptString(bytes, ref));
      const { ref, value } = await readObjectAt(this.source, place.offset, decrypt);
      if (ref.num === num) return value;
    } catch (error) {
      if (!(error instanceof PdfSyntaxError)) throw error;
    }
    this.isDamaged = true;
    return null;
  }

  async #readPacked(num: number, containerNum: number, index: number): Promise<PdfValue> {
    const container = await this.#openContainer(containerNum);
    if (!container) throw new PdfSyntaxError('no object stream');
    const at = container.numbers[index] === num ? index : container.numbers.indexOf(num);
    const position = container.offsets[at];
    if (position === undefined) throw new PdfSyntaxError('object stream without the object');
    return new ObjectParser(container.bytes, { references: true, complete: true, position }).readValue();
  }

  async #openContainer(num: number): Promise<Container | undefined> {
    const cached = this.#containers.get(num);
    if (cached) return cached;
    // An object stream whose own parts lie in itself would never open.
    if (this.#opening.has(num)) return undefined;
    this.#opening.add(num);
    try {
      const place = this.table.place(num);
      const stream = place?.kind === 'plain' ? await this.#load(num) : null;
      if (!(stream instanceof PdfStream)) return undefined;
      const container = await this.#decodeContainer(stream);
      this.#containers.set(num, container);
      this.#trimContainers();
      return container;
    } catch (error) {
      if (error instanceof PdfSyntaxError || error instanceof OutputLimitError) return undefined;
      throw error;
    } finally {
      this.#opening.delete(num);
    }
  }

  async #decodeContainer(stream: PdfStream): Promise<Container> {
    const count = await this.resolve(stream.dict.get('N'));
    const first = await this.resolve(stream.dict.get('First'));
    if (typeof count !== 'number' || typeof first !== 'number') throw new PdfSyntaxError('bad object stream');
    const raw = await this.readRaw(stream, MAX_CONTAINER_BYTES);
    const { bytes } = await decodeBytes(raw, await this.filtersOf(stream.dict), MAX_CONTAINER_BYTES);
    const parser = new ObjectParser(bytes, { references: false, complete: true });
    const numbers: number[] = [];
    const offsets: number[] = [];
    for (let i = 0; i < count; i++) {
      const num = parser.readInteger();
      const offset = parser.readInteger();
      if (num === undefined || offset === undefined) break;
      numbers.push(num);
      offsets.push(first + offset);
    }
    return { bytes, numbers, offsets };
  }

  #trimContainers(): void {
    let total = 0;
    for (const { bytes } of this.#containers.values()) total += bytes.length;
    for (const [num, { bytes }] of this.#containers) {
      if (total <= MAX_CACHED_CONTAINER_BYTES || this.#containers.size === 1) return;
      this.#containers.delete(num);
      total -= bytes.length;
    }
  }
}
