import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapInk } from '../../src/preparation/ink-map.ts';
import { findMarks } from '../../src/preparation/marks.ts';
import { rectangles } from './images.ts';

/** Sizes of the connected patches, by flooding: slow, and certainly right. */
function flood(ink: Uint8Array, width: number, height: number): number[] {
  const left = Uint8Array.from(ink);
  const sizes: number[] = [];
  for (let start = left.indexOf(1); start >= 0; start = left.indexOf(1)) {
    const open = [start];
    left[start] = 0;
    let size = 0;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      size++;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          if (left[ny * width + nx] === 1) {
            left[ny * width + nx] = 0;
            open.push(ny * width + nx);
          }
        }
      }
    }
    sizes.push(size);
  }
  return sizes.toSorted((a, b) => a - b);
}

describe('marks', () => {
  test('are the connected patches, corners included', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        fc.infiniteStream(fc.boolean()),
        (width, height, stream) => {
          const ink = Uint8Array.from(stream.take(width * height), Number);
          const marks = findMarks({ width, height, cellPx: 1, ink });
          expect(marks.map(({ area }) => area).toSorted((a, b) => a - b)).toEqual(flood(ink, width, height));
        },
      ),
    );
  });

  test('have tight boxes', () => {
    const map = mapInk(
      rectangles(60, 50, [
        [5, 6, 9, 20],
        [30, 10, 42, 13],
      ]),
    );
    expect(findMarks(map)).toEqual([
      { left: 5, top: 6, right: 9, bottom: 20, area: 56 },
      { left: 30, top: 10, right: 42, bottom: 13, area: 36 },
    ]);
  });
});

describe('the ink map', () => {
  test('finds ink on tinted paper under uneven light, and no ink in the paper', () => {
    const image = rectangles(320, 320, []);
    for (let y = 0; y < 320; y++) for (let x = 0; x < 320; x++) image.data[y * 320 + x] = 130 + Math.floor((x + y) / 8);
    for (let y = 100; y < 110; y++) image.data.fill(60, y * 320 + 40, y * 320 + 280);
    const map = mapInk(image);
    expect(findMarks(map)).toEqual([{ left: 40, top: 100, right: 280, bottom: 110, area: 2400 }]);
  });

  test('leaves out what shines through from the other side', () => {
    const image = rectangles(320, 320, []);
    image.data.fill(230);
    for (let y = 100; y < 110; y++) image.data.fill(200, y * 320 + 40, y * 320 + 280);
    expect(findMarks(mapInk(image))).toEqual([]);
  });

  test('takes a dark area as ink', () => {
    const map = mapInk(rectangles(400, 400, [[50, 50, 350, 250]]));
    expect(findMarks(map)).toEqual([{ left: 50, top: 50, right: 350, bottom: 250, area: 60_000 }]);
  });
});
