import { PageError, PipelineError } from '../core/errors.ts';
import { compose } from '../core/geometry.ts';
import type { PageDamage } from '../core/page.ts';
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
import { applyParameters, clipToForm, readNumbers } from './read-graphics-parameters.ts';

/** Content streams of a page and its forms, unpacked. Real pages have a few megabytes at most. */
const MAX_CONTENT_BYTES = 64 * 1024 * 1024;
const MAX_OPERATIONS = 5_000_000;
const MAX_MARKS = 100_000;
const MAX_FORM_DEPTH = 16;
const MAX_STATE_DEPTH = 512;

/** Where resources of an operator are listed; those of `scn` among patterns. */
const CATEGORIES: Readonly<Record<string, string>> = { Do: 'XObject', gs: 'ExtGState', Tf: 'Font' };
const PAINT_OPERATORS = new Set(['S', 's', 'f', 'F', 'f*', 'B', 'B*', 'b', 'b*', 'sh']);
const PATH_OPERATORS = new Set(['m', 'l', 'c', 'v', 'y', 're', 'h']);
const TEXT_OPERATORS = new Set(['Tj', 'TJ', "'", '"']);

/** Looks through a page's content, forms included, without drawing or decoding images. Damage makes it incomplete. */
export async function readPageContent(pdf: PdfFile, page: PdfPage): Promise<PageContent> {
  const reader = new ContentReader(pdf, page);
  await reader.readPage();
  const { marks, isComplete, isLost, placedObjects, refusal } = reader;
  const damage = isLost ? [...reader.damage, { part: 'content', kind: 'missing' } as const] : reader.damage;
  return { marks, isComplete, isLost, damage, placedObjects, refusal };
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
  isLost = false;
  readonly damage: PageDamage[] = [];
  refusal: PageContent['refusal'];
  readonly placedObjects = new Set<string>();
  readonly #pdf: PdfFile;
  readonly #page: PdfPage;
  /** Forms and patterns being read, by object, with the kind of each. */
  readonly #open = new Map<string, 'form' | 'pattern'>();
  readonly #knownPatterns = new Set<string>();
  #bytesLeft = MAX_CONTENT_BYTES;
  #operationsLeft = MAX_OPERATIONS;

  constructor(pdf: PdfFile, page: PdfPage) {
    this.#pdf = pdf;
    this.#page = page;
  }

  async readPage(): Promise<void> {
    const page = this.#page;
    const scope = openScope(page.resources, 0, INITIAL_STATE, []);
    const streams = await this.#pdf.contentsOf(page);
    if (streams.length === 0) await this.#noteMissingContents();
    for (const stream of streams) await this.#readStream(stream, scope);
  }

  /** An empty list of streams is an empty page; a reference to nothing is a loss. */
  async #noteMissingContents(): Promise<void> {
    const { dict } = this.#page;
    const contents = await this.#pdf.get(dict, 'Contents');
    this.isLost = dict.get('Contents') !== undefined && !(isPdfArray(contents) && contents.length === 0);
  }

  async #readStream(stream: PdfStream, scope: Scope): Promise<void> {
    const bytes = await this.#decode(stream);
    if (!bytes) return;
    this.#bytesLeft -= bytes.length;
    for (const operation of readContent(bytes)) {
      if (--this.#operationsLeft < 0) this.refusal = 'TOO_MUCH';
      if (this.marks.length > MAX_MARKS) this.isComplete = false;
      if (this.refusal || this.marks.length > MAX_MARKS) return;
      if (!this.#readSimple(operation, scope)) await this.#readComplex(operation, scope);
    }
  }

  async #decode(stream: PdfStream): Promise<Uint8Array | undefined> {
    try {
      const options = { maxBytes: Math.max(1, this.#bytesLeft), stopAtImageFilter: false };
      const { bytes, damage } = await this.#pdf.decodeStream(stream, options);
      if (damage) this.damage.push({ part: 'content', ...damage });
      return bytes;
    } catch (error) {
      // A file that cannot be read says nothing of its pages.
      if (error instanceof PipelineError && error.scope !== 'page') throw error;
      if (error instanceof PageError && error.code === 'PAGE_TOO_LARGE') this.refusal = 'TOO_MUCH';
      // Whatever else is wrong with it: drawing the page decides what can be seen.
      this.isComplete = false;
      this.damage.push({ part: 'content', kind: 'corrupt' });
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
    else if (op === 'gs' || op === 'Do' || op === 'Tf' || (/^(?:scn|SCN)$/u.test(op) && isName(args.at(-1))))
      return false;
    else scope.state = afterOperator(scope.state, op, args);
    return true;
  }

  async #readComplex({ op, args }: ContentOperation, scope: Scope): Promise<void> {
    const name = op === 'Tf' ? args[0] : args.at(-1);
    if (!isName(name)) return;
    const category = CATEGORIES[op] ?? 'Pattern';
    const group = await this.#pdf.get(scope.resources, category);
    const value = group instanceof PdfDict ? await this.#pdf.get(group, name.name) : null;
    if (op === 'Do') {
      if (scope.resources === this.#page.resources) this.placedObjects.add(name.name);
      if (value instanceof PdfStream) await this.#placeObject(value, scope);
      else this.isLost = true;
    } else if (category === 'Pattern') {
      scope.state = afterOperator(scope.state, op, args);
      if (value instanceof PdfStream) await this.#readPattern(value, scope);
    } else if (value instanceof PdfDict) {
      if (op === 'gs') scope.state = await applyParameters(this.#pdf, scope.state, value);
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
    const matrix = matrixOf(await readNumbers(this.#pdf, form.dict, 'Matrix'));
    const resources = await this.#pdf.get(form.dict, 'Resources');
    const state = matrix ? { ...scope.state, matrix: compose(matrix, scope.state.matrix) } : scope.state;
    const inner = openScope(
      resources instanceof PdfDict ? resources : scope.resources,
      scope.depth + 1,
      await clipToForm(this.#pdf, state, form.dict),
      [isOptional || scope.optional.includes(true)],
    );
    await this.#enter(form, 'form', inner);
  }

  /** Reads a tiling pattern for what it might do to a viewer; what it paints counts with what is painted with it. */
  async #readPattern(pattern: PdfStream, scope: Scope): Promise<void> {
    const key = keyOf(pattern);
    if (this.#knownPatterns.has(key) && !this.#open.has(key)) return;
    this.#knownPatterns.add(key);
    const resources = await this.#pdf.get(pattern.dict, 'Resources');
    const inner = openScope(
      resources instanceof PdfDict ? resources : scope.resources,
      scope.depth + 1,
      { ...INITIAL_STATE, clip: [0, 0, 0, 0], isClipComplex: true },
      [],
    );
    await this.#enter(pattern, 'pattern', inner);
  }

  async #enter(stream: PdfStream, kind: 'form' | 'pattern', inner: Scope): Promise<void> {
    const key = keyOf(stream);
    if (this.#open.has(key) || inner.depth > MAX_FORM_DEPTH) {
      // Viewers stop at a form within itself, but not where a pattern leads back.
      if (kind === 'pattern' || [...this.#open.values()].includes('pattern')) this.refusal = 'ENDLESS';
      this.isComplete = false;
      return;
    }
    this.#open.set(key, kind);
    try {
      await this.#readStream(stream, inner);
    } finally {
      this.#open.delete(key);
    }
  }
}

function keyOf({ ref }: PdfStream): string {
  return `${ref.num} ${ref.gen}`;
}

function openScope(resources: PdfDict, depth: number, state: GraphicsState, optional: boolean[]): Scope {
  return { resources, depth, state, saved: [], path: new PathOutline(), isClipping: false, optional };
}

function countBytes(value: PdfValue | undefined): number {
  if (value instanceof PdfString) return value.bytes.length;
  if (!isPdfArray(value)) return 0;
  return value.reduce<number>((sum, item) => sum + (item instanceof PdfString ? item.bytes.length : 0), 0);
}
