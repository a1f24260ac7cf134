import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply } from '../../src/core/geometry.ts';
import { toGrey } from '../../src/preparation/grey-image.ts';
import { planRotation, straightenImage } from '../../src/preparation/rotate-image.ts';
import { enlargeImage, reduceImage } from '../../src/preparation/scale-image.ts';
import { randomImage, rectangles } from './images.ts';

describe('grey', () => {
  test('a black bit is 0 and a white one 255', () => {
    const bits = {
      widthPx: 10,
      heightPx: 1,
      dpi: 72,
      bitsPerPixel: 1 as const,
      data: Uint8Array.of(0b1010_0000, 0b0100_0000),
    };
    const grey = toGrey({ ...bits, toPoints: [1, 0, 0, 1, 0, 0] });
    expect([...grey.data]).toEqual([0, 255, 0, 255, 255, 255, 255, 255, 255, 0]);
  });

  test('colours weigh as eyes weigh them', () => {
    const data = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255);
    const image = {
      widthPx: 4,
      heightPx: 1,
      dpi: 72,
      bitsPerPixel: 24 as const,
      data,
      toPoints: [1, 0, 0, 1, 0, 0] as const,
    };
    expect([...toGrey(image).data]).toEqual([76, 150, 29, 255]);
  });
});

describe('reducing', () => {
  test('each pixel is the mean of those it stands for, in every depth', () => {
    fc.assert(
      fc.property(randomImage(), fc.integer({ min: 2, max: 4 }), (image, factor) => {
        const reduced = reduceImage(image, factor);
        const grey = toGrey(image).data;
        expect(reduced).toMatchObject({
          widthPx: Math.floor(image.widthPx / factor),
          heightPx: Math.floor(image.heightPx / factor),
        });
        for (let y = 0; y < reduced.heightPx; y++) {
          for (let x = 0; x < reduced.widthPx; x++) {
            let sum = 0;
            for (let at = 0; at < factor * factor; at++) {
              sum += grey[
                (y * factor + Math.floor(at / factor)) * image.widthPx + x * factor + (at % factor)
              ] as number;
            }
            expect(Math.abs((reduced.data[y * reduced.widthPx + x] as number) - sum / factor ** 2)).toBeLessThanOrEqual(
              0.51,
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('says where the page is and how fine it is now', () => {
    const reduced = reduceImage(rectangles(60, 40, [], 600), 2);
    expect(reduced.dpi).toBe(300);
    expect(apply(reduced.toPoints, 0, 0)).toEqual(apply(rectangles(60, 40, [], 600).toPoints, 0, 0));
    expect(apply(reduced.toPoints, 30, 20)[0]).toBeCloseTo(apply(rectangles(60, 40, [], 600).toPoints, 60, 40)[0]);
  });
});

describe('enlarging', () => {
  test('keeps an even page even and the place of an edge', () => {
    const image = rectangles(40, 40, [[10, 0, 20, 40]]);
    const large = enlargeImage(image, 2.5);
    expect(large).toMatchObject({ widthPx: 100, heightPx: 100, dpi: 250 });
    const row = [...large.data.subarray(50 * 100, 51 * 100)];
    expect(new Set(row.slice(0, 18))).toEqual(new Set([255]));
    expect(new Set(row.slice(29, 46))).toEqual(new Set([0]));
    expect(row.findIndex((light) => light < 128)).toBe(25);
    expect(row.findLastIndex((light) => light < 128)).toBe(49);
    expect(apply(large.toPoints, 100, 100)).toEqual(apply(image.toPoints, 40, 40));
  });

  test('keeps an even image as it is, and never leaves the range of a byte', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.double({ min: 1.1, max: 4, noNaN: true }), (light, factor) => {
        const image = rectangles(13, 11, []);
        image.data.fill(light);
        expect(new Set(enlargeImage(image, factor).data)).toEqual(new Set([light]));
      }),
    );
    const checks = rectangles(8, 8, [
      [0, 0, 4, 4],
      [4, 4, 8, 8],
    ]);
    const centre = enlargeImage(checks, 4).data;
    expect(centre[5 * 32 + 5]).toBe(0);
    expect(centre[5 * 32 + 26]).toBe(255);
  });
});

describe('straightening', () => {
  test('brings a line that falls to the right onto one level', () => {
    const image = rectangles(400, 200, []);
    const slope = Math.tan((3 * Math.PI) / 180);
    for (let x = 20; x < 380; x++) {
      const y = Math.round(60 + x * slope);
      for (let dy = 0; dy < 4; dy++) image.data[(y + dy) * 400 + x] = 0;
    }
    const level = straightenImage(image, 3);
    const inkInRow = Array.from({ length: level.heightPx }, (_, y) =>
      level.data
        .subarray(y * level.widthPx, (y + 1) * level.widthPx)
        .reduce((sum, light) => sum + (light < 128 ? 1 : 0), 0),
    );
    expect(inkInRow.filter((ink) => ink > 0).length).toBeLessThanOrEqual(6);
    expect(Math.max(...inkInRow)).toBeGreaterThan(340);
  });

  test('maps its pixels to those of the page, and holds all of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 3000 }),
        fc.integer({ min: 10, max: 3000 }),
        fc.double({ min: -12, max: 12, noNaN: true }),
        (w, h, skew) => {
          const plan = planRotation(w, h, skew);
          const [middleX, middleY] = apply(plan.toBefore, plan.widthPx / 2, plan.heightPx / 2);
          expect(middleX).toBeCloseTo(w / 2, 6);
          expect(middleY).toBeCloseTo(h / 2, 6);
          expect(plan.widthPx).toBeGreaterThanOrEqual(w * Math.cos((skew * Math.PI) / 180) - 1);
        },
      ),
    );
  });

  test('reads no pixel from outside', () => {
    fc.assert(
      fc.property(randomImage(), fc.double({ min: -12, max: 12, noNaN: true }), (image, skew) => {
        const black = { ...image, bitsPerPixel: 8 as const, data: new Uint8Array(image.widthPx * image.heightPx) };
        const values = new Set(straightenImage(black, skew).data);
        values.delete(0);
        values.delete(255);
        expect([...values]).toEqual([]);
      }),
    );
  });
});
