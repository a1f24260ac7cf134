import { apply, compose, IDENTITY, type Matrix } from '../core/geometry.ts';
import type { Line, PageResult, Word } from '../core/page.ts';
import { writeNumber } from '../pdf/write-value.ts';
import { FONT_ASCENT, GLYPH_WIDTH } from './glyphless-font.ts';
import { toVisualOrder } from './visual-order.ts';

/** Turns text into the codes of the font that shows it, as hexadecimal. */
export type TextEncoding = (text: string) => string;

/** Hexadecimal digits of a code. */
const CODE_DIGITS = 4;
/** Share of its size by which the font's letters rise above the baseline. */
const ASCENT = FONT_ASCENT / 1000;
const ADVANCE = GLYPH_WIDTH / 1000;
/** Gap between words, as a share of the font size, from which readers of PDFs take them for two. */
const MIN_GAP = 0.2;
/** Horizontal scaling, percent. Beyond, readers of PDFs become unsure. */
const MIN_SCALE = 0.5;
const MAX_SCALE = 30_000;
/** Steeper baselines than the engine's own deskewing leaves are a mistake of it. */
const MAX_SLOPE = 0.5;

/**
 * Writes the words of a page as a content stream that shows them invisibly where they stand on the page, in reading
 * order, each scaled to its box. Leaves the graphics state as it was. `undefined` where there is nothing to show.
 */
export function writeTextContent(page: PageResult, fontName: string, encode: TextEncoding): string | undefined {
  if (!page.image) return undefined;
  const toPoints = compose(page.frame?.toImage ?? IDENTITY, page.image.toPoints);
  const lines = page.blocks
    .flatMap((block) => block.paragraphs)
    .flatMap((paragraph) => paragraph.lines.map((line) => writeLine(line, toPoints, fontName, encode)))
    .filter((text) => text !== '');
  return lines.length === 0 ? undefined : `q\nBT\n3 Tr\n${lines.join('')}ET\nQ\n`;
}

function writeLine(line: Line, toPoints: Matrix, fontName: string, encode: TextEncoding): string {
  const words = line.words.flatMap((word) => {
    const text = showable(word.text);
    return text === '' || !word.box.every(Number.isFinite) ? [] : [{ ...word, text }];
  });
  if (words.length === 0) return '';
  if (isStacked(words))
    return words.map((word) => writeLine({ box: word.box, words: [word] }, toPoints, fontName, encode)).join('');
  const baseline = baselineOf(line, words);
  const [slope] = baseline;
  // Along the baseline and upwards from it, in points for each pixel.
  const along = direction(toPoints, 1, slope);
  const turned = Math.sign(toPoints[0] * toPoints[3] - toPoints[1] * toPoints[2]) || -1;
  const up: Direction = { x: along.y * turned, y: -along.x * turned, length: direction(toPoints, 0, -1).length };
  if (!(along.length > 0) || !(up.length > 0)) return '';
  const sizePx = sizeOf(line, words, baseline);
  const sizePt = sizePx * up.length;
  const spans = separate(words, sizePx * MIN_GAP);
  const matrix = [along.x, along.y, up.x, up.y].map((value) => writeNumber(value, 5)).join(' ');
  const show = (text: string, widthPx: number): string => {
    const codes = encode(text);
    return `${scaleFor(widthPx * along.length, codes.length / CODE_DIGITS, sizePt)} Tz <${codes}> Tj\n`;
  };
  const goTo = (xPx: number): string => {
    const [xPt, yPt] = apply(toPoints, xPx, baselineAt(baseline, xPx));
    return `${matrix} ${writeNumber(xPt, 3)} ${writeNumber(yPt, 3)} Tm\n`;
  };
  const shown = spans.map(({ word, leftPx, rightPx }, i) => {
    const text = goTo(leftPx) + show(toVisualOrder(word.text), rightPx - leftPx);
    const next = spans[i + 1];
    if (!next) return text;
    // A blank fills the gap to the next word, so that copied text has one there. In Hebrew that word stands to the left.
    if (next.leftPx >= leftPx) return text + show(' ', Math.max(next.leftPx - rightPx, 1));
    return text + goTo(next.rightPx) + show(' ', Math.max(leftPx - next.rightPx, 1));
  });
  return `/${fontName} ${writeNumber(sizePt, 2)} Tf\n${shown.join('')}`;
}

/** Where a word is shown along its line. */
interface Span {
  readonly word: Word;
  leftPx: number;
  rightPx: number;
}

/** Places the words of a line, in their order, drawing apart boxes that touch or overlap: readers find words by the gaps. */
function separate(words: readonly Word[], gapPx: number): Span[] {
  const spans = words.map((word): Span => {
    const [leftPx, , right] = word.box;
    return { word, leftPx, rightPx: Math.max(right, leftPx + 0.01) };
  });
  const fromLeft = spans.toSorted((a, b) => a.leftPx - b.leftPx);
  for (const [i, span] of fromLeft.entries()) {
    const before = fromLeft[i - 1];
    if (!before || span.leftPx - before.rightPx >= gapPx) continue;
    // The earlier word gives way first, down to a third of its width; then the later one starts further on.
    before.rightPx = Math.max(before.leftPx + (before.rightPx - before.leftPx) / 3, span.leftPx - gapPx);
    span.leftPx = Math.max(span.leftPx, before.rightPx + gapPx);
    span.rightPx = Math.max(span.rightPx, span.leftPx + gapPx);
  }
  return spans;
}

/** Whether each word stands below the one before: vertical writing, where a common baseline means nothing. */
function isStacked(words: readonly Word[]): boolean {
  return words.length > 1 && words.every((word, i) => i === 0 || word.box[1] >= (words[i - 1] ?? word).box[3]);
}

interface Direction {
  readonly x: number;
  readonly y: number;
  /** Points for each pixel of the step. */
  readonly length: number;
}

function direction(matrix: Matrix, x: number, y: number): Direction {
  const dx = matrix[0] * x + matrix[2] * y;
  const dy = matrix[1] * x + matrix[3] * y;
  const length = Math.hypot(dx, dy);
  return { x: dx / length, y: dy / length, length };
}

/** Slope, and height at x = 0, in pixels. */
type Baseline = readonly [slope: number, yPx: number];

function baselineOf(line: Line, words: readonly Word[]): Baseline {
  const [left, , , bottom] = line.box;
  const [slope = 0, offsetPx = 0] = line.baseline ?? [];
  const isPlausible = Number.isFinite(offsetPx) && Math.abs(slope) <= MAX_SLOPE;
  if (line.baseline && isPlausible && line.box.every(Number.isFinite)) return [slope, bottom + offsetPx - slope * left];
  // Half of the letters below the line reach no further than the box of a word without them.
  const bottoms = words.map((word) => word.box[3]).sort((a, b) => a - b);
  return [0, bottoms[Math.floor((bottoms.length - 1) / 2)] ?? 0];
}

function baselineAt([slope, yPx]: Baseline, xPx: number): number {
  return yPx + slope * xPx;
}

/** The font size whose letters reach from the baseline to the tops of the line's words, in pixels. */
function sizeOf(line: Line, words: readonly Word[], baseline: Baseline): number {
  const heights = words
    .map((word) => baselineAt(baseline, (word.box[0] + word.box[2]) / 2) - word.box[1])
    .sort((a, b) => a - b);
  const typical = heights[Math.floor(heights.length / 2)] ?? 0;
  const tallest = Math.max(1, ...words.map((word) => word.box[3] - word.box[1]), line.box[3] - line.box[1]);
  return Math.min(Math.max(typical, tallest / 8, 1), tallest) / ASCENT;
}

function scaleFor(widthPt: number, glyphs: number, sizePt: number): string {
  const percent = (100 * widthPt) / (glyphs * ADVANCE * sizePt);
  return writeNumber(Math.min(Math.max(percent, MIN_SCALE), MAX_SCALE), 2);
}

/** The word as text to show: composed, on one line, without control characters. */
function showable(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\ufffe\uffff]/gu, '')
    .trim();
}
