import type { PdfFile, PdfPage } from '../pdf/pdf-file.ts';
import { isName, isPdfArray, PdfDict } from '../pdf/pdf-value.ts';

const MAX_ANNOTATIONS = 1000;

/** Annotation flags: hidden, and not to be shown on screen (ISO 32000-1, table 165). */
const HIDDEN_FLAGS = 0x02 | 0x20;

/** Kinds that put nothing on the page unless they bring an appearance. */
const BARE_KINDS = new Set(['Link', 'Popup', 'Text', 'FileAttachment']);

/** Whether a page has annotations that a viewer shows on it: stamps, highlights, filled-in forms. */
export async function hasVisibleAnnotations(pdf: PdfFile, page: PdfPage): Promise<boolean> {
  const list = await pdf.get(page.dict, 'Annots');
  if (!isPdfArray(list)) return false;
  if (list.length > MAX_ANNOTATIONS) return true;
  for (const item of list) {
    const annotation = await pdf.resolve(item);
    if (!(annotation instanceof PdfDict)) continue;
    const flags = await pdf.get(annotation, 'F');
    if (typeof flags === 'number' && (flags & HIDDEN_FLAGS) !== 0) continue;
    const kind = await pdf.get(annotation, 'Subtype');
    if (isName(kind, 'Popup')) continue;
    const isBare = isName(kind) && BARE_KINDS.has(kind.name);
    if (!isBare || (await pdf.get(annotation, 'AP')) instanceof PdfDict) return true;
  }
  return false;
}
