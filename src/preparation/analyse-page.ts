import type { PageImage } from '../core/page.ts';
import { hasLightText } from './dark-areas.ts';
import { mapInk } from './ink-map.ts';
import { fitLinesCoarsely, fitLinesFinely, measureUprightness, sumStrips } from './line-fit.ts';
import { findMarks, type Mark } from './marks.ts';
import type { ScriptTraits } from './scripts.ts';
import { drawMarks, findTextMarks, isBlank } from './text-marks.ts';
import type { QuarterTurn } from './turn-image.ts';

/** A way to hold the page so that its lines are level and upright. */
export interface Orientation {
  /** Clockwise. */
  readonly turnDeg: QuarterTurn;
  /** The skew of its lines after the turn, positive when they fall to the right. */
  readonly skewDeg: number;
}

/** What the picture of a page tells before anything is read. */
export interface PageTraits {
  /** There is nothing that could be text. */
  readonly blank: boolean;
  /** There may be light text on a dark ground. */
  readonly mayBeInverted: boolean;
  /** Marks that could be letters or words. */
  readonly letters: number;
  /** Middle height of letters, across the lines, in pixels; 0 where there is no text. */
  readonly letterPx: number;
  /** All four orientations, the likeliest first. */
  readonly orientations: readonly Orientation[];
  /**
   * How sure the first of them is. `upright`: all of it. `lines`: the way the lines run, so that it may stand on its
   * head. `nothing`: any of the four.
   */
  readonly sureOf: 'upright' | 'lines' | 'nothing';
}

/** Lines fit this many times better one way than the other: on real pages 1.6 and more, typewritten ones least. */
const CLEAR_LINES = 1.3;
/**
 * Uprightness past this is believed: real pages have 0.08 and more, either way, and capitals or figures alone about 0.
 * Pages that stand on their head are rare, so that more is asked of them.
 */
const CLEARLY_UPRIGHT = 0.05;
const CLEARLY_ON_ITS_HEAD = -0.07;
/** With fewer marks than these the shapes say too little. */
const ENOUGH_MARKS = 40;

/** Looks at a page image: pure, some 30 ms for a letter page of 300 dpi. */
export function analysePage(image: PageImage, script: ScriptTraits): PageTraits {
  const map = mapInk(image);
  const marks = findMarks(map);
  if (isBlank(marks, map, image.dpi)) {
    const orientations = orderOrientations('x', 0, 1);
    return { blank: true, mayBeInverted: false, letters: 0, letterPx: 0, orientations, sureOf: 'nothing' };
  }
  if (script.vertical) {
    const orientations = orderOrientations('x', 0, 1);
    return { blank: false, mayBeInverted: true, letters: marks.length, letterPx: 0, orientations, sureOf: 'upright' };
  }
  const textMarks = findTextMarks(marks, map, image.dpi);
  const text = drawMarks(map, textMarks);
  const alongX = sumStrips(text, 'x');
  const alongY = sumStrips(text, 'y');
  const fitX = fitLinesCoarsely(alongX);
  const fitY = fitLinesCoarsely(alongY);
  const ratio = fitX.sharpness / Math.max(1e-9, fitY.sharpness);
  // Level lines are the rule: without a clear sign a page is taken to have them.
  const along = ratio * CLEAR_LINES > 1 ? 'x' : 'y';
  const strips = along === 'x' ? alongX : alongY;
  const fit = fitLinesFinely(strips, along === 'x' ? fitX : fitY);
  const uprightness = measureUprightness(text, along, fit.angleDeg);
  const enough = textMarks.length >= ENOUGH_MARKS;
  const clearLines = enough && (along === 'x' ? ratio : 1 / ratio) > CLEAR_LINES;
  const showsHeads = enough && script.latin;
  const clearHead = showsHeads && (uprightness > CLEARLY_UPRIGHT || uprightness < CLEARLY_ON_ITS_HEAD);
  return {
    blank: false,
    mayBeInverted: hasLightText(marks, map, image.dpi),
    letters: textMarks.length,
    letterPx: middleHeight(textMarks, along) * map.cellPx,
    orientations: orderOrientations(along, fit.angleDeg, showsHeads && uprightness < CLEARLY_ON_ITS_HEAD ? -1 : 1),
    sureOf: !clearLines ? 'nothing' : clearHead ? 'upright' : 'lines',
  };
}

function middleHeight(marks: readonly Mark[], along: 'x' | 'y'): number {
  const heights = marks.map(({ left, top, right, bottom }) => (along === 'x' ? bottom - top : right - left));
  return heights.toSorted((a, b) => a - b)[heights.length >> 1] ?? 0;
}

/** Turning a page by a quarter turns the sense of its skew. */
function orderOrientations(along: 'x' | 'y', angleDeg: number, heads: 1 | -1): readonly Orientation[] {
  const level: readonly Orientation[] = [
    { turnDeg: 0, skewDeg: along === 'x' ? angleDeg : 0 },
    { turnDeg: 180, skewDeg: along === 'x' ? angleDeg : 0 },
  ];
  const sideways: readonly Orientation[] = [
    { turnDeg: 90, skewDeg: along === 'y' ? -angleDeg : 0 },
    { turnDeg: 270, skewDeg: along === 'y' ? -angleDeg : 0 },
  ];
  const [first, second] = along === 'x' ? [level, sideways] : [sideways, level];
  return [...(heads > 0 ? first : first.toReversed()), ...second].map(({ turnDeg, skewDeg }) => ({
    turnDeg,
    skewDeg: skewDeg + 0,
  }));
}
