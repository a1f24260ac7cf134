import { compose } from '../core/geometry.ts';
import { readContent, type ContentOperation } from '../pdf/content-stream.ts';
import type { PdfFile, PdfPage } from '../pdf/pdf-file.ts';
import { isName, isPdfArray, PdfDict, PdfStream, PdfString, type PdfValue } from '../pdf/pdf-value.ts';
import {
  afterOperator,
  clipTo,
  INITIAL_STATE,
  isTextVisible,
  matrixOf,
  PathOutline,
  type GraphicsState,
} from './graphics-state.ts';
import type { ImageMark, PageContent, PageMark } from './page-content.ts';

/** Content streams of a page and its forms, unpacked. Real pages have a few megabytes at most. */
const MAX_CONTENT_BYTES = 32 * 1024 * 1024;
const MAX_OPERATIONS = 2_000_000;
const MAX_MARKS = 100_000;
const MAX_FORM_DEPTH = 16;
const MAX_STATE_DEPTH = 512;

const PAINT_OPERATORS = new Set(['S', 's', 'f', 'F', 'f*', 'B', 'B*', 'b', 'b*', 'sh']);
const PATH_OPERATORS = new Set(['m', 'l', 'c', 'v', 'y', 're', 'h']);
const TEXT_OPERATORS = new Set(['Tj', 'TJ', "'", '"']);

/** Looks through a page's content, forms included, without drawing or decoding images. Damage makes it incomplete. */
export async function readPageContent(pdf: PdfFile, page: PdfPage): Promise<PageContent> {
  const reader = new ContentReader(pdf);
  await reader.readPage(page);
  return { marks: reader.marks, isComplete: reader.isComplete };
}

interface Scope {
  readonly resources: PdfDict;
  readonly depth: number;
  state: GraphicsState;
  readonly saved: GraphicsState[];
  readonly path: PathOutline;
  isClipping: boolean;
  /** For each open marked-content sequence, whether it is optional. */
  readonly optional: boolean[];
}

class ContentReader {
  readonly marks: PageMark[] = [];
  isComplete = true;
  readonly #pdf: PdfFile;
  readonly #openForms = new Set<string>();
  #bytesLeft = MAX_CONTENT_BYTES;
  #operationsLeft = MAX_OPERATIONS;

  constructor(pdf: PdfFile) {
    this.#pdf = pdf;
  }

  async readPage(page: PdfPage): Promise<void> {
    const scope = openScope(page.resources, 0, INITIAL_STATE, []);
    for (const stream of await this.#pdf.contentsOf(page)) await this.#readStream(stream, scope);
  }

  async #readStream(stream: PdfStream, scope: Scope): Promise<void> {
    const bytes = await this.#decode(stream);
    if (!bytes) return;
    this.#bytesLeft -= bytes.length;
    for (const operation of readContent(bytes)) {
      if (--this.#operationsLeft < 0 || this.marks.length > MAX_MARKS) {
        this.isComplete = false;
        return;
      }
      if (!this.#readSimple(operation, scope)) await this.#readComplex(operation, scope);
    }
  }

  async #decode(stream: PdfStream): Promise<Uint8Array | undefined> {
    try {
      const options = { maxBytes: Math.max(1, this.#bytesLeft), stopAtImageFilter: false };
      return (await this.#pdf.decodeStream(stream, options)).bytes;
    } catch {
      // Whatever is wrong with it: drawing the page decides what can be seen.
      this.isComplete = false;
      return undefined;
    }
  }

  /** Handles what needs no other object of the file; answers whether that was so. */
  #readSimple({ op, args }: ContentOperation, scope: Scope): boolean {
    if (PATH_OPERATORS.has(op)) scope.path.add(op, args, scope.state.matrix);
    else if (TEXT_OPERATORS.has(op)) this.#addText(args, scope.state);
    else if (op === 'W' || op === 'W*') scope.isClipping = true;
    else if (op === 'n' || PAINT_OPERATORS.has(op)) this.#endPath(op, scope);
    else if (op === 'q') {
      if (scope.saved.length < MAX_STATE_DEPTH) scope.saved.push(scope.state);
      else this.isComplete = false;
    } else if (op === 'Q') scope.state = scope.saved.pop() ?? scope.state;
    else if (op === 'EMC') scope.optional.pop();
    else if (op === 'BMC' || op === 'BDC') scope.optional.push(isName(args[0], 'OC'));
    else if (op === 'EI') this.#addImage(undefined, scope, false, false);
    else if (op === 'gs' || op === 'Do' || op === 'Tf') return false;
    else scope.state = afterOperator(scope.state, op, args);
    return true;
  }

  async #readComplex({ op, args }: ContentOperation, scope: Scope): Promise<void> {
    const [name] = args;
    if (!isName(name)) return;
    const category = op === 'Do' ? 'XObject' : op === 'gs' ? 'ExtGState' : 'Font';
    const group = await this.#pdf.get(scope.resources, category);
    const value = group instanceof PdfDict ? await this.#pdf.get(group, name.name) : null;
    if (op === 'Do') {
      if (value instanceof PdfStream) await this.#placeObject(value, scope);
    } else if (value instanceof PdfDict) {
      if (op === 'gs') scope.state = await this.#applyParameters(scope.state, value);
      else {
        const isComposite = isName(await this.#pdf.get(value, 'Subtype'), 'Type0');
        scope.state = { ...scope.state, glyphBytes: isComposite ? 2 : 1 };
      }
    }
  }

  #endPath(op: string, scope: Scope): void {
    const isPainted = op === 'sh' || (op !== 'n' && !scope.path.isEmpty);
    const isBlankGround = this.marks.length === 0 && scope.state.fill === 'white' && /^[fF]/u.test(op);
    if (isPainted && !isBlankGround && !scope.state.isTransparent && this.marks.at(-1)?.kind !== 'paint') {
      this.marks.push({ kind: 'paint' });
    }
    if (op === 'sh') return;
    if (scope.isClipping) scope.state = clipTo(scope.state, scope.path);
    scope.isClipping = false;
    scope.path.clear();
  }

  #addText(args: readonly PdfValue[], state: GraphicsState): void {
    const glyphCount = Math.ceil(countBytes(args.at(-1)) / state.glyphBytes);
    if (glyphCount === 0) return;
    const isVisible = isTextVisible(state);
    const last = this.marks.at(-1);
    if (last?.kind === 'text' && last.isVisible === isVisible) {
      this.marks[this.marks.length - 1] = { ...last, glyphCount: last.glyphCount + glyphCount };
    } else this.marks.push({ kind: 'text', isVisible, glyphCount });
  }

  async #placeObject(object: PdfStream, scope: Scope): Promise<void> {
    const subtype = await this.#pdf.get(object.dict, 'Subtype');
    const isOptional = object.dict.get('OC') !== undefined;
    if (isName(subtype, 'Form')) await this.#readForm(object, scope, isOptional);
    else if (isName(subtype, 'Image')) {
      const hasMask = ['Mask', 'SMask'].some((key) => (object.dict.get(key) ?? null) !== null);
      const isStencil = (await this.#pdf.get(object.dict, 'ImageMask')) === true;
      this.#addImage(object, scope, !hasMask && !isOptional, isStencil);
    }
  }

  #addImage(stream: PdfStream | undefined, scope: Scope, isPlain: boolean, isStencil: boolean): void {
    const { state } = scope;
    if (state.isTransparent) return;
    const isUnmixed = isPlain && state.isOpaque && !state.isClipComplex && !scope.optional.includes(true);
    const mark: ImageMark = {
      kind: 'image',
      stream,
      matrix: state.matrix,
      clip: state.clip,
      isOpaque: isUnmixed && !isStencil,
      isBlackStencil: isUnmixed && isStencil && state.fill === 'black',
    };
    this.marks.push(mark);
  }

  async #readForm(form: PdfStream, scope: Scope, isOptional: boolean): Promise<void> {
    const key = `${form.ref.num} ${form.ref.gen}`;
    if (scope.depth >= MAX_FORM_DEPTH || this.#openForms.has(key)) {
      this.isComplete = false;
      return;
    }
    const matrix = matrixOf(await this.#numbersOf(form.dict, 'Matrix'));
    const resources = await this.#pdf.get(form.dict, 'Resources');
    const state = matrix ? { ...scope.state, matrix: compose(matrix, scope.state.matrix) } : scope.state;
    const inner = openScope(
      resources instanceof PdfDict ? resources : scope.resources,
      scope.depth + 1,
      await this.#clipToForm(form, state),
      [isOptional || scope.optional.includes(true)],
    );
    this.#openForms.add(key);
    try {
      await this.#readStream(form, inner);
    } finally {
      this.#openForms.delete(key);
    }
  }

  async #clipToForm(form: PdfStream, state: GraphicsState): Promise<GraphicsState> {
    const [x1, y1, x2, y2] = await this.#numbersOf(form.dict, 'BBox');
    if (typeof x1 !== 'number' || typeof y1 !== 'number' || typeof x2 !== 'number' || typeof y2 !== 'number') return state;
    const outline = new PathOutline();
    outline.add('re', [x1, y1, x2 - x1, y2 - y1], state.matrix);
    return clipTo(state, outline);
  }

  /** The state after `gs`: only what makes marks see-through matters. */
  async #applyParameters(state: GraphicsState, parameters: PdfDict): Promise<GraphicsState> {
    const alpha = await this.#pdf.get(parameters, 'ca');
    const mask = await this.#pdf.get(parameters, 'SMask');
    const blend = await this.#pdf.get(parameters, 'BM');
    const mode = isPdfArray(blend) ? await this.#pdf.resolve(blend[0]) : blend;
    const isSolid =
      (alpha === null || alpha === 1) &&
      (mask === null || isName(mask, 'None')) &&
      (mode === null || isName(mode, 'Normal') || isName(mode, 'Compatible'));
    const isReset = alpha === 1 && isSolid;
    return {
      ...state,
      // Left see-through until a state says otherwise in full: drawing such a page is never wrong.
      isOpaque: isSolid && (state.isOpaque || isReset),
      isTransparent: alpha === null ? state.isTransparent : alpha === 0,
    };
  }

  async #numbersOf(dict: PdfDict, key: string): Promise<PdfValue[]> {
    const array = await this.#pdf.get(dict, key);
    return isPdfArray(array) ? Promise.all(array.slice(0, 6).map((item) => this.#pdf.resolve(item))) : [];
  }
}

function openScope(resources: PdfDict, depth: number, state: GraphicsState, optional: boolean[]): Scope {
  return { resources, depth, state, saved: [], path: new PathOutline(), isClipping: false, optional };
}

function countBytes(value: PdfValue | undefined): number {
  if (value instanceof PdfString) return value.bytes.length;
  if (!isPdfArray(value)) return 0;
  return value.reduce<number>((sum, item) => sum + (item instanceof PdfString ? item.bytes.length : 0), 0);
}
