import type { InkMap } from './ink-map.ts';
import type { Mark } from './marks.ts';

/** Sizes in inches between which a mark may be a letter or a few letters that touch: 3 to 60 points. */
const LEAST_LETTER = 0.04;
const LARGEST_LETTER = 0.85;
/** A word whose letters touch is at most this many times as wide as high, and this many inches; what is longer is a rule. */
const LONGEST_WORD = 12;
const LONGEST_WORD_INCHES = 2;
/** Marks this near the edge belong to the scanner, not to the page. In inches. */
const SCANNER_EDGE = 0.06;

/** What is at least this many inches wide and high, and nearly full, is a blot or a shadow. */
const BLOT = 0.2;
const FULL = 0.75;

/** Cells an inch of a map of an image with this resolution. */
export function cellsPerInch(map: Pick<InkMap, 'cellPx'>, dpi: number): number {
  return Math.max(20, dpi / map.cellPx);
}

/** The marks that could be letters or words, by size alone, whichever way the page is turned. */
export function findTextMarks(marks: readonly Mark[], map: InkMap, dpi: number): Mark[] {
  const inch = cellsPerInch(map, dpi);
  const least = Math.max(3, LEAST_LETTER * inch);
  const largest = LARGEST_LETTER * inch;
  const longest = LONGEST_WORD_INCHES * inch;
  return marks.filter((mark) => {
    const width = mark.right - mark.left;
    const height = mark.bottom - mark.top;
    const long = Math.max(width, height);
    const short = Math.min(width, height);
    if (long < least || short > largest || long > longest || long > short * LONGEST_WORD || mark.area < least)
      return false;
    return !touchesEdge(mark, map) && (short < BLOT * inch || mark.area < width * height * FULL);
  });
}

function touchesEdge({ left, top, right, bottom }: Mark, { width, height }: InkMap): boolean {
  return left === 0 || top === 0 || right === width || bottom === height;
}

/**
 * Tells whether a page has nothing that could be text: no two marks of letter size side by side or one above the other.
 * Punch holes, dirt, folds, rules, and the dark edge of a scan are nothing. When in doubt the page is not blank.
 */
export function isBlank(marks: readonly Mark[], map: InkMap, dpi: number): boolean {
  const inch = cellsPerInch(map, dpi);
  const edge = SCANNER_EDGE * inch;
  const letters = findTextMarks(marks, map, dpi)
    .filter(
      ({ left, top, right, bottom }) =>
        left > edge && top > edge && right < map.width - edge && bottom < map.height - edge,
    )
    .sort((a, b) => a.left - b.left);
  for (const [index, one] of letters.entries()) {
    const reach = one.right + 0.5 * inch;
    for (let next = index + 1; next < letters.length && letters[next]!.left <= reach; next++) {
      if (couldBeNeighbours(one, letters[next]!)) return false;
    }
    // A word whose letters all touch, or a single large letter or digit.
    if (isLikeWord(one, inch)) return false;
  }
  return true;
}

function couldBeNeighbours(one: Mark, other: Mark): boolean {
  const [small, large] = [longSide(one), longSide(other)].sort((a, b) => a - b) as [number, number];
  if (large > small * 3) return false;
  const gapX = Math.max(one.left, other.left) - Math.min(one.right, other.right);
  const gapY = Math.max(one.top, other.top) - Math.min(one.bottom, other.bottom);
  return (gapX < 0 && gapY < large * 1.5) || (gapY < 0 && gapX < large * 1.5);
}

function longSide({ left, top, right, bottom }: Mark): number {
  return Math.max(right - left, bottom - top);
}

/** Neither a full disc or bar (a hole, a blot) nor as small as dirt. */
function isLikeWord(mark: Mark, inch: number): boolean {
  const width = mark.right - mark.left;
  const height = mark.bottom - mark.top;
  const fill = mark.area / (width * height);
  return Math.max(width, height) >= 0.11 * inch && Math.min(width, height) >= 0.05 * inch && fill < 0.6;
}

/** Ink of the given marks alone: everything else is taken out. Rules, pictures and edges would drown the lines of text. */
export function drawMarks(map: InkMap, marks: readonly Mark[]): InkMap {
  const ink = new Uint8Array(map.ink.length);
  for (const { left, top, right, bottom } of marks) {
    for (let y = top; y < bottom; y++) {
      const from = y * map.width;
      ink.set(map.ink.subarray(from + left, from + right), from + left);
    }
  }
  return { ...map, ink };
}
