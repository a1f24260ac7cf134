import type { ImageDescription, SampleSpace } from './describe-image.ts';
import { greyIfColourless, rowBytesOf, type Raster } from './raster.ts';

/** Samples as an image format or a filter gave them: rows start at a byte. */
export interface Samples {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: number;
  readonly bitsPerComponent: 1 | 2 | 4 | 8 | 16;
  readonly data: Uint8Array;
}

/** Whether samples of so many bits can be converted here. */
export function isSampleSize(bits: number): bits is Samples['bitsPerComponent'] {
  return bits === 1 || bits === 2 || bits === 4 || bits === 8 || bits === 16;
}

/**
 * Turns samples into pixels: 1-bit grey stays 1-bit, grey stays grey, RGB without any colour becomes grey. Rows that are
 * missing are white: nothing was scanned there.
 */
export function convertSamples(samples: Samples, space: SampleSpace, decode: readonly number[] | undefined): Raster {
  const complete = completeRows(samples);
  if (samples.bitsPerComponent === 1 && samples.components === 1) {
    const [zero, one] = levelsOfBit(space, decode);
    if (zero !== undefined && one !== undefined) return convertBits(complete, zero < one);
  }
  const bytes = toBytes(complete);
  const raster =
    space.kind === 'indexed' ? lookUp(bytes, space.palette, decode, samples) : applyDecode(bytes, decode, samples);
  return greyIfColourless(whitenMissing(raster, samples));
}

/** Whether the description's colour space has as many components as the samples. */
export function componentsOf(space: SampleSpace): number {
  return space.kind === 'rgb' ? 3 : 1;
}

/** What 0 and 1 mean where both are pure black or white; otherwise nothing. */
function levelsOfBit(space: SampleSpace, decode: readonly number[] | undefined): [number?, number?] {
  const [low = 0, high = 1] = decode ?? [];
  const levels = [low, high].map((value) => {
    if (space.kind !== 'indexed') return value;
    const rgb = space.palette.subarray(Math.round(value) * 3, Math.round(value) * 3 + 3);
    return rgb.every((byte) => byte === 0) ? 0 : rgb.every((byte) => byte === 255) ? 1 : NaN;
  });
  const [zero, one] = levels;
  return (zero === 0 && one === 1) || (zero === 1 && one === 0) ? [zero, one] : [];
}

/** Packed samples to packed pixels, 1 being black. The unused bits of each row are 0. */
function convertBits(samples: Samples, isZeroBlack: boolean): Raster {
  const { widthPx, heightPx, data } = samples;
  const rowBytes = rowBytesOf(widthPx, 1);
  const out = new Uint8Array(rowBytes * heightPx);
  const rows = Math.min(heightPx, Math.floor(data.length / rowBytes));
  const flip = isZeroBlack ? 0xff : 0;
  for (let i = 0; i < rows * rowBytes; i++) out[i] = (data[i] as number) ^ flip;
  const spare = rowBytes * 8 - widthPx;
  if (spare > 0) {
    const mask = (0xff << spare) & 0xff;
    for (let y = 1; y <= rows; y++) out[y * rowBytes - 1] = (out[y * rowBytes - 1] as number) & mask;
  }
  return { widthPx, heightPx, bitsPerPixel: 1, data: out };
}

/** Cuts a last row that is not whole, and what comes after the image. */
function completeRows(samples: Samples): Samples {
  const rowBytes = sampleRowBytes(samples);
  const rows = Math.min(samples.heightPx, Math.floor(samples.data.length / rowBytes));
  return { ...samples, data: samples.data.subarray(0, rows * rowBytes) };
}

function sampleRowBytes({ widthPx, components, bitsPerComponent }: Samples): number {
  return Math.ceil((widthPx * components * bitsPerComponent) / 8);
}

/** One byte a sample, rows without padding. Smaller samples keep their value; of 16 bits the upper 8 are taken. */
function toBytes(samples: Samples): Uint8Array {
  const { widthPx, components, bitsPerComponent: bits, data } = samples;
  if (bits === 8) return data;
  const rowBytes = sampleRowBytes(samples);
  const rowSamples = widthPx * components;
  const rows = data.length / rowBytes;
  const out = new Uint8Array(rowSamples * rows);
  if (bits === 16) {
    for (let i = 0; i < out.length; i++) out[i] = data[i * 2] as number;
    return out;
  }
  const mask = (1 << bits) - 1;
  for (let y = 0, to = 0; y < rows; y++) {
    const from = y * rowBytes;
    for (let x = 0, bit = 0; x < rowSamples; x++, bit += bits) {
      out[to++] = ((data[from + (bit >> 3)] as number) >> (8 - bits - (bit & 7))) & mask;
    }
  }
  return out;
}

/** The greatest value of a sample once it is in a byte. */
function greatestOf(bits: Samples['bitsPerComponent']): number {
  return bits >= 8 ? 255 : (1 << bits) - 1;
}

function applyDecode(bytes: Uint8Array, decode: readonly number[] | undefined, samples: Samples): Raster {
  const { widthPx, heightPx, components } = samples;
  const bitsPerPixel = components === 3 ? 24 : 8;
  const greatest = greatestOf(samples.bitsPerComponent);
  if (!decode && greatest === 255) return { widthPx, heightPx, bitsPerPixel, data: bytes };
  const tables = Array.from({ length: components }, (_, c) => {
    const low = decode?.[c * 2] ?? 0;
    const high = decode?.[c * 2 + 1] ?? 1;
    // Assigning to a Uint8ClampedArray rounds and keeps within 0 to 255.
    return Uint8ClampedArray.from({ length: greatest + 1 }, (_, v) => (low + (v * (high - low)) / greatest) * 255);
  });
  const out = new Uint8Array(bytes.length);
  for (let c = 0; c < components; c++) {
    const table = tables[c] as Uint8ClampedArray;
    for (let i = c; i < out.length; i += components) out[i] = table[bytes[i] as number] as number;
  }
  return { widthPx, heightPx, bitsPerPixel, data: out };
}

function lookUp(
  bytes: Uint8Array,
  palette: Uint8Array,
  decode: readonly number[] | undefined,
  { widthPx, heightPx, bitsPerComponent }: Samples,
): Raster {
  const greatest = greatestOf(bitsPerComponent);
  const low = decode?.[0] ?? 0;
  const high = decode?.[1] ?? greatest;
  const index = Uint8ClampedArray.from({ length: greatest + 1 }, (_, v) => low + (v * (high - low)) / greatest);
  const out = new Uint8Array(bytes.length * 3);
  for (let i = 0, to = 0; i < bytes.length; i++) {
    const at = (index[bytes[i] as number] as number) * 3;
    out[to++] = palette[at] as number;
    out[to++] = palette[at + 1] as number;
    out[to++] = palette[at + 2] as number;
  }
  return { widthPx, heightPx, bitsPerPixel: 24, data: out };
}

function whitenMissing(raster: Raster, { widthPx, heightPx }: Samples): Raster {
  const size = (widthPx * heightPx * raster.bitsPerPixel) / 8;
  if (raster.data.length === size) return raster;
  const data = new Uint8Array(size).fill(255);
  data.set(raster.data.subarray(0, size));
  return { ...raster, data };
}

/** Whether a description's samples can be converted here, given how many components they have. */
export function canConvert(
  description: ImageDescription,
  components: number,
): description is ImageDescription & { readonly space: SampleSpace } {
  const { space, decode } = description;
  if (typeof space !== 'object' || componentsOf(space) !== components) return false;
  return decode === undefined || decode.length >= components * 2;
}
