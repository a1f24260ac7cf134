import { PageError } from '../core/errors.ts';
import { DEFAULT_BOX } from './page-geometry.ts';
import type { PdfFile, PdfPage } from './pdf-file.ts';
import { PdfDict, PdfName, type PdfRef, type PdfValue } from './pdf-value.ts';

/** What writes objects. */
interface ObjectWriter {
  allocate(): PdfRef;
  has(ref: PdfRef): boolean;
  writeObject(ref: PdfRef, value: PdfValue): Promise<void>;
}

/** The pages of a repaired file under a new page tree of one level: the old one may be damaged, or lie in lost objects. */
export class PageKids {
  /** The root of the new tree. */
  readonly tree: PdfRef;
  readonly #pdf: PdfFile;
  /** The object of each page, in order. A page that the old tree named twice has an object for each place. */
  readonly #refs: readonly PdfRef[];
  readonly #numbers: ReadonlyMap<number, number>;

  private constructor(pdf: PdfFile, tree: PdfRef, refs: readonly PdfRef[]) {
    this.#pdf = pdf;
    this.tree = tree;
    this.#refs = refs;
    this.#numbers = new Map(refs.map((ref, index) => [ref.num, index + 1]));
  }

  static async of(pdf: PdfFile, writer: Pick<ObjectWriter, 'allocate'>): Promise<PageKids> {
    const tree = writer.allocate();
    const refs: PdfRef[] = [];
    const taken = new Set<number>();
    for (let pageNumber = 1; pageNumber <= pdf.pageCount; pageNumber++) {
      const own = pdf.pageRef(pageNumber);
      const ref = own && !taken.has(own.num) ? own : writer.allocate();
      taken.add(ref.num);
      refs.push(ref);
    }
    return new PageKids(pdf, tree, refs);
  }

  /** A page's dictionary with all that it had from the old tree; `undefined` where the object is no page. */
  async complete(ref: PdfRef, dict: PdfDict): Promise<PdfDict | undefined> {
    const pageNumber = this.#numbers.get(ref.num);
    if (pageNumber === undefined) return undefined;
    const page = await this.#page(pageNumber);
    const inherited: Record<string, PdfValue> = page
      ? {
          MediaBox: [...page.mediaBox],
          CropBox: [...page.cropBox],
          Rotate: page.rotateDeg,
          Resources: dict.get('Resources') ?? page.rawResources ?? new PdfDict(),
        }
      : { MediaBox: [...DEFAULT_BOX], Resources: new PdfDict() };
    return dict.with({ ...inherited, Type: new PdfName('Page'), Parent: this.tree });
  }

  /** Writes the pages that were not written yet, and the tree. */
  async writeRest(writer: ObjectWriter): Promise<void> {
    for (const [index, ref] of this.#refs.entries()) {
      if (writer.has(ref)) continue;
      await writer.writeObject(ref, (await this.#page(index + 1))?.dict ?? new PdfDict());
    }
    const entries = [
      ['Type', new PdfName('Pages')],
      ['Kids', this.#refs],
      ['Count', this.#refs.length],
    ] as const;
    await writer.writeObject(this.tree, new PdfDict(entries));
  }

  /** `undefined` where nothing of the page is left but its place. */
  #page(pageNumber: number): Promise<PdfPage | undefined> {
    return this.#pdf.page(pageNumber).catch((error: unknown) => {
      if (error instanceof PageError) return undefined;
      throw error;
    });
  }
}
