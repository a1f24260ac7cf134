/**
 * A PDF read by ranges, in memory that does not grow with the file.
 *
 *   const pdf = await PdfFile.open(path);
 *   try {
 *     const page = await pdf.page(1);                            // 1 to pdf.pageCount
 *     for (const stream of await pdf.contentsOf(page)) ...       // then decodeStream, readContent (content-stream.ts)
 *     const objects = await pdf.get(page.resources, 'XObject');  // an entry with references followed
 *     const image = await pdf.get(objects as PdfDict, 'Im0');    // a PdfStream: .dict, and by pdf:
 *     await pdf.rawStream(image);                                // as stored, deciphered
 *     await pdf.decodeStream(image, { maxBytes, stopAtImageFilter: true });
 *   } finally { await pdf.close(); }
 *
 * Values (pdf-value.ts) are null, booleans, numbers, arrays, PdfName, PdfString, PdfRef, PdfDict and PdfStream.
 */
import { DocumentError, PageError } from '../core/errors.ts';
import { ByteSource } from './byte-source.ts';
import { decodeBytes, type DecodedStream } from './decode-stream.ts';
import type { FileCipher } from './file-cipher.ts';
import { OutputLimitError } from './flate-decode.ts';
import { PdfSyntaxError } from './byte-cursor.ts';
import { type DirectValue } from './object-store.ts';
import { isPdfArray, PdfDict, PdfStream, type PdfRef, type PdfValue } from './pdf-value.ts';
import { type OpenedObjects, openObjects } from './open-objects.ts';
import { boxOf, cropTo, DEFAULT_BOX, rotationOf, type BoxPt } from './page-geometry.ts';

export interface PdfPage {
  /** 1-based. */
  readonly pageNumber: number;
  /** Absent where the page tree holds the dictionary itself. */
  readonly ref?: PdfRef | undefined;
  /** The page's own dictionary, without what it inherits. */
  readonly dict: PdfDict;
  /** Inherited where the page has none; empty where nobody has. */
  readonly resources: PdfDict;
  /** As they stand in the file, perhaps a reference; absent where nobody has them. */
  readonly rawResources?: PdfValue | undefined;
  readonly mediaBox: BoxPt;
  /** Within the media box. */
  readonly cropBox: BoxPt;
  /** Clockwise. */
  readonly rotateDeg: 0 | 90 | 180 | 270;
  /** Size of a unit of user space in 1/72 inch. */
  readonly userUnit: number;
}

export interface DecodeOptions {
  /** What may come out of each filter. */
  readonly maxBytes: number;
  /** Whether image formats are left as they are; otherwise they are an error. */
  readonly stopAtImageFilter: boolean;
}

/** The largest stream that is read at once. */
const MAX_STREAM_BYTES = 512 * 1024 * 1024;

/** An open PDF. Its methods may be called at once; `close` ends it. */
export class PdfFile {
  readonly #objects: OpenedObjects;

  private constructor(objects: OpenedObjects) {
    this.#objects = objects;
  }

  /**
   * Opens a file, repairing its cross-references where they are damaged.
   * @throws {DocumentError} `PDF_EMPTY`, `PDF_NOT_A_PDF`, `PDF_DAMAGED`, `PDF_ENCRYPTED`, `PDF_NO_PAGES`.
   */
  static async open(file: string): Promise<PdfFile> {
    const source = await ByteSource.open(file);
    try {
      return new PdfFile(await openObjects(source));
    } catch (error) {
      await source.close();
      if (error instanceof PdfSyntaxError) throw damaged({ cause: error });
      throw error;
    }
  }

  /** Pages that can be reached, whatever the file claims. */
  get pageCount(): number {
    return this.#objects.pages.length;
  }

  /** Whether the cross-references were damaged, and objects were found by reading the whole file. */
  get repaired(): boolean {
    return this.#objects.repaired;
  }

  /** Whether the file has no end: the rest of it is lost. */
  get isCut(): boolean {
    return this.#objects.isCut;
  }

  /** How many pages the file says it has; 0 where it does not say. */
  get statedPageCount(): number {
    return this.#objects.statedPageCount;
  }

  get trailer(): PdfDict {
    return this.#objects.store.table.trailer;
  }

  /** Present in encrypted files. */
  get cipher(): FileCipher | undefined {
    return this.#objects.store.cipher;
  }

  /** The encryption dictionary of an encrypted file, its strings as they stand. */
  get encryption(): PdfDict | undefined {
    return this.#objects.store.encryption;
  }

  /** What an update of the file needs to know of it. */
  get layout(): OpenedObjects['store']['table'] {
    return this.#objects.store.table;
  }

  /** Where offset 0 lies in the file: at its `%PDF` header, which junk may precede. */
  get originBytes(): number {
    return this.#objects.store.source.origin;
  }

  /** The object a page is; `undefined` where the page tree holds its dictionary itself. */
  pageRef(pageNumber: number): PdfRef | undefined {
    return this.#objects.pages[pageNumber - 1]?.ref;
  }

  /** The first page, by number, that is the same object as each page; undefined where none is listed twice. */
  get firstListings(): readonly number[] | undefined {
    const seen = new Map<string, { readonly inherited: unknown; readonly pageNumber: number }[]>();
    let isRepeated = false;
    const firsts = this.#objects.pages.map(({ ref, inherited }, index) => {
      if (!ref) return index + 1;
      const key = `${ref.num} ${ref.gen}`;
      // Below another node it may inherit something else.
      const first = seen.get(key)?.find((each) => each.inherited === inherited);
      if (first) {
        isRepeated = true;
        return first.pageNumber;
      }
      seen.set(key, [...(seen.get(key) ?? []), { inherited, pageNumber: index + 1 }]);
      return index + 1;
    });
    return isRepeated ? firsts : undefined;
  }

  /** @throws {PageError} `PAGE_DAMAGED`: there is no such page, or no dictionary where it should be. */
  async page(pageNumber: number): Promise<PdfPage> {
    const leaf = this.#objects.pages[pageNumber - 1];
    const dict = leaf ? (leaf.dict ?? (await this.resolve(leaf.ref))) : null;
    if (!leaf || !(dict instanceof PdfDict)) throw pageDamaged(`There is no readable page ${pageNumber} in the PDF.`);
    const raw = (key: keyof typeof leaf.inherited): PdfValue | undefined => dict.get(key) ?? leaf.inherited[key];
    const resources = await this.resolve(raw('Resources'));
    const mediaBox = boxOf(await this.#numbers(raw('MediaBox'))) ?? DEFAULT_BOX;
    const userUnit = await this.get(dict, 'UserUnit');
    return {
      pageNumber,
      ref: leaf.ref,
      dict,
      resources: resources instanceof PdfDict ? resources : new PdfDict(),
      rawResources: raw('Resources'),
      mediaBox,
      cropBox: cropTo(mediaBox, boxOf(await this.#numbers(raw('CropBox')))),
      rotateDeg: rotationOf(await this.resolve(raw('Rotate'))),
      userUnit: typeof userUnit === 'number' && userUnit > 0 ? userUnit : 1,
    };
  }

  /** Follows references; null where they lead nowhere or to something unreadable. */
  resolve(value: PdfValue | undefined): Promise<DirectValue> {
    return this.#objects.store.resolve(value);
  }

  /** An entry of a dictionary with references followed; null where it is missing. */
  get(dict: PdfDict, key: string): Promise<DirectValue> {
    return this.resolve(dict.get(key));
  }

  /** The streams of a page's contents in order; what is no stream is passed over. */
  async contentsOf(page: Pick<PdfPage, 'dict'>): Promise<PdfStream[]> {
    const contents = await this.get(page.dict, 'Contents');
    const streams: PdfStream[] = [];
    for (const item of isPdfArray(contents) ? contents.slice(0, 100_000) : [contents]) {
      const value = await this.resolve(item);
      if (value instanceof PdfStream) streams.push(value);
    }
    return streams;
  }

  /** A stream's bytes as they are stored, deciphered. @throws {PageError} `PAGE_TOO_LARGE`. */
  rawStream(stream: PdfStream, maxBytes = MAX_STREAM_BYTES): Promise<Uint8Array> {
    return asPageErrors(() => this.#objects.store.readRaw(stream, maxBytes));
  }

  /**
   * A stream's bytes with its filters undone; damaged compressed data gives what can be saved.
   * @throws {PageError} `PAGE_TOO_LARGE`: more than `maxBytes`; `PAGE_DAMAGED`: an unknown filter, or an image format.
   */
  decodeStream(stream: PdfStream, options: DecodeOptions): Promise<DecodedStream> {
    return asPageErrors(async () => {
      const raw = await this.#objects.store.readRaw(stream, MAX_STREAM_BYTES);
      const filters = await this.#objects.store.filtersOf(stream.dict);
      const decoded = await decodeBytes(raw, filters, options.maxBytes);
      if (decoded.remainingFilter && !options.stopAtImageFilter) throw new PdfSyntaxError('an image, not data');
      return (await this.#objects.store.isCutOff(stream))
        ? { ...decoded, damage: decoded.damage ?? { kind: 'cut' } }
        : decoded;
    });
  }

  /** Where a stream's bytes, as stored, lie from the start of the file, and whether its dictionary says how many they are. */
  async locateStream(stream: PdfStream): Promise<{ offset: number; lengthBytes: number; isAsDeclared: boolean }> {
    const { store } = this.#objects;
    const declared = await this.get(stream.dict, 'Length');
    const lengthBytes = await store.measure(stream);
    return { offset: store.source.origin + stream.dataOffset, lengthBytes, isAsDeclared: lengthBytes === declared };
  }

  /** Bytes of the file as they stand, offsets from the start of the file itself. */
  readBytes(offset: number, lengthBytes: number): Promise<Uint8Array> {
    const { source } = this.#objects.store;
    return source.from(-source.origin).read(offset, lengthBytes);
  }

  close(): Promise<void> {
    return this.#objects.store.source.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #numbers(value: PdfValue | undefined): Promise<readonly unknown[]> {
    const array = await this.resolve(value);
    return isPdfArray(array) ? Promise.all(array.slice(0, 4).map((item) => this.resolve(item))) : [];
  }
}

async function asPageErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OutputLimitError)
      throw new PageError(
        'PAGE_TOO_LARGE',
        'A part of the page unpacks to more than is allowed.',
        {},
        { cause: error },
      );
    if (error instanceof PdfSyntaxError) throw pageDamaged('A part of the page cannot be unpacked.', { cause: error });
    throw error;
  }
}

function pageDamaged(message: string, options?: ErrorOptions): PageError {
  return new PageError('PAGE_DAMAGED', message, {}, options);
}

function damaged(options: ErrorOptions): DocumentError {
  return new DocumentError(
    'PDF_DAMAGED',
    'The PDF is damaged and could not be repaired.',
    { safe: 'The other documents go on.', remedy: 'Get the file again, or save it anew with a PDF program.' },
    options,
  );
}
