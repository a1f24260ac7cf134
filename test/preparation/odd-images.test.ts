import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PageImage } from '../../src/core/page.ts';
import { apply } from '../../src/core/geometry.ts';
import { analysePage } from '../../src/preparation/analyse-page.ts';
import { prepareImage } from '../../src/preparation/prepare-image.ts';
import { randomImage } from './images.ts';

const LATIN = { latin: true, vertical: false };

function analyseAndPrepare(image: PageImage): void {
  const traits = analysePage(image, LATIN);
  expect(traits.orientations).toHaveLength(4);
  for (const orientation of traits.orientations) {
    expect(Math.abs(orientation.skewDeg)).toBeLessThanOrEqual(12.5);
    const { image: prepared, frame } = prepareImage(image, orientation, traits, 300);
    expect(prepared.data.length).toBe(Math.ceil((prepared.widthPx * prepared.bitsPerPixel) / 8) * prepared.heightPx);
    expect([frame.widthPx, frame.heightPx]).toEqual([prepared.widthPx, prepared.heightPx]);
    const [x, y] = apply(frame.toImage, frame.widthPx / 2, frame.heightPx / 2);
    expect(Math.abs(x - image.widthPx / 2)).toBeLessThanOrEqual(4);
    expect(Math.abs(y - image.heightPx / 2)).toBeLessThanOrEqual(4);
  }
}

describe('images of any kind', () => {
  test('are analysed and prepared, however small and whatever resolution they claim', () => {
    fc.assert(
      fc.property(randomImage(), fc.constantFrom(1, 50, 72, 300, 600, 4800, 100_000), (image, dpi) => {
        analyseAndPrepare({ ...image, dpi });
      }),
    );
  });

  test.each([
    ['wide as a ribbon', 150_000, 20],
    ['tall as a ribbon', 20, 150_000],
    ['one pixel high', 70_000, 1],
    ['large', 6_000, 8_000],
  ])('%s', (_what, widthPx, heightPx) => {
    const stride = Math.ceil(widthPx / 8);
    const data = Uint8Array.from({ length: stride * heightPx }, (_, at) => (at * 2_654_435_761) >>> 24);
    const image: PageImage = {
      widthPx,
      heightPx,
      dpi: 300,
      bitsPerPixel: 1,
      data,
      toPoints: [0.24, 0, 0, -0.24, 0, 0],
    };
    expect(() => analyseAndPrepare(image)).not.toThrow();
  });
});
