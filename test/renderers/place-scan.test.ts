import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply, type Matrix } from '../../src/core/geometry.ts';
import type { PagePlace } from '../../src/renderers/page-frame.ts';
import { placeScan, planScan } from '../../src/renderers/place-scan.ts';
import type { Raster } from '../../src/renderers/raster.ts';

function place(box: PagePlace['box'], rotateDeg: PagePlace['rotateDeg'] = 0, userUnit = 1): PagePlace {
  return { box, rotateDeg, userUnit };
}

/** Grey pixels, all different from their neighbours. */
function pixels(widthPx: number, heightPx: number): Raster {
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => (i * 37) % 251);
  return { widthPx, heightPx, bitsPerPixel: 8, data };
}

describe('planScan', () => {
  it('takes an image that misses the page by less than it can be seen as the page', () => {
    const plan = planScan(1000, 2000, [240.1, 0, 0, 479.9, -0.05, 0.05], place([0, 0, 240, 480]));
    expect(plan).toMatchObject({ widthPx: 1000, heightPx: 2000, leftPx: 0, topPx: 0 });
    expect(plan?.dpi).toBeCloseTo(300, 0);
  });

  it('cuts what lies outside the page, and adds white where the page goes on', () => {
    const crop = planScan(1000, 1000, [720, 0, 0, 720, 0, 0], place([72, 144, 720, 720]));
    expect(crop).toMatchObject({ leftPx: 100, topPx: 0, widthPx: 900, heightPx: 800 });
    const margin = planScan(1000, 1000, [720, 0, 0, 720, 72, 36], place([0, 0, 864, 792]));
    expect(margin).toMatchObject({ leftPx: -100, topPx: -50, widthPx: 1200, heightPx: 1100 });
  });

  it('counts the resolution in true inches, along the page as it is shown', () => {
    expect(planScan(100, 204, [72, 0, 0, 144, 0, 0], place([0, 0, 72, 144], 0, 2))?.dpi).toBe(50);
    expect(planScan(100, 204, [72, 0, 0, 144, 0, 0], place([0, 0, 72, 144], 90))?.dpi).toBe(102);
  });

  it.each<[string, number, number, Matrix, PagePlace]>([
    ['tilted', 100, 100, [71, 5, -5, 71, 0, 0], place([0, 0, 72, 72])],
    ['slanted', 100, 100, [72, 0, 9, 72, 0, 0], place([0, 0, 72, 72])],
    ['of oblong pixels', 200, 100, [72, 0, 0, 72, 0, 0], place([0, 0, 72, 72])],
    ['flat', 100, 100, [72, 0, 0, 0, 0, 0], place([0, 0, 72, 72])],
    ['far smaller than its page', 100, 100, [72, 0, 0, 72, 0, 0], place([0, 0, 612, 792])],
  ])('leaves to drawing an image that is %s', (_what, width, height, matrix, page) => {
    expect(planScan(width, height, matrix, page)).toBeUndefined();
  });
});

describe('placeScan', () => {
  it('shows at each pixel what the PDF puts at that point, however image and page are turned', () => {
    const signs = fc.constantFrom(1, -1);
    const turn = fc.constantFrom<PagePlace['rotateDeg']>(0, 90, 180, 270);
    const margin = fc.integer({ min: -5, max: 5 });
    fc.assert(
      fc.property(fc.boolean(), signs, signs, turn, margin, margin, (isSwapped, signX, signY, rotateDeg, dx, dy) => {
        const image = pixels(24, 16);
        const [w, h] = isSwapped ? [16, 24] : [24, 16];
        const x = signX < 0 ? w : 0;
        const y = signY < 0 ? h : 0;
        const matrix: Matrix = isSwapped ? [0, h * signY, w * signX, 0, x, y] : [w * signX, 0, 0, h * signY, x, y];
        const plan = planScan(24, 16, matrix, place([2 * dx, 2 * dy, w, h], rotateDeg));
        if (!plan) throw new Error('not planned');
        const page = placeScan(image, plan);
        for (let i = 0; i < page.data.length; i++) {
          const at = apply(page.toPoints, (i % page.widthPx) + 0.5, Math.floor(i / page.widthPx) + 0.5);
          expect(page.data[i]).toBe(imageAt(image, matrix, at));
        }
      }),
    );
  });
});

/** What a PDF shows at a point: the image's pixel there, white beside the image. One pixel is one point. */
function imageAt(image: Raster, [a, b, c, d, e, f]: Matrix, [x, y]: readonly [number, number]): number {
  const det = a * d - b * c;
  const u = (d * (x - e) - c * (y - f)) / det;
  const v = (a * (y - f) - b * (x - e)) / det;
  if (u < 0 || u > 1 || v < 0 || v > 1) return 255;
  const column = Math.floor(u * image.widthPx);
  const row = Math.floor((1 - v) * image.heightPx);
  return image.data[row * image.widthPx + column] ?? -1;
}
