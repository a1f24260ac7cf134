import { apply, IDENTITY, mapBox, type BoxPx, type Matrix } from './geometry.ts';
import type { Line, PageResult } from './page.ts';

/** Places words on the page as a person sees it: pixels of the page image, also where it was turned or straightened to be read. */
export interface DisplayedPage {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly dpi: number;
  /** How the text is turned on the page, in degrees counter-clockwise: 90 reads from bottom to top. */
  readonly textAngleDeg: 0 | 90 | 180 | 270;
  /** The box around a box of the recognized frame, in whole pixels inside the page image. */
  place(box: BoxPx): BoxPx;
  /** The ends of a line's baseline, in pixels of the page image; undefined where it is not known. */
  baseline(
    line: Line,
  ): readonly [from: readonly [x: number, y: number], to: readonly [x: number, y: number]] | undefined;
}

/** The page of a result; pages that were never rendered have a size of 0. */
export function displayPage({ image, frame }: Pick<PageResult, 'image' | 'frame'>): DisplayedPage {
  const widthPx = Math.round(image?.widthPx ?? 0);
  const heightPx = Math.round(image?.heightPx ?? 0);
  const toImage: Matrix = frame?.toImage ?? IDENTITY;
  return {
    widthPx,
    heightPx,
    dpi: Math.round(image?.dpi ?? 0),
    textAngleDeg: frame?.turnedDeg ?? 0,
    place(box) {
      const [left, top, right, bottom] = mapBox(toImage, box);
      return [inside(left, widthPx), inside(top, heightPx), inside(right, widthPx), inside(bottom, heightPx)];
    },
    baseline({ box, baseline }) {
      if (!baseline) return undefined;
      const [slope, offsetPx] = baseline;
      const [left, , right, bottom] = box;
      const from = apply(toImage, left, bottom + offsetPx);
      const to = apply(toImage, right, bottom + offsetPx + slope * (right - left));
      return [from, to];
    },
  };
}

function inside(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(value)));
}
