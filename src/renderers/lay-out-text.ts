import { apply, invert, type BoxPx, type Matrix } from '../core/geometry.ts';
import type { Block, Line, Word } from '../core/page.ts';
import type { PageFrame } from './page-frame.ts';

/** A run of text as pdf.js reports it. */
export interface TextRun {
  readonly str: string;
  readonly dir: string;
  /** From the run's own space (baseline to the right, letters one unit high) to the page's user space. */
  readonly transform: readonly number[];
  /** Length along the baseline in user space units; of vertical writing, `height` is. */
  readonly width: number;
  readonly height: number;
  readonly fontName: string;
  readonly hasEOL: boolean;
}

/** Of a font, in units of its size. */
export interface RunStyle {
  readonly ascent: number;
  readonly descent: number;
  readonly vertical: boolean;
}

interface Placed extends Geometry {
  readonly text: string;
  /** Ends of the word along the baseline, from the run's origin. */
  readonly from: number;
  readonly to: number;
}

/** A run's baseline in user space. */
interface Geometry {
  readonly x: number;
  readonly y: number;
  /** Unit vector along the baseline. */
  readonly along: readonly [number, number];
  /** From the baseline to one font size above it. */
  readonly up: readonly [number, number];
  readonly size: number;
  readonly ascent: number;
  readonly descent: number;
}

interface OpenLine {
  readonly geometry: Geometry;
  readonly words: Placed[][];
}

/** Text already in a PDF is taken as certain. */
const CERTAIN = 100;

/**
 * Arranges a page's text runs, in the order given, into words, lines and blocks with boxes in pixels of `frame`. Runs
 * are split at spaces, a word's place in its run in proportion to its letters; runs that touch on a line make one word.
 */
export function layOutText(
  runs: Iterable<TextRun>,
  styles: Readonly<Record<string, RunStyle>>,
  frame: PageFrame,
): Block[] {
  const toPixels = invert(frame.toPoints);
  const lines = [...gatherLines(runs, styles)].map((open) => finishLine(open, toPixels));
  return groupLines(lines);
}

function* gatherLines(runs: Iterable<TextRun>, styles: Readonly<Record<string, RunStyle>>): Generator<OpenLine> {
  let line: OpenLine | undefined;
  let spaceBefore = true;
  for (const run of runs) {
    if (run.str.trim() !== '') {
      const geometry = measureRun(run, styles[run.fontName]);
      if (line && !isOnLine(line.geometry, geometry)) {
        yield line;
        line = undefined;
      }
      line ??= { geometry, words: [] };
      addWords(line, splitRun(run, geometry), spaceBefore || /^\s/u.test(run.str));
      spaceBefore = /\s$/u.test(run.str);
    } else if (run.str !== '') spaceBefore = true;
    if (run.hasEOL && line) {
      yield line;
      line = undefined;
    }
  }
  if (line) yield line;
}

function measureRun(run: TextRun, style: RunStyle | undefined): Geometry {
  const [a, b, c, d, x, y] = run.transform.map((n) => (Number.isFinite(n) ? n : 0)) as unknown as Matrix;
  const size = Math.hypot(c, d) || Math.hypot(a, b) || 1;
  const up: [number, number] = c === 0 && d === 0 ? [-b, a] : [c, d];
  if (style?.vertical) {
    // Written downwards, centred on the line: the letters' left half is "above" the baseline.
    return { x, y, along: [-up[0] / size, -up[1] / size], up: [-a, -b], size, ascent: 0.5, descent: -0.5 };
  }
  const length = Math.hypot(a, b) || 1;
  const ascent = clamp(style?.ascent, 0.5, 1.2, 0.8);
  const descent = clamp(style?.descent, -0.5, 0, -0.2);
  return { x, y, along: [a / length, b / length], up, size, ascent, descent };
}

function clamp(value: number | undefined, low: number, high: number, otherwise: number): number {
  if (value === undefined || !Number.isFinite(value) || value === 0) return otherwise;
  return Math.min(high, Math.max(low, value));
}

function splitRun(run: TextRun, geometry: Geometry): Placed[] {
  const isVertical = geometry.ascent === 0.5 && geometry.descent === -0.5;
  const length = Math.abs(isVertical ? run.height : run.width) || geometry.size * run.str.length * 0.5;
  const unit = length / run.str.length;
  const isRightToLeft = run.dir === 'rtl';
  return Array.from(run.str.matchAll(/\S+/gu), (match) => {
    const start = match.index;
    const end = start + match[0].length;
    const [from, to] = isRightToLeft ? [run.str.length - end, run.str.length - start] : [start, end];
    return { ...geometry, text: match[0], from: from * unit, to: to * unit };
  });
}

function isOnLine(line: Geometry, next: Geometry): boolean {
  const cosine = line.along[0] * next.along[0] + line.along[1] * next.along[1];
  if (cosine < 0.99) return false;
  const across = (next.x - line.x) * line.along[1] - (next.y - line.y) * line.along[0];
  return Math.abs(across) < 0.5 * Math.max(line.size, next.size);
}

/** Adds words to a line; the first is the end of the last one there when they touch. */
function addWords(line: OpenLine, words: readonly Placed[], spaceBefore: boolean): void {
  const [first, ...rest] = words;
  if (!first) return;
  const last = line.words.at(-1);
  const before = last?.at(-1);
  if (last && before && !spaceBefore && Math.abs(gapBetween(before, first)) < 0.5 * first.size) last.push(first);
  else line.words.push([first]);
  for (const word of rest) line.words.push([word]);
}

/** Along the baseline, whichever of the two comes first on it. */
function gapBetween(left: Placed, right: Placed): number {
  const position = ({ x, y }: Geometry): number => x * left.along[0] + y * left.along[1];
  const leftStart = position(left) + left.from;
  const leftEnd = position(left) + left.to;
  const rightStart = position(right) + right.from;
  const rightEnd = position(right) + right.to;
  return rightStart >= leftStart ? rightStart - leftEnd : leftStart - rightEnd;
}

function finishLine(open: OpenLine, toPixels: Matrix): Line & { readonly sizePx: number } {
  const words: Word[] = open.words.map((parts) => ({
    text: parts.map((part) => part.text).join(''),
    box: around(parts.map((part) => boxOf(part, toPixels))),
    confidence: CERTAIN,
  }));
  const box = around(words.map((word) => word.box));
  const { geometry } = open;
  const [a, b, c, d] = toPixels;
  const scale = Math.sqrt(Math.abs(a * d - b * c));
  return { box, baseline: baselineOf(geometry, box, toPixels), words, sizePx: geometry.size * scale };
}

/** Slope and offset of lines that run from left to right within 15 degrees; others have none. */
function baselineOf(geometry: Geometry, box: BoxPx, toPixels: Matrix): readonly [number, number] | undefined {
  const [x0, y0] = apply(toPixels, geometry.x, geometry.y);
  const [x1, y1] = apply(toPixels, geometry.x + geometry.along[0], geometry.y + geometry.along[1]);
  const slope = (y1 - y0) / (x1 - x0);
  if (!(x1 > x0) || Math.abs(slope) > 0.27) return undefined;
  return [slope, y0 + slope * (box[0] - x0) - box[3]];
}

function boxOf(word: Placed, toPixels: Matrix): BoxPx {
  const corners = [word.from, word.to].flatMap((at) =>
    [word.ascent, word.descent].map((height) =>
      apply(
        toPixels,
        word.x + word.along[0] * at + word.up[0] * height,
        word.y + word.along[1] * at + word.up[1] * height,
      ),
    ),
  );
  return around(corners.map(([x, y]) => [x, y, x, y]));
}

function around(boxes: readonly BoxPx[]): BoxPx {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const box of boxes) {
    left = Math.min(left, box[0]);
    top = Math.min(top, box[1]);
    right = Math.max(right, box[2]);
    bottom = Math.max(bottom, box[3]);
  }
  return [left, top, right, bottom];
}

/** Lines that follow each other closely and overlap make a block of one paragraph. */
function groupLines(lines: readonly (Line & { readonly sizePx: number })[]): Block[] {
  const groups: (Line & { readonly sizePx: number })[][] = [];
  for (const line of lines) {
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (group && before && belongTogether(before, line)) group.push(line);
    else groups.push([line]);
  }
  return groups.map((group) => {
    const box = around(group.map((line) => line.box));
    const plain: Line[] = group.map(({ box, baseline, words }) => ({ box, baseline, words }));
    return { box, paragraphs: [{ box, direction: directionOf(plain), lines: plain }] };
  });
}

function belongTogether(a: Line & { readonly sizePx: number }, b: Line & { readonly sizePx: number }): boolean {
  const near = Math.max(a.sizePx, b.sizePx);
  const apartX = Math.max(a.box[0], b.box[0]) - Math.min(a.box[2], b.box[2]);
  const apartY = Math.max(a.box[1], b.box[1]) - Math.min(a.box[3], b.box[3]);
  return (
    Math.max(apartX, apartY) < near &&
    Math.min(apartX, apartY) < 0 &&
    Math.max(a.sizePx, b.sizePx) < 1.6 * Math.min(a.sizePx, b.sizePx)
  );
}

function directionOf(lines: readonly Line[]): 'ltr' | 'rtl' {
  let balance = 0;
  for (const line of lines) {
    for (const { text } of line.words) {
      if (/\p{Script=Hebrew}|\p{Script=Arabic}|\p{Script=Syriac}|\p{Script=Thaana}/u.test(text)) balance--;
      else if (/\p{L}/u.test(text)) balance++;
    }
  }
  return balance < 0 ? 'rtl' : 'ltr';
}
