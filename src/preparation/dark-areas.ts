import type { InkMap } from './ink-map.ts';
import type { Mark } from './marks.ts';
import { cellsPerInch } from './text-marks.ts';

/** Least size of a dark area that can hold a word, in inches. */
const LEAST_WIDTH = 0.3;
const LEAST_HEIGHT = 0.12;
/** Least share of ink in its box: light letters leave at least so much ground, and dark words that touch cover less. */
const LEAST_FILL = 0.6;
/** Widest gap in the ground that a stroke or the inside of a light letter makes, in inches. */
const WIDEST_STROKE = 0.15;
/** Rows with at least two such gaps that look like the height of a letter. */
const LEAST_ROWS = 4;

/** Tells whether there may be light text on a dark ground: a dark area with narrow gaps in it. A photograph may have some too. */
export function hasLightText(marks: readonly Mark[], map: InkMap, dpi: number): boolean {
  const inch = cellsPerInch(map, dpi);
  return marks.some((mark) => {
    const width = mark.right - mark.left;
    const height = mark.bottom - mark.top;
    if (width < LEAST_WIDTH * inch || height < LEAST_HEIGHT * inch || mark.area < width * height * LEAST_FILL)
      return false;
    return hasGaps(mark, map, Math.ceil(WIDEST_STROKE * inch));
  });
}

function hasGaps({ left, top, right, bottom }: Mark, { width, ink }: InkMap, widest: number): boolean {
  let rows = 0;
  for (let y = top; y < bottom; y++) {
    rows = countGaps(ink, y * width + left, y * width + right, widest) >= 2 ? rows + 1 : 0;
    if (rows >= LEAST_ROWS) return true;
  }
  return false;
}

/** Gaps between ink on both sides, at most `widest` cells each. */
function countGaps(ink: Uint8Array, from: number, to: number, widest: number): number {
  let gaps = 0;
  let lastInk = -1;
  for (let at = from; at < to; at++) {
    if (ink[at] === 0) continue;
    const gap = at - lastInk - 1;
    if (lastInk >= 0 && gap > 0 && gap <= widest) gaps++;
    lastInk = at;
  }
  return gaps;
}
