import type { Matrix } from '../core/geometry.ts';

/** A rectangle in PDF user space, `[left, bottom, right, top]` in points, with left < right and bottom < top. */
export type BoxPt = readonly [left: number, bottom: number, right: number, top: number];

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

/** US letter: what readers take where a page has no usable box. */
export const DEFAULT_BOX: BoxPt = [0, 0, 612, 792];

/** Guards against sizes such as 595.0000001 points giving one more pixel. */
const ROUNDING = 1e-4;

/** The corners put in order; `undefined` where the box has no area or is not made of numbers. */
export function normalizeBox(box: readonly number[] | undefined): BoxPt | undefined {
  if (!box || box.length < 4) return undefined;
  const [x1, y1, x2, y2] = box as [number, number, number, number];
  if (![x1, y1, x2, y2].every(Number.isFinite) || x1 === x2 || y1 === y2) return undefined;
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
}

/** The part of a page that is shown: the crop box within the media box; the media box where they do not meet. */
export function displayedBox(mediaBox: readonly number[] | undefined, cropBox: readonly number[] | undefined): BoxPt {
  const media = normalizeBox(mediaBox) ?? DEFAULT_BOX;
  const crop = normalizeBox(cropBox) ?? media;
  return intersect(media, crop) ?? media;
}

/** What two boxes share; `undefined` where that has no area. */
export function intersect(a: BoxPt, b: BoxPt): BoxPt | undefined {
  return normalizeIfOrdered([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
}

function normalizeIfOrdered(box: BoxPt): BoxPt | undefined {
  return box[0] < box[2] && box[1] < box[3] ? box : undefined;
}

/** Area in square points. */
export function areaOf(box: BoxPt): number {
  return (box[2] - box[0]) * (box[3] - box[1]);
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
