import { describe, expect, it } from 'vitest';
import { convertSamples, type Samples } from '../../src/renderers/convert-samples.ts';

function samples(
  widthPx: number,
  heightPx: number,
  components: number,
  bits: Samples['bitsPerComponent'],
  ...data: number[]
): Samples {
  return { widthPx, heightPx, components, bitsPerComponent: bits, data: Uint8Array.from(data) };
}

const GREY = { kind: 'grey' } as const;
const RGB = { kind: 'rgb' } as const;

function indexed(...colours: readonly number[][]): { readonly kind: 'indexed'; readonly palette: Uint8Array } {
  const palette = new Uint8Array(768);
  palette.set(colours.flat());
  return { kind: 'indexed', palette };
}

describe('convertSamples', () => {
  it('keeps one bit: 0 is black in PDF, 1 is black in a page image', () => {
    const result = convertSamples(samples(10, 1, 1, 1, 0b10110000, 0b01111111), GREY, undefined);
    expect(result).toMatchObject({ bitsPerPixel: 1, widthPx: 10 });
    expect([...result.data]).toEqual([0b01001111, 0b10000000]);
  });

  it('keeps one bit with a reversed Decode array and with a palette of black and white', () => {
    const bits = samples(8, 1, 1, 1, 0b10110000);
    expect([...convertSamples(bits, GREY, [1, 0]).data]).toEqual([0b10110000]);
    expect([...convertSamples(bits, indexed([255, 255, 255], [0, 0, 0]), undefined).data]).toEqual([0b10110000]);
    expect([...convertSamples(bits, indexed([0, 0, 0], [255, 255, 255]), undefined).data]).toEqual([0b01001111]);
  });

  it('gives colours of a palette, grey where it has none', () => {
    const bits = samples(2, 1, 1, 1, 0b01000000);
    expect(convertSamples(bits, indexed([10, 10, 10], [20, 20, 20]), undefined)).toMatchObject({
      bitsPerPixel: 8,
      data: Uint8Array.of(10, 20),
    });
    expect(convertSamples(bits, indexed([10, 10, 10], [20, 21, 22]), undefined)).toMatchObject({
      bitsPerPixel: 24,
      data: Uint8Array.of(10, 10, 10, 20, 21, 22),
    });
  });

  it.each([
    [2, [0b00011011], [0, 85, 170, 255]],
    [4, [0x0f, 0x5a], [0, 255, 85, 170]],
    [8, [1, 2, 3, 4], [1, 2, 3, 4]],
    [16, [1, 99, 2, 99, 3, 99, 255, 255], [1, 2, 3, 255]],
  ] as const)('spreads grey of %i bits over 0 to 255', (bits, data, expected) => {
    const result = convertSamples(samples(4, 1, 1, bits, ...data), GREY, undefined);
    expect([...result.data]).toEqual(expected);
    expect(result.bitsPerPixel).toBe(8);
  });

  it('applies Decode arrays, each component its own', () => {
    expect([...convertSamples(samples(2, 1, 1, 8, 0, 200), GREY, [1, 0]).data]).toEqual([255, 55]);
    expect([...convertSamples(samples(1, 1, 3, 8, 10, 20, 30), RGB, [1, 0, 0, 1, 0, 0.5]).data]).toEqual([245, 20, 15]);
  });

  it('starts rows at bytes', () => {
    expect([...convertSamples(samples(1, 2, 1, 4, 0xf0, 0x0f), GREY, undefined).data]).toEqual([255, 0]);
  });

  it('leaves rows that are missing white, and drops what is too much', () => {
    expect([...convertSamples(samples(2, 3, 1, 8, 1, 2, 3), GREY, undefined).data]).toEqual([1, 2, 255, 255, 255, 255]);
    expect([...convertSamples(samples(8, 2, 1, 1, 0), GREY, undefined).data]).toEqual([0xff, 0]);
    expect([...convertSamples(samples(1, 1, 1, 8, 1, 2, 3), GREY, undefined).data]).toEqual([1]);
  });
});
