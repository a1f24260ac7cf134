import type { Matrix } from '../core/geometry.ts';
import type { BoxPt } from '../pdf/page-geometry.ts';

/** Where a page lies: what of its user space is shown, turned clockwise by `rotateDeg`, in units of `userUnit` points. */
export interface PagePlace {
  readonly box: BoxPt;
  readonly rotateDeg: 0 | 90 | 180 | 270;
  readonly userUnit: number;
}

/** A pixel grid laid over the displayed page. */
export interface PageFrame {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Maps pixels (origin top left) to user space. */
  readonly toPoints: Matrix;
}

/** Guards against sizes such as 595.0000001 points giving one more pixel. */
const ROUNDING = 1e-4;

/** What two boxes share; `undefined` where that has no area. */
export function intersect(a: BoxPt, b: BoxPt): BoxPt | undefined {
  const both: BoxPt = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  return both[0] < both[2] && both[1] < both[3] ? both : undefined;
}

/** The displayed page's size in points of 1/72 inch, after turning. */
export function displayedSizePt(place: PagePlace): { readonly widthPt: number; readonly heightPt: number } {
  const width = (place.box[2] - place.box[0]) * place.userUnit;
  const height = (place.box[3] - place.box[1]) * place.userUnit;
  return place.rotateDeg % 180 === 0 ? { widthPt: width, heightPt: height } : { widthPt: height, heightPt: width };
}

/** Lays a grid of `dpi` pixels an inch over the page: pixels = points x dpi / 72, a begun pixel counts. */
export function frameAt(place: PagePlace, dpi: number): PageFrame {
  const { widthPt, heightPt } = displayedSizePt(place);
  const pixels = (points: number): number => Math.max(1, Math.ceil((points * dpi) / 72 - ROUNDING));
  const step = 72 / dpi / place.userUnit;
  const [left, bottom, right, top] = place.box;
  const toPoints: Record<PagePlace['rotateDeg'], Matrix> = {
    0: [step, 0, 0, -step, left, top],
    90: [0, step, step, 0, left, bottom],
    180: [-step, 0, 0, step, right, bottom],
    270: [0, -step, -step, 0, right, top],
  };
  return { widthPx: pixels(widthPt), heightPx: pixels(heightPt), toPoints: toPoints[place.rotateDeg] };
}
