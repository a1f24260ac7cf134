import type { InkMap } from './ink-map.ts';

/** Skews up to this many degrees are found. */
export const MAX_SKEW_DEG = 12;

const COARSE_STEP_DEG = 0.4;
const FINE_STEP_DEG = 0.05;
/** Cells in width of the strips that are moved as one. */
const STRIP = 8;
/** Cells along the lines whose profile tells heads from feet: wider ones would mix the lines of several columns. */
const SEGMENT_CELLS = 96;
const RADIANS = Math.PI / 180;

/** Ink in each row of each upright strip: `counts[strip * rows + row]`. */
export interface InkStrips {
  readonly counts: Uint16Array;
  readonly strips: number;
  readonly rows: number;
  readonly stripCells: number;
  /** Cells of ink in all. */
  readonly total: number;
}

/** Sums ink for lines that run along `x`, or along `y` on pages that lie on their side. */
export function sumStrips({ width, height, ink }: InkMap, along: 'x' | 'y'): InkStrips {
  const rows = along === 'x' ? height : width;
  const strips = Math.ceil((along === 'x' ? width : height) / STRIP);
  const counts = new Uint16Array(strips * rows);
  let total = 0;
  for (let at = ink.indexOf(1); at >= 0; at = ink.indexOf(1, at)) {
    const y = Math.floor(at / width);
    const rowEnd = (y + 1) * width;
    const ofRow = (y >> 3) * rows;
    for (let x = at - y * width; at < rowEnd && ink[at] === 1; x++, at++) {
      counts[along === 'x' ? (x >> 3) * rows + y : ofRow + x]!++;
      total++;
    }
  }
  return { counts, strips, rows, stripCells: STRIP, total };
}

/** The angle at which rows of ink and of paper are told apart best. */
export interface LineFit {
  /** Positive when the strips' rows grow from one strip to the next. */
  readonly angleDeg: number;
  /** Mean squared step of the profile a cell of ink: large where ink lies in separate, level lines. */
  readonly sharpness: number;
}

/** Fits lines roughly, good enough to compare the two ways they may run. */
export function fitLinesCoarsely(strips: InkStrips): LineFit {
  const halved = halve(strips);
  return bestOf(halved, 0, MAX_SKEW_DEG, COARSE_STEP_DEG);
}

/** Refines a rough fit to about a twentieth of a degree. */
export function fitLinesFinely(strips: InkStrips, coarse: LineFit): LineFit {
  return bestOf(strips, coarse.angleDeg, COARSE_STEP_DEG, FINE_STEP_DEG);
}

function bestOf(strips: InkStrips, middleDeg: number, reachDeg: number, stepDeg: number): LineFit {
  const steps = Math.round(reachDeg / stepDeg);
  const inked = stripsWithInk(strips);
  const profile = new Int32Array(strips.rows);
  let [first, last, best] = [0, 0, -1];
  for (let step = -steps; step <= steps; step++) {
    addStrips(strips, inked, middleDeg + step * stepDeg, profile);
    const score = squaredSteps(profile);
    // Neighbouring angles that move every strip alike score the same: the middle of them is meant.
    if (score > best) [first, last, best] = [step, step, score];
    else if (score === best && step === last + 1) last = step;
  }
  const angleDeg = middleDeg + ((first + last) / 2) * stepDeg;
  return { angleDeg: Math.round(angleDeg * 1000) / 1000 + 0, sharpness: best / Math.max(1, strips.total) };
}

/** Half as many rows, half as many strips. */
function halve({ counts, strips, rows, stripCells, total }: InkStrips): InkStrips {
  const halfRows = Math.ceil(rows / 2);
  const halfStrips = Math.ceil(strips / 2);
  const halved = new Uint16Array(halfStrips * halfRows);
  for (let strip = 0; strip < strips; strip++) {
    const to = (strip >> 1) * halfRows;
    const from = strip * rows;
    for (let row = 0; row < rows; row++) halved[to + (row >> 1)]! += counts[from + row]!;
  }
  // A strip is as many of its own rows wide as before.
  return { counts: halved, strips: halfStrips, rows: halfRows, stripCells, total };
}

/** A strip that has ink, and the rows that its ink lies in; `end` is exclusive. */
interface InkedStrip {
  readonly strip: number;
  readonly start: number;
  readonly end: number;
}

function stripsWithInk({ counts, strips, rows }: InkStrips): InkedStrip[] {
  const inked: InkedStrip[] = [];
  for (let strip = 0; strip < strips; strip++) {
    let start = 0;
    let end = rows;
    const from = strip * rows;
    while (start < end && counts[from + start] === 0) start++;
    while (end > start && counts[from + end - 1] === 0) end--;
    if (start < end) inked.push({ strip, start, end });
  }
  return inked;
}

/** Adds up strips, each moved so that lines at this angle become level. */
function addStrips(
  { counts, strips, rows, stripCells }: InkStrips,
  inked: readonly InkedStrip[],
  angleDeg: number,
  profile: Int32Array,
): void {
  const slope = Math.tan(angleDeg * RADIANS);
  profile.fill(0);
  for (const { strip, start, end } of inked) {
    const shift = Math.round((strip + 0.5 - strips / 2) * stripCells * slope);
    const last = Math.min(rows, end - shift);
    for (let row = Math.max(0, start - shift), at = strip * rows + shift + row; row < last; row++, at++)
      profile[row]! += counts[at]!;
  }
}

function squaredSteps(profile: Int32Array): number {
  let sum = 0;
  for (let row = 1; row < profile.length; row++) {
    const step = profile[row]! - profile[row - 1]!;
    sum += step * step;
  }
  return sum;
}

/**
 * Tells heads from feet in Latin type, -1 to 1, positive when the feet of the lines lie where rows grow. Nearly all
 * letters end on the base line, but a good part of them reaches above the height of an x: the step at the foot of a line
 * is larger than that at its head. Capitals alone say nothing.
 */
export function measureUprightness(map: InkMap, along: 'x' | 'y', angleDeg: number): number {
  let feet = 0;
  let heads = 0;
  for (const profile of segmentProfiles(map, along, Math.tan(angleDeg * RADIANS))) {
    for (let row = 1; row < profile.length; row++) {
      const step = profile[row]! - profile[row - 1]!;
      if (step < 0) feet -= step ** 3;
      else heads += step ** 3;
    }
  }
  return feet + heads === 0 ? 0 : (feet - heads) / (feet + heads);
}

/** The profile of each inch along the lines, every cell moved by the skew and shared between the two rows it falls on. */
function segmentProfiles({ width, height, ink }: InkMap, along: 'x' | 'y', slope: number): Float64Array[] {
  const [length, rows] = along === 'x' ? [width, height] : [height, width];
  const profiles = Array.from({ length: Math.ceil(length / SEGMENT_CELLS) }, () => new Float64Array(rows + 1));
  for (let at = ink.indexOf(1); at >= 0; at = ink.indexOf(1, at)) {
    const y = Math.floor(at / width);
    const rowEnd = (y + 1) * width;
    for (let x = at - y * width; at < rowEnd && ink[at] === 1; x++, at++) {
      const place = along === 'x' ? x : y;
      const moved = (along === 'x' ? y : x) - (place - length / 2) * slope;
      if (moved < 0 || moved >= rows) continue;
      const whole = moved | 0;
      const profile = profiles[(place / SEGMENT_CELLS) | 0]!;
      profile[whole]! += 1 - (moved - whole);
      profile[whole + 1]! += moved - whole;
    }
  }
  return profiles;
}
