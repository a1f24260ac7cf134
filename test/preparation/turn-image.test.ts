import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply } from '../../src/core/geometry.ts';
import type { PageImage } from '../../src/core/page.ts';
import { toGrey } from '../../src/preparation/grey-image.ts';
import { turnedToBefore, turnImage } from '../../src/preparation/turn-image.ts';
import { randomImage } from './images.ts';

/** The light of a pixel whatever the depth. */
function lightAt(image: PageImage, x: number, y: number): number {
  return toGrey(image).data[y * image.widthPx + x] as number;
}

const TURNS = [0, 90, 180, 270] as const;

describe('turning an image', () => {
  test('moves every pixel to where the map says, in every depth', () => {
    fc.assert(
      fc.property(randomImage(), fc.constantFrom(...TURNS), (image, turnDeg) => {
        const turned = turnImage(image, turnDeg);
        const map = turnedToBefore(turnDeg, image.widthPx, image.heightPx);
        for (let y = 0; y < turned.heightPx; y++) {
          for (let x = 0; x < turned.widthPx; x++) {
            const [beforeX, beforeY] = apply(map, x + 0.5, y + 0.5);
            expect(lightAt(turned, x, y)).toBe(lightAt(image, Math.floor(beforeX), Math.floor(beforeY)));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('four quarters are the image itself, and its place on the page', () => {
    fc.assert(
      fc.property(randomImage(), (image) => {
        let turned = image;
        for (let quarter = 0; quarter < 4; quarter++) turned = turnImage(turned, 90);
        expect(toGrey(turned).data).toEqual(toGrey(image).data);
        for (const [index, value] of turned.toPoints.entries())
          expect(value).toBeCloseTo(image.toPoints[index] as number, 9);
      }),
      { numRuns: 60 },
    );
  });

  test('clockwise: the top left corner comes to the top right', () => {
    const image: PageImage = {
      widthPx: 2,
      heightPx: 1,
      dpi: 72,
      bitsPerPixel: 8,
      data: Uint8Array.of(10, 20),
      toPoints: [1, 0, 0, -1, 0, 1],
    };
    expect(turnImage(image, 90)).toMatchObject({ widthPx: 1, heightPx: 2, data: Uint8Array.of(10, 20) });
    expect(turnImage(image, 270)).toMatchObject({ widthPx: 1, heightPx: 2, data: Uint8Array.of(20, 10) });
    expect(turnImage(image, 180)).toMatchObject({ widthPx: 2, heightPx: 1, data: Uint8Array.of(20, 10) });
  });
});
