import { PageError } from '../core/errors.ts';
import type { IncrementalUpdate } from '../pdf/incremental-update.ts';
import type { PdfFile, PdfPage } from '../pdf/pdf-file.ts';
import { isName, PdfDict, PdfStream, type PdfRef } from '../pdf/pdf-value.ts';
import { stripInvisibleText } from '../pdf/strip-invisible-text.ts';

/** A page's content without the text of an earlier OCR. */
export interface RewrittenPage {
  readonly contents: Uint8Array;
  /** The page's XObjects where some of them were rewritten too. */
  readonly xObjects?: PdfDict | undefined;
}

/** Contents of scans are small, also with a layer of text; larger ones are left as they are. */
const MAX_CONTENT_BYTES = 64 * 1024 * 1024;
/** Forms within forms; OCR programs use one. */
const MAX_FORM_DEPTH = 4;
const MAX_FORMS = 256;

interface StripContext {
  readonly pdf: PdfFile;
  readonly update: IncrementalUpdate;
  /** Forms looked at on this page, with what replaces them if anything; those still being looked at end loops. */
  readonly forms: Map<number, PdfRef | undefined>;
}

/**
 * Rewrites a page without its invisible text, in forms it draws too; rewritten forms go to the update. `undefined` where
 * there is none, or where the content is too damaged or too large to be rewritten safely.
 */
export async function removeOldText(
  pdf: PdfFile,
  update: IncrementalUpdate,
  page: PdfPage,
): Promise<RewrittenPage | undefined> {
  const context: StripContext = { pdf, update, forms: new Map() };
  const contents = await orUndefined(() => joinContents(pdf, page));
  if (!contents) return undefined;
  const stripped = stripInvisibleText(contents, 0);
  const xObjects = await stripForms(context, page.resources, stripped.drawn, 0);
  return stripped.changed || xObjects ? { contents: stripped.bytes, xObjects } : undefined;
}

async function joinContents(pdf: PdfFile, page: PdfPage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const stream of await pdf.contentsOf(page)) {
    const maxBytes = MAX_CONTENT_BYTES - total;
    const { bytes } = await pdf.decodeStream(stream, { maxBytes, stopAtImageFilter: false });
    total += bytes.length + 1;
    // Tokens do not run from one stream into the next.
    parts.push(bytes, Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

/** The dictionary of XObjects with rewritten forms in it; `undefined` where no form changed. */
async function stripForms(
  context: StripContext,
  resources: PdfDict,
  drawn: ReadonlyMap<string, number>,
  depth: number,
): Promise<PdfDict | undefined> {
  const xObjects = await context.pdf.get(resources, 'XObject');
  if (!(xObjects instanceof PdfDict) || depth >= MAX_FORM_DEPTH) return undefined;
  const replaced: Record<string, PdfRef> = {};
  for (const [name, mode] of drawn) {
    const form = await context.pdf.resolve(xObjects.get(name));
    if (!(form instanceof PdfStream) || !isName(await context.pdf.get(form.dict, 'Subtype'), 'Form')) continue;
    const { num } = form.ref;
    if (!context.forms.has(num) && context.forms.size < MAX_FORMS) {
      context.forms.set(num, undefined);
      context.forms.set(num, await orUndefined(() => stripForm(context, form, mode, depth)));
    }
    const ref = context.forms.get(num);
    if (ref) replaced[name] = ref;
  }
  return Object.keys(replaced).length === 0 ? undefined : xObjects.with(replaced);
}

async function stripForm(
  context: StripContext,
  form: PdfStream,
  mode: number,
  depth: number,
): Promise<PdfRef | undefined> {
  const { bytes } = await context.pdf.decodeStream(form, { maxBytes: MAX_CONTENT_BYTES, stopAtImageFilter: false });
  const stripped = stripInvisibleText(bytes, mode);
  const resources = await context.pdf.get(form.dict, 'Resources');
  const inner =
    resources instanceof PdfDict ? await stripForms(context, resources, stripped.drawn, depth + 1) : undefined;
  if (!stripped.changed && !inner) return undefined;
  const ref = context.update.allocate();
  const own = inner && resources instanceof PdfDict ? { Resources: resources.with({ XObject: inner }) } : {};
  await context.update.writeStream(
    ref,
    form.dict.with({ ...own, F: undefined, FFilter: undefined, DP: undefined }),
    stripped.bytes,
  );
  return ref;
}

/** What cannot be unpacked is left as it is: better two layers of text than a page that fails for it. */
async function orUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PageError) return undefined;
    throw error;
  }
}
