import { apply, compose, IDENTITY, type Matrix } from '../core/geometry.ts';
import type { BoxPt } from '../pdf/page-geometry.ts';
import { isName, type PdfValue } from '../pdf/pdf-value.ts';
import { intersect } from './page-frame.ts';

/** A colour as far as it matters for scans. */
type Fill = 'black' | 'white' | 'other';

/** The part of PDF's graphics state that tells what a mark hides and whether it shows. Never changed, only replaced. */
export interface GraphicsState {
  readonly matrix: Matrix;
  /** What may show, as a box; `undefined` without a limit. */
  readonly clip: BoxPt | undefined;
  /** The clip is no box: `clip` is only what it lies in. */
  readonly isClipComplex: boolean;
  readonly fill: Fill;
  /** The number of components whose zeros are black, 0 where the colour space is another. */
  readonly additiveComponents: number;
  readonly isOpaque: boolean;
  /** Nothing that is filled shows: constant alpha 0. */
  readonly isTransparent: boolean;
  readonly textMode: number;
  /** Bytes a letter: 2 in composite fonts, as a rule. */
  readonly glyphBytes: number;
}

export const INITIAL_STATE: GraphicsState = {
  matrix: IDENTITY,
  clip: undefined,
  isClipComplex: false,
  fill: 'black',
  additiveComponents: 1,
  isOpaque: true,
  isTransparent: false,
  textMode: 0,
  glyphBytes: 1,
};

/** Text rendering modes that paint nothing: invisible, and clip only (ISO 32000-1, table 106). */
export function isTextVisible(state: GraphicsState): boolean {
  return state.textMode !== 3 && state.textMode !== 7 && !state.isTransparent;
}

/** The state after `cm`, `Tr` or an operator that sets the fill colour; the same one after any other. */
export function afterOperator(state: GraphicsState, op: string, args: readonly PdfValue[]): GraphicsState {
  switch (op) {
    case 'cm': {
      const matrix = matrixOf(args);
      return matrix ? { ...state, matrix: compose(matrix, state.matrix) } : state;
    }
    case 'Tr':
      return typeof args[0] === 'number' ? { ...state, textMode: args[0] } : state;
    case 'g':
      return { ...state, fill: fillOf(args, 1), additiveComponents: 1 };
    case 'rg':
      return { ...state, fill: fillOf(args, 3), additiveComponents: 3 };
    case 'k':
      return { ...state, fill: cmykFillOf(args), additiveComponents: 0 };
    case 'cs': {
      const additiveComponents = isName(args[0], 'DeviceGray') ? 1 : isName(args[0], 'DeviceRGB') ? 3 : 0;
      return { ...state, additiveComponents, fill: additiveComponents > 0 ? 'black' : 'other' };
    }
    case 'sc':
    case 'scn':
      return { ...state, fill: state.additiveComponents > 0 ? fillOf(args, state.additiveComponents) : 'other' };
    default:
      return state;
  }
}

function fillOf(args: readonly PdfValue[], components: number): Fill {
  if (args.length !== components) return 'other';
  if (args.every((value) => value === 0)) return 'black';
  return args.every((value) => value === 1) ? 'white' : 'other';
}

function cmykFillOf(args: readonly PdfValue[]): Fill {
  if (args.length !== 4) return 'other';
  if (args[3] === 1) return 'black';
  return args.every((value) => value === 0) ? 'white' : 'other';
}

/** A matrix from six numbers; `undefined` where they are not. */
export function matrixOf(values: readonly PdfValue[]): Matrix | undefined {
  if (values.length !== 6) return undefined;
  return values.every((value) => typeof value === 'number' && Number.isFinite(value))
    ? (values as unknown as Matrix)
    : undefined;
}

/** The state with its clip cut down to a path. */
export function clipTo(state: GraphicsState, path: PathOutline): GraphicsState {
  const box = path.boundingBox();
  // A clip to nothing hides everything; the box of a point outside every page says so.
  const nothing: BoxPt = [Infinity, Infinity, Infinity, Infinity];
  const clip = box ? (state.clip ? (intersect(state.clip, box) ?? nothing) : box) : nothing;
  return { ...state, clip, isClipComplex: state.isClipComplex || !path.isBox() };
}

/** The path being built, as far as needed to tell a box from other shapes. In user space. */
export class PathOutline {
  #points: (readonly [number, number])[] = [];
  #isSimple = true;
  #box: BoxPt | undefined;

  get isEmpty(): boolean {
    return this.#points.length === 0;
  }

  /** Takes in a path operator with its operands; others are passed over. */
  add(op: string, args: readonly PdfValue[], matrix: Matrix): void {
    const numbers = args.map((value) => (typeof value === 'number' ? value : 0));
    const [x = 0, y = 0, width = 0, height = 0] = numbers;
    if (op === 'm' || op === 'l') {
      if (op === 'm' && this.#points.length > 0) this.#isSimple = false;
      this.#point(matrix, x, y);
    } else if (op === 're') {
      if (this.#points.length > 0) this.#isSimple = false;
      this.#point(matrix, x, y);
      this.#point(matrix, x + width, y);
      this.#point(matrix, x + width, y + height);
      this.#point(matrix, x, y + height);
    } else if (op === 'c' || op === 'v' || op === 'y') {
      this.#isSimple = false;
      for (let i = 0; i + 1 < numbers.length; i += 2)
        this.#point(matrix, numbers[i] as number, numbers[i + 1] as number);
    }
  }

  boundingBox(): BoxPt | undefined {
    return this.#box;
  }

  /** Whether the path is one rectangle whose sides are level. */
  isBox(): boolean {
    const box = this.#box;
    if (!box || !this.#isSimple || this.#points.length < 4 || this.#points.length > 5) return false;
    const slack = 1e-3 * Math.max(1, box[2] - box[0], box[3] - box[1]);
    const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= slack;
    return this.#points.every(
      ([x, y]) => (isNear(x, box[0]) || isNear(x, box[2])) && (isNear(y, box[1]) || isNear(y, box[3])),
    );
  }

  clear(): void {
    this.#points = [];
    this.#isSimple = true;
    this.#box = undefined;
  }

  #point(matrix: Matrix, x: number, y: number): void {
    const [px, py] = apply(matrix, x, y);
    const box = this.#box ?? [px, py, px, py];
    this.#box = [Math.min(box[0], px), Math.min(box[1], py), Math.max(box[2], px), Math.max(box[3], py)];
    // Five corners tell a rectangle; of longer paths only the box is kept.
    if (this.#points.length < 6) this.#points.push([px, py]);
  }
}
