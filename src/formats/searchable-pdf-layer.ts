import { RESULT_MARK } from '../core/not-a-scan.ts';
import type { PageResult } from '../core/page.ts';
import type { IncrementalUpdate } from '../pdf/incremental-update.ts';
import type { PdfFile, PdfPage } from '../pdf/pdf-file.ts';
import { isPdfArray, PdfDict, PdfRef, PdfStream, type PdfValue } from '../pdf/pdf-value.ts';
import { removeOldText, type RewrittenPage } from './searchable-pdf-old-text.ts';
import { TextEncoder16, writeFont } from './searchable-pdf-font.ts';
import { writeTextContent } from './searchable-pdf-text.ts';

/** Adds the words of pages to a PDF as an update of it. */
export class TextLayerWriter {
  readonly #pdf: PdfFile;
  readonly #update: IncrementalUpdate;
  readonly #encoder = new TextEncoder16();
  /** Our copies of resources that pages share: by object number, or by the dictionary in the page tree. */
  readonly #sharedResources = new Map<number | PdfValue, PdfRef>();
  /** Pages that were changed; a page tree may name one twice. */
  readonly #changed = new Set<number>();
  #font: PdfRef | undefined;

  constructor(pdf: PdfFile, update: IncrementalUpdate) {
    this.#pdf = pdf;
    this.#update = update;
  }

  /**
   * Adds a page's words if it was read, after taking out the text of an earlier OCR where the result asks for it. Pages
   * that are blank, failed or keep their text stay as they are.
   * @throws {PageError} the PDF has no such page.
   */
  async addPage(result: PageResult): Promise<void> {
    const isRead = result.state === 'done' || (result.state === 'blank' && result.replacesText === true);
    if (!isRead) return;
    const page = await this.#pdf.page(result.pageNumber);
    const ref = page.ref;
    if (!ref || this.#changed.has(ref.num)) return;
    const fontName = freeName(await this.#fontsOf(page.resources));
    const text = writeTextContent(result, fontName, (word) => this.#encoder.encode(word));
    const rewritten = result.replacesText ? await removeOldText(this.#pdf, this.#update, page) : undefined;
    if (text === undefined && !rewritten) return;
    this.#changed.add(ref.num);
    const contents = [...(await this.#writeText(text)), ...(await this.#oldContents(page, rewritten))];
    const resources = await this.#resourcesFor(page, rewritten, text === undefined ? undefined : fontName);
    await this.#update.writeObject(ref, page.dict.with({ Contents: contents, Resources: resources }));
  }

  /** Writes what all pages share, and ends the update. A sound file that needs no change gets none. */
  async finish(): Promise<void> {
    if (this.#font) await writeFont(this.#update, this.#font, this.#encoder);
    if (this.#changed.size > 0 || this.#update.isNewFile) await this.#update.finish(RESULT_MARK);
  }

  async #writeText(text: string | undefined): Promise<PdfRef[]> {
    if (text === undefined) return [];
    const ref = this.#update.allocate();
    await this.#update.writeStream(ref, new PdfDict(), Buffer.from(text, 'latin1'));
    return [ref];
  }

  /** The streams that were there: as one stream of ours where they were rewritten. */
  async #oldContents(page: PdfPage, rewritten: RewrittenPage | undefined): Promise<PdfValue[]> {
    if (rewritten) {
      const ref = this.#update.allocate();
      await this.#update.writeStream(ref, new PdfDict(), rewritten.contents);
      return [ref];
    }
    const contents = page.dict.get('Contents');
    const direct = await this.#pdf.resolve(contents);
    if (direct === null) return [];
    if (!isPdfArray(direct)) return direct instanceof PdfStream && contents ? [contents] : [];
    const kept: PdfValue[] = [];
    // References to nothing would be reported once for each reader that meets them.
    for (const item of direct) if ((await this.#pdf.resolve(item)) instanceof PdfStream) kept.push(item);
    return kept;
  }

  async #resourcesFor(
    page: PdfPage,
    rewritten: RewrittenPage | undefined,
    fontName: string | undefined,
  ): Promise<PdfValue | undefined> {
    const changes: Record<string, PdfValue> = rewritten?.xObjects ? { XObject: rewritten.xObjects } : {};
    if (fontName !== undefined) {
      this.#font ??= this.#update.allocate();
      changes['Font'] = (await this.#fontsOf(page.resources)).with({ [fontName]: this.#font });
    }
    if (Object.keys(changes).length === 0) return page.dict.get('Resources');
    const own = page.resources.with(changes);
    const raw = page.rawResources;
    const isOwn = raw === undefined || rewritten !== undefined || raw === page.dict.get('Resources');
    if (isOwn && !(raw instanceof PdfRef && !rewritten)) return own;
    const key = raw instanceof PdfRef ? raw.num : (raw ?? null);
    const known = this.#sharedResources.get(key);
    if (known) return known;
    const ref = this.#update.allocate();
    await this.#update.writeObject(ref, own);
    this.#sharedResources.set(key, ref);
    return ref;
  }

  async #fontsOf(resources: PdfDict): Promise<PdfDict> {
    const fonts = await this.#pdf.get(resources, 'Font');
    return fonts instanceof PdfDict ? fonts : new PdfDict();
  }
}

function freeName(fonts: PdfDict): string {
  let name = 'OcrText';
  for (let n = 2; fonts.get(name) !== undefined; n++) name = `OcrText${n}`;
  return name;
}
