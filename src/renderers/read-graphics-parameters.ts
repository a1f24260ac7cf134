import type { PdfFile } from '../pdf/pdf-file.ts';
import { isName, isPdfArray, type PdfDict, type PdfValue } from '../pdf/pdf-value.ts';
import { clipTo, PathOutline, type GraphicsState } from './graphics-state.ts';

/** The state after `gs` with these parameters: only what makes marks see-through matters. */
export async function applyParameters(pdf: PdfFile, state: GraphicsState, parameters: PdfDict): Promise<GraphicsState> {
  const alpha = await pdf.get(parameters, 'ca');
  const mask = await pdf.get(parameters, 'SMask');
  const blend = await pdf.get(parameters, 'BM');
  const mode = isPdfArray(blend) ? await pdf.resolve(blend[0]) : blend;
  const isSolid =
    (alpha === null || alpha === 1) &&
    (mask === null || isName(mask, 'None')) &&
    (mode === null || isName(mode, 'Normal') || isName(mode, 'Compatible'));
  return {
    ...state,
    // Left see-through until a state says otherwise in full: drawing such a page is never wrong.
    isOpaque: isSolid && (state.isOpaque || alpha === 1),
    isTransparent: alpha === null ? state.isTransparent : alpha === 0,
  };
}

/** Up to six numbers of an array entry; what is no number stays what it is. */
export async function readNumbers(pdf: PdfFile, dict: PdfDict, key: string): Promise<PdfValue[]> {
  const array = await pdf.get(dict, key);
  return isPdfArray(array) ? Promise.all(array.slice(0, 6).map((item) => pdf.resolve(item))) : [];
}

/** The state within a form: nothing shows outside its box. */
export async function clipToForm(pdf: PdfFile, state: GraphicsState, form: PdfDict): Promise<GraphicsState> {
  const [x1, y1, x2, y2] = await readNumbers(pdf, form, 'BBox');
  if (typeof x1 !== 'number' || typeof y1 !== 'number' || typeof x2 !== 'number' || typeof y2 !== 'number')
    return state;
  const outline = new PathOutline();
  outline.add('re', [x1, y1, x2 - x1, y2 - y1], state.matrix);
  return clipTo(state, outline);
}
