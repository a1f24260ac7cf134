import type { PageDamage } from '../core/page.ts';
import { compose, mapBox, type Matrix } from '../core/geometry.ts';
import type { BoxPt } from '../pdf/page-geometry.ts';
import type { PdfStream } from '../pdf/pdf-value.ts';
import { intersect } from './page-frame.ts';

/** An image that a page's content places. */
export interface ImageMark {
  readonly kind: 'image';
  /** Absent for inline images. */
  readonly stream: PdfStream | undefined;
  /** Maps the unit square, which the image fills, to user space. */
  readonly matrix: Matrix;
  /** What of it may show; `undefined` without a limit. */
  readonly clip: BoxPt | undefined;
  /** It hides what is below it: no mask, no transparency, no clip that is more than a box, not optional. */
  readonly isOpaque: boolean;
  /** A stencil painted black on whatever is below, and otherwise as plain as an opaque image. */
  readonly isBlackStencil: boolean;
}

/** Text in one rendering mode. */
export interface TextMark {
  readonly kind: 'text';
  readonly isVisible: boolean;
  /** About so many letters: bytes shown, two a letter in composite fonts. */
  readonly glyphCount: number;
}

/** Lines, areas or shadings. */
export interface PaintMark {
  readonly kind: 'paint';
}

export type PageMark = ImageMark | TextMark | PaintMark;

/** What a page's content puts on it, in painting order; runs of text or paint are one mark. */
export interface PageContent {
  readonly marks: readonly PageMark[];
  /** False where the content is damaged: there may be more on the page. */
  readonly isComplete: boolean;
  /** Content or images that the page names are not in the file. */
  readonly isLost: boolean;
  /** Content streams that could not be unpacked whole, or are not there. */
  readonly damage: readonly PageDamage[];
  /** Names under which the page's own resources hold the objects it places. */
  readonly placedObjects: ReadonlySet<string>;
  /** Why the page must not be drawn: it unpacks to more than any page, or draws itself without end. */
  readonly refusal?: 'TOO_MUCH' | 'ENDLESS' | undefined;
}

/** An image covering this share of the page counts as its ground: text painted before it cannot be seen. */
const GROUND_SHARE = 0.5;

/** Points by which an image may miss the page's edge and still count as covering it. */
const EDGE_PT = 1;

const UNIT_SQUARE: BoxPt = [0, 0, 1, 1];

/** The part of the page an image covers; `undefined` where none. Of a tilted image, the box around it. */
export function shownBox(image: ImageMark, page: BoxPt): BoxPt | undefined {
  const onPage = intersect(mapBox(image.matrix, UNIT_SQUARE), page);
  return onPage && image.clip ? intersect(onPage, image.clip) : onPage;
}

/** Whether a map keeps horizontal and vertical lines so, within `tolerance` of its larger coefficients. */
export function isAxisAligned([a, b, c, d]: Matrix, tolerance: number): boolean {
  const straight = Math.abs(a) + Math.abs(d);
  const turned = Math.abs(b) + Math.abs(c);
  return Math.min(straight, turned) <= Math.max(straight, turned) * tolerance;
}

/**
 * The one image that is all a person sees of the page, or `undefined` where there is more, or less. What an opaque
 * image covering the whole page hides does not count; nor does invisible text.
 */
export function findOnlyImage(content: PageContent, page: BoxPt): ImageMark | undefined {
  if (!content.isComplete) return undefined;
  let visible: PageMark[] = [];
  for (const mark of content.marks) {
    if (mark.kind === 'text' && !mark.isVisible) continue;
    if (mark.kind === 'image' && !shownBox(mark, page)) continue;
    if (mark.kind === 'image' && mark.isOpaque && coversPage(mark, page)) visible = [];
    visible.push(mark);
    // A page of thousands of pieces is none of one image, and the last may only hide them by covering all.
    if (visible.length > 2) visible = visible.slice(-2);
  }
  const [only, ...others] = visible;
  if (!only || only.kind !== 'image' || others.length > 0) return undefined;
  if (!only.isOpaque && !only.isBlackStencil) return undefined;
  return isWholeInClip(only, page) ? only : undefined;
}

function coversPage(image: ImageMark, page: BoxPt): boolean {
  const shown = shownBox(image, page);
  return shown !== undefined && isAxisAligned(image.matrix, 1e-3) && isNearly(shown, page);
}

/** Whether a clip leaves all of the image that is on the page. */
function isWholeInClip(image: ImageMark, page: BoxPt): boolean {
  const onPage = shownBox({ ...image, clip: undefined }, page);
  const shown = shownBox(image, page);
  return onPage !== undefined && shown !== undefined && isNearly(shown, onPage);
}

function isNearly(a: BoxPt, b: BoxPt): boolean {
  return a.every((value, i) => Math.abs(value - (b[i] as number)) <= EDGE_PT);
}

/** The share of the page that images cover, 0 to 1, to about one part in a hundred. */
export function measureImageShare(content: PageContent, page: BoxPt): number {
  const boxes = content.marks
    .filter((mark) => mark.kind === 'image')
    .map((image) => shownBox(image, page))
    .filter((box) => box !== undefined);
  return shareCovered(boxes, page);
}

function shareCovered(boxes: readonly BoxPt[], page: BoxPt): number {
  const [only] = boxes;
  if (!only) return 0;
  const width = page[2] - page[0];
  const height = page[3] - page[1];
  if (boxes.length === 1) return ((only[2] - only[0]) * (only[3] - only[1])) / (width * height);
  const side = 100;
  const cells = new Uint8Array(side * side);
  const cell = (at: number, start: number, length: number): number =>
    Math.min(side, Math.max(0, Math.round(((at - start) / length) * side)));
  for (const [left, bottom, right, top] of boxes) {
    const from = cell(left, page[0], width);
    const to = cell(right, page[0], width);
    for (let y = cell(bottom, page[1], height); y < cell(top, page[1], height); y++) {
      cells.fill(1, y * side + from, y * side + to);
    }
  }
  return cells.reduce((sum, covered) => sum + covered, 0) / cells.length;
}

/** The share of the page's letters that can be seen, 0 to 1; 1 where there are none. */
export function measureVisibleShare(content: PageContent, page: BoxPt): number {
  let visible = 0;
  let total = 0;
  for (const mark of content.marks) {
    if (mark.kind === 'text') {
      total += mark.glyphCount;
      if (mark.isVisible) visible += mark.glyphCount;
    } else if (mark.kind === 'image' && mark.isOpaque) {
      const shown = shownBox(mark, page);
      if (shown && shareCovered([shown], page) > GROUND_SHARE) visible = 0;
    }
  }
  return total === 0 ? 1 : visible / total;
}

/** Whether any text is shown, visible or not. */
export function hasText(content: PageContent): boolean {
  return content.marks.some((mark) => mark.kind === 'text' && mark.glyphCount > 0);
}

/** Pixels an inch of an image as it lies on the page, along its own axes. */
export function resolutionOf(
  matrix: Matrix,
  widthPx: number,
  heightPx: number,
  userUnit: number,
): { readonly xDpi: number; readonly yDpi: number } {
  const [a, b, c, d] = compose(matrix, [userUnit, 0, 0, userUnit, 0, 0]);
  return { xDpi: (widthPx * 72) / Math.hypot(a, b), yDpi: (heightPx * 72) / Math.hypot(c, d) };
}
