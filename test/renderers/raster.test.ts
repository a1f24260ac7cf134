import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutOut, greyIfColourless, orient, packBits, unpackBits, type Raster } from '../../src/renderers/raster.ts';

/** An image of letters, a row a string: `.` is white, others are their code. */
function grey(...rows: readonly string[]): Raster {
  const data = Uint8Array.from(rows.join(''), (letter) => (letter === '.' ? 255 : letter.charCodeAt(0)));
  return { widthPx: rows[0]?.length ?? 0, heightPx: rows.length, bitsPerPixel: 8, data };
}

function show(raster: Raster): string[] {
  const text = String.fromCharCode(...raster.data).replaceAll('\xff', '.');
  return Array.from({ length: raster.heightPx }, (_, y) => text.slice(y * raster.widthPx, (y + 1) * raster.widthPx));
}

const anyRaster = fc
  .record({ widthPx: fc.integer({ min: 1, max: 150 }), heightPx: fc.integer({ min: 1, max: 20 }), seed: fc.nat(255) })
  .map(({ widthPx, heightPx, seed }): Raster => {
    const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) =>
      ((i * 73 + seed) * (i + 11)) % 256 < 128 ? 0 : 255,
    );
    return { widthPx, heightPx, bitsPerPixel: 8, data };
  });
const anyOrientation = fc.record({ swap: fc.boolean(), flipX: fc.boolean(), flipY: fc.boolean() });

describe('orient', () => {
  it('turns and mirrors', () => {
    const image = grey('abc', 'def');
    expect(show(orient(image, { swap: false, flipX: true, flipY: false }))).toEqual(['cba', 'fed']);
    expect(show(orient(image, { swap: false, flipX: false, flipY: true }))).toEqual(['def', 'abc']);
    expect(show(orient(image, { swap: true, flipX: false, flipY: false }))).toEqual(['ad', 'be', 'cf']);
    expect(show(orient(image, { swap: true, flipX: false, flipY: true }))).toEqual(['da', 'eb', 'fc']);
    expect(show(orient(image, { swap: true, flipX: true, flipY: false }))).toEqual(['cf', 'be', 'ad']);
  });

  it('does to packed bits what it does to bytes', () => {
    fc.assert(
      fc.property(anyRaster, anyOrientation, (raster, orientation) => {
        expect(unpackBits(orient(packBits(raster), orientation))).toEqual(orient(raster, orientation));
      }),
    );
  });

  it('is undone by its inverse', () => {
    fc.assert(
      fc.property(anyRaster, anyOrientation, (raster, { swap, flipX, flipY }) => {
        const inverse = swap ? { swap, flipX: flipY, flipY: flipX } : { swap, flipX, flipY };
        expect(orient(orient(raster, { swap, flipX, flipY }), inverse)).toEqual(raster);
      }),
    );
  });

  it('keeps the three bytes of a colour together', () => {
    const colours: Raster = { widthPx: 2, heightPx: 1, bitsPerPixel: 24, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect([...orient(colours, { swap: false, flipX: true, flipY: false }).data]).toEqual([4, 5, 6, 1, 2, 3]);
  });
});

describe('cutOut', () => {
  it('cuts, and adds white where there is no image', () => {
    const image = grey('abc', 'def');
    expect(show(cutOut(image, 1, 0, 2, 1))).toEqual(['bc']);
    expect(show(cutOut(image, -1, -1, 5, 4))).toEqual(['.....', '.abc.', '.def.', '.....']);
    expect(show(cutOut(image, 5, 5, 2, 2))).toEqual(['..', '..']);
  });

  it('does to packed bits what it does to bytes', () => {
    const at = fc.integer({ min: -20, max: 20 });
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(anyRaster, at, at, size, size, (raster, left, top, width, height) => {
        expect(unpackBits(cutOut(packBits(raster), left, top, width, height))).toEqual(
          cutOut(raster, left, top, width, height),
        );
        const whole = cutOut(packBits(raster), 0, top, raster.widthPx, height);
        expect(unpackBits(whole)).toEqual(cutOut(raster, 0, top, raster.widthPx, height));
      }),
    );
  });
});

describe('packBits', () => {
  it('packs the first pixel into the highest bit, black being 1, and leaves spare bits 0', () => {
    expect([...packBits(grey('...\0......\0')).data]).toEqual([0b00010000, 0b00100000]);
    expect([...packBits({ widthPx: 2, heightPx: 1, bitsPerPixel: 8, data: Uint8Array.of(127, 128) }).data]).toEqual([
      0b10000000,
    ]);
  });
});

describe('greyIfColourless', () => {
  it('keeps an image with one coloured pixel', () => {
    const data = new Uint8Array(300).fill(9);
    expect(greyIfColourless({ widthPx: 10, heightPx: 10, bitsPerPixel: 24, data })).toMatchObject({ bitsPerPixel: 8 });
    data[299] = 10;
    expect(greyIfColourless({ widthPx: 10, heightPx: 10, bitsPerPixel: 24, data }).data).toBe(data);
  });
});
