import type { PdfFile } from '../pdf/pdf-file.ts';
import { isName, isPdfArray, PdfStream, PdfString, type PdfValue } from '../pdf/pdf-value.ts';

/** How samples become colours. What is not listed here is left to pdf.js. */
export type SampleSpace =
  | { readonly kind: 'grey' }
  | { readonly kind: 'rgb' }
  /** `palette` has three bytes, red, green and blue, for each index. */
  | { readonly kind: 'indexed'; readonly palette: Uint8Array };

/** An image XObject's dictionary in plain values. */
export interface ImageDescription {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 1, 2, 4, 8 or 16; of image formats that say it themselves, 8 or whatever the dictionary has. */
  readonly bitsPerComponent: number;
  /** A stencil: its samples say where to paint. */
  readonly isStencil: boolean;
  /** Absent where the dictionary has none, as JPEG 2000 allows; `other` where only pdf.js knows what to do. */
  readonly space: SampleSpace | 'other' | undefined;
  /** Pairs of what the least and the greatest sample mean; absent where that is the default. */
  readonly decode: readonly number[] | undefined;
}

const MAX_PALETTE_BYTES = 256 * 3;

/** Reads an image's dictionary; `undefined` where its size makes no sense. */
export async function describeImage(pdf: PdfFile, image: PdfStream): Promise<ImageDescription | undefined> {
  const get = (key: string): ReturnType<PdfFile['get']> => pdf.get(image.dict, key);
  const widthPx = await get('Width');
  const heightPx = await get('Height');
  if (!isCount(widthPx) || !isCount(heightPx)) return undefined;
  const isStencil = (await get('ImageMask')) === true;
  const bits = await get('BitsPerComponent');
  const bitsPerComponent = isStencil ? 1 : typeof bits === 'number' ? bits : 8;
  const space: ImageDescription['space'] = isStencil ? { kind: 'grey' } : await readSpace(pdf, await get('ColorSpace'));
  const decode = await readNumbers(pdf, await get('Decode'));
  return {
    widthPx,
    heightPx,
    bitsPerComponent,
    isStencil,
    space,
    decode: isDefault(decode, space, bitsPerComponent) ? undefined : decode,
  };
}

function isCount(value: PdfValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}

async function readNumbers(pdf: PdfFile, value: PdfValue): Promise<number[] | undefined> {
  if (!isPdfArray(value)) return undefined;
  const items = await Promise.all(value.slice(0, 64).map((item) => pdf.resolve(item)));
  return items.every((item) => typeof item === 'number') ? items : undefined;
}

function isDefault(decode: readonly number[] | undefined, space: ImageDescription['space'], bits: number): boolean {
  if (!decode) return true;
  const greatest = typeof space === 'object' && space.kind === 'indexed' ? 2 ** bits - 1 : 1;
  return decode.every((value, i) => value === (i % 2 === 0 ? 0 : greatest));
}

async function readSpace(pdf: PdfFile, value: PdfValue): Promise<ImageDescription['space']> {
  if (value === null) return undefined;
  if (isName(value)) return simpleSpace(value.name);
  if (!isPdfArray(value)) return 'other';
  const family = await pdf.resolve(value[0]);
  if (!isName(family)) return 'other';
  if (family.name === 'Indexed' || family.name === 'I') return readIndexed(pdf, value);
  if (family.name === 'ICCBased') return readIccSpace(pdf, await pdf.resolve(value[1]));
  return simpleSpace(family.name);
}

/** Calibrated spaces are taken as the device's: reading does not depend on shades so fine. */
function simpleSpace(name: string): SampleSpace | 'other' {
  if (name === 'DeviceGray' || name === 'G' || name === 'CalGray') return { kind: 'grey' };
  if (name === 'DeviceRGB' || name === 'RGB' || name === 'CalRGB') return { kind: 'rgb' };
  return 'other';
}

async function readIccSpace(pdf: PdfFile, profile: PdfValue): Promise<SampleSpace | 'other'> {
  if (!(profile instanceof PdfStream)) return 'other';
  const alternate = await pdf.get(profile.dict, 'Alternate');
  // A profile of another model with as many components, such as Lab, names it here.
  if (alternate !== null) {
    const space = isName(alternate) ? simpleSpace(alternate.name) : await readSpace(pdf, alternate);
    return typeof space === 'object' ? space : 'other';
  }
  const components = await pdf.get(profile.dict, 'N');
  return components === 1 ? { kind: 'grey' } : components === 3 ? { kind: 'rgb' } : 'other';
}

async function readIndexed(pdf: PdfFile, array: readonly PdfValue[]): Promise<SampleSpace | 'other'> {
  const base = await readSpace(pdf, await pdf.resolve(array[1]));
  if (typeof base !== 'object' || base.kind === 'indexed') return 'other';
  const table = await pdf.resolve(array[3]);
  const bytes =
    table instanceof PdfString
      ? table.bytes
      : table instanceof PdfStream
        ? (await pdf.decodeStream(table, { maxBytes: 64 * 1024, stopAtImageFilter: false })).bytes
        : undefined;
  if (!bytes) return 'other';
  return { kind: 'indexed', palette: base.kind === 'rgb' ? fit(bytes) : fit(widen(bytes.subarray(0, 256))) };
}

function widen(grey: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: grey.length * 3 }, (_, i) => grey[Math.floor(i / 3)] as number);
}

/** 256 colours, black where the file has fewer. */
function fit(palette: Uint8Array): Uint8Array {
  const out = new Uint8Array(MAX_PALETTE_BYTES);
  out.set(palette.subarray(0, MAX_PALETTE_BYTES));
  return out;
}
