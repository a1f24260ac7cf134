/** A box in points, `[left, bottom, right, top]`, left < right and bottom < top. */
export type BoxPt = readonly [leftPt: number, bottomPt: number, rightPt: number, topPt: number];

/** US letter, what viewers take where a page has no usable size. */
export const DEFAULT_BOX: BoxPt = [0, 0, 612, 792];

/** The box of four numbers with its corners in order; `undefined` where it has no area. */
export function boxOf(values: readonly unknown[]): BoxPt | undefined {
  const [a, b, c, d] = values;
  if (typeof a !== 'number' || typeof b !== 'number' || typeof c !== 'number' || typeof d !== 'number')
    return undefined;
  const box: BoxPt = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  return box[2] > box[0] && box[3] > box[1] ? box : undefined;
}

/** What is left of the media box within the crop box; all of it where that would be nothing. */
export function cropTo(mediaBox: BoxPt, cropBox: BoxPt | undefined): BoxPt {
  if (!cropBox) return mediaBox;
  const both: BoxPt = [
    Math.max(mediaBox[0], cropBox[0]),
    Math.max(mediaBox[1], cropBox[1]),
    Math.min(mediaBox[2], cropBox[2]),
    Math.min(mediaBox[3], cropBox[3]),
  ];
  return both[2] > both[0] && both[3] > both[1] ? both : mediaBox;
}

/** Clockwise quarter turns in degrees; anything that is no multiple of 90 counts as none, as in viewers. */
export function rotationOf(value: unknown): 0 | 90 | 180 | 270 {
  if (typeof value !== 'number' || value % 90 !== 0) return 0;
  return ((((value % 360) + 360) % 360) as 0 | 90 | 180 | 270) || 0;
}
