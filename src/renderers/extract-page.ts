import type { PdfFile, PdfPage } from '../pdf/pdf-file.ts';
import { isPdfArray, PdfDict, PdfName, PdfRef, PdfStream, type PdfValue } from '../pdf/pdf-value.ts';
import { writeValue } from '../pdf/write-value.ts';
import type { PageContent } from './page-content.ts';
import { writeSmallPdf, type SmallPdfObject } from './write-small-pdf.ts';

/** What one page may bring along. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_OBJECTS = 50_000;

/** What a page shows depends on these; other entries lead to the rest of the document. */
const PAGE_KEYS = ['Contents', 'Group'] as const;
const ANNOTATION_KEYS = new Set([
  'Type',
  'Subtype',
  'Rect',
  'F',
  'AP',
  'AS',
  'C',
  'IC',
  'QuadPoints',
  'InkList',
  'Vertices',
  'L',
  'BS',
  'Border',
  'CA',
]);
const MAX_ANNOTATIONS = 1000;

/** Of the page in the new file; the catalog and the page tree come before it. */
const PAGE_NUMBER = 3;

/**
 * Makes a PDF of one page alone, deciphered and with sound cross-references: pdf.js can read that where damage or
 * encryption keeps it from reading the whole file.
 * @returns `undefined` where the page brings too much along.
 */
export async function extractPage(
  pdf: PdfFile,
  page: PdfPage,
  content: PageContent,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const copier = new Copier(pdf);
  const catalog = await pdf.get(pdf.trailer, 'Root');
  const layers = catalog instanceof PdfDict ? catalog.get('OCProperties') : undefined;
  const entries: [string, PdfValue][] = [
    ['Type', new PdfName('Page')],
    ['Parent', new PdfRef(2, 0)],
    ['MediaBox', page.cropBox],
    ['Rotate', page.rotateDeg],
    ['UserUnit', page.userUnit],
    ['Resources', copier.renumber(await selectResources(pdf, page, content))],
  ];
  for (const key of PAGE_KEYS) {
    const value = page.dict.get(key);
    if (value !== undefined) entries.push([key, copier.renumber(value)]);
  }
  entries.push(['Annots', copier.renumber(await readAnnotations(pdf, page))]);
  const catalogHead = writeValue(
    new PdfDict([
      ['Type', new PdfName('Catalog')],
      ['Pages', new PdfRef(2, 0)],
      ['OCProperties', copier.renumber(layers ?? null)],
    ]),
  );
  const copied = await copier.copyAll();
  if (!copied) return undefined;
  return writeSmallPdf([
    { head: catalogHead },
    { head: `<</Type/Pages/Count 1/Kids[${PAGE_NUMBER} 0 R]>>` },
    { head: writeValue(new PdfDict(entries)) },
    ...copied,
  ]);
}

/** The page's resources without the images and forms of other pages: some files list those of all pages for each. */
async function selectResources(pdf: PdfFile, page: PdfPage, content: PageContent): Promise<PdfDict> {
  const objects = await pdf.get(page.resources, 'XObject');
  if (!content.isComplete || !(objects instanceof PdfDict)) return page.resources;
  const placed = [...objects.entries].filter(([name]) => content.placedObjects.has(name));
  return page.resources.with({ XObject: new PdfDict(placed) });
}

/** The page's annotations without what leads elsewhere. */
async function readAnnotations(pdf: PdfFile, page: PdfPage): Promise<PdfValue[]> {
  const list = await pdf.get(page.dict, 'Annots');
  const annotations: PdfValue[] = [];
  for (const item of isPdfArray(list) ? list.slice(0, MAX_ANNOTATIONS) : []) {
    const value = await pdf.resolve(item);
    if (value instanceof PdfDict)
      annotations.push(new PdfDict([...value.entries].filter(([key]) => ANNOTATION_KEYS.has(key))));
  }
  return annotations;
}

/** Copies objects under new numbers, and all they refer to. */
class Copier {
  readonly #pdf: PdfFile;
  readonly #numbers = new Map<string, number>();
  readonly #waiting: PdfRef[] = [];

  constructor(pdf: PdfFile) {
    this.#pdf = pdf;
  }

  /** The value with the new numbers in its references, whose objects are copied later. */
  renumber(value: PdfValue): PdfValue {
    if (value instanceof PdfRef) return new PdfRef(this.#numberOf(value), 0);
    if (isPdfArray(value)) return value.map((item) => this.renumber(item));
    if (value instanceof PdfDict)
      return new PdfDict([...value.entries].map(([key, item]) => [key, this.renumber(item)] as const));
    // Streams are objects of their own; one that stands elsewhere is damage.
    return value instanceof PdfStream ? null : value;
  }

  /** Copies what was referred to, in order; `undefined` where it is too much. */
  async copyAll(): Promise<SmallPdfObject[] | undefined> {
    const objects: SmallPdfObject[] = [];
    let bytes = 0;
    for (let ref = this.#waiting.shift(); ref; ref = this.#waiting.shift()) {
      const copy = await this.#copy(await this.#pdf.resolve(ref), MAX_BYTES - bytes);
      bytes += copy.head.length + (copy.stream?.length ?? 0);
      objects.push(copy);
      if (bytes > MAX_BYTES || objects.length > MAX_OBJECTS) return undefined;
    }
    return objects;
  }

  async #copy(value: PdfValue, maxBytes: number): Promise<SmallPdfObject> {
    if (!(value instanceof PdfStream)) return { head: writeValue(this.renumber(value)) };
    const stream = await this.#pdf.rawStream(value, maxBytes);
    const dict = new PdfDict([...value.dict.entries].filter(([key]) => key !== 'Length'));
    return { head: writeValue((this.renumber(dict) as PdfDict).with({ Length: stream.length })), stream };
  }

  #numberOf(ref: PdfRef): number {
    const key = `${ref.num} ${ref.gen}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = PAGE_NUMBER + 1 + this.#numbers.size;
    this.#numbers.set(key, number);
    this.#waiting.push(ref);
    return number;
  }
}
