import type { PageImage } from '../core/page.ts';

/** Rows of a small picture of letters: what is read in it does not matter, only that it can be. */
const LETTERS = [
  '.###...####..#####.',
  '#...#.#.......#....',
  '#...#.#.......#....',
  '#...#.#.......#....',
  '.###...####...#....',
];
const SCALE = 8;
const MARGIN = 40;

/** A page image of our own: a few black letters on white, grey, 300 dpi. */
export function makeProbeImage(): PageImage {
  const widthPx = (LETTERS[0]?.length ?? 0) * SCALE + 2 * MARGIN;
  const heightPx = LETTERS.length * SCALE + 2 * MARGIN;
  const data = new Uint8Array(widthPx * heightPx).fill(255);
  for (const [row, line] of LETTERS.entries()) {
    for (let column = 0; column < line.length; column++) {
      if (line[column] !== '#') continue;
      for (let y = 0; y < SCALE; y++) {
        const from = (MARGIN + row * SCALE + y) * widthPx + MARGIN + column * SCALE;
        data.fill(0, from, from + SCALE);
      }
    }
  }
  const scale = 72 / 300;
  return {
    widthPx,
    heightPx,
    dpi: 300,
    bitsPerPixel: 8,
    data,
    toPoints: [scale, 0, 0, -scale, 0, heightPx * scale],
  };
}
