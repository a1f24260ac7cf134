import { createHash } from 'node:crypto';
import { deflateRawSync, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PdfSyntaxError } from '../../src/pdf/byte-cursor.ts';
import { decodeBytes, listFilters } from '../../src/pdf/decode-stream.ts';
import { decodeFlate, OutputLimitError } from '../../src/pdf/flate-decode.ts';
import { isPdfArray, PdfDict, PdfName, type PdfValue } from '../../src/pdf/pdf-value.ts';
import { undoPredictor } from '../../src/pdf/predictor.ts';
import { decodeAscii85, decodeAsciiHex, decodeLzw, decodeRunLength } from '../../src/pdf/simple-decoders.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const latin1 = (value: string): Buffer => Buffer.from(value, 'latin1');

/** Packs codes of growing length as PDF's LZW does; no code is reused, so that the encoder stays simple. */
function encodeLzw(bytes: Uint8Array, earlyChange: number): Uint8Array {
  const codes = new Map<string, number>();
  const bits: number[] = [];
  let next = 258;
  let width = 9;
  const emit = (code: number): void => {
    for (let bit = width - 1; bit >= 0; bit--) bits.push((code >> bit) & 1);
  };
  const codeOf = (part: string): number => (part.length === 1 ? part.charCodeAt(0) : (codes.get(part) ?? -1));
  emit(256);
  let current = '';
  for (const byte of bytes) {
    const longer = current + String.fromCharCode(byte);
    if (codeOf(longer) >= 0) {
      current = longer;
      continue;
    }
    emit(codeOf(current));
    codes.set(longer, next++);
    const grown = next - 1 + earlyChange;
    width = grown >= 2048 ? 12 : grown >= 1024 ? 11 : grown >= 512 ? 10 : 9;
    current = String.fromCharCode(byte);
    if (next >= 4094) {
      emit(256);
      codes.clear();
      next = 258;
      width = 9;
    }
  }
  if (current !== '') {
    emit(codeOf(current));
    const grown = next + earlyChange;
    width = grown >= 2048 ? 12 : grown >= 1024 ? 11 : grown >= 512 ? 10 : 9;
  }
  emit(257);
  const out = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) out[i >> 3] = (out[i >> 3] ?? 0) | (bit << (7 - (i & 7)));
  return out;
}

describe('simple filters', () => {
  test('the example of the LZW filter in ISO 32000-1, 7.4.4.2', () => {
    const encoded = Uint8Array.from([0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01]);
    expect([...decodeLzw(encoded, 1, 100)]).toEqual([45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
  });

  test.each([0, 1])('LZW with early change %i gives back what was packed, through all code lengths', (early) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60, minLength: 1 }), fc.integer({ min: 1, max: 400 }), (part, times) => {
        const bytes = Uint8Array.from(Array.from({ length: times }, (_, i) => [...part, i & 255]).flat());
        expect(Buffer.from(decodeLzw(encodeLzw(bytes, early), early, bytes.length)).equals(bytes)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('ASCII85, with its short form for zeros and a cut last group', () => {
    expect(text(decodeAscii85(latin1('87cURD]i,"Ebo80~>')))).toBe('Hello World!');
    expect([...decodeAscii85(latin1('<~zz!!~>'))]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('ASCIIHex and RunLength', () => {
    expect(text(decodeAsciiHex(latin1('48 65 6c 6C 6f 7>00')))).toBe('Hellop');
    expect(text(decodeRunLength(Uint8Array.from([2, 97, 98, 99, 254, 120, 128, 1]), 100))).toBe('abcxxx');
  });

  test('each stops at the limit', () => {
    expect(() => decodeRunLength(Uint8Array.from([129, 1, 129, 1]), 200)).toThrow(OutputLimitError);
    const long = encodeLzw(new Uint8Array(5000), 1);
    expect(() => decodeLzw(long, 1, 4999)).toThrow(OutputLimitError);
    expect(decodeLzw(long, 1, 5000)).toHaveLength(5000);
  });

  test('never fail on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const out of [
          decodeAscii85(bytes),
          decodeAsciiHex(bytes),
          decodeRunLength(bytes, 1 << 20),
          decodeLzw(bytes, 1, 1 << 20),
        ])
          expect(out).toBeInstanceOf(Uint8Array);
      }),
    );
  });
});

describe('Flate', () => {
  const plain = latin1('A line of text that comes again. '.repeat(2000));

  test('a bomb stops at the limit', async () => {
    const bomb = deflateSync(Buffer.alloc(50_000_000));
    await expect(decodeFlate(bomb, 1_000_000)).rejects.toThrow(OutputLimitError);
  });

  test('what comes before damage is saved', async () => {
    const noise = Buffer.concat(
      Array.from({ length: 2000 }, (_, i) => createHash('sha256').update(String(i)).digest()),
    );
    const packed = deflateSync(noise);
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, packed.length - 2000, packed.length - 1000);
    const saved = await decodeFlate(damaged, 1_000_000);
    expect(saved.length).toBeGreaterThan(20_000);
    expect(Buffer.from(saved.subarray(0, 20_000)).equals(noise.subarray(0, 20_000))).toBe(true);
  });

  test('cut data, data with something behind it, and data without a header are read', async () => {
    const packed = deflateSync(plain);
    expect(text(await decodeFlate(packed.subarray(0, packed.length - 4), 1_000_000))).toBe(text(plain));
    expect(text(await decodeFlate(Buffer.concat([packed, Buffer.from('\r\njunk')]), 1_000_000))).toBe(text(plain));
    const headless = Buffer.concat([Buffer.from([0, 0]), deflateRawSync(plain)]);
    expect(text(await decodeFlate(headless, 1_000_000))).toBe(text(plain));
  });
});

describe('predictors', () => {
  /** Applies one PNG filter to every row. */
  function applyPng(rows: readonly Uint8Array[], type: number, pixelBytes: number): Uint8Array {
    const out: number[] = [];
    for (const [r, row] of rows.entries()) {
      out.push(type);
      for (const [i, value] of row.entries()) {
        const left = i >= pixelBytes ? (row[i - pixelBytes] ?? 0) : 0;
        const up = rows[r - 1]?.[i] ?? 0;
        const corner = i >= pixelBytes ? (rows[r - 1]?.[i - pixelBytes] ?? 0) : 0;
        const guess = left + up - corner;
        const distances = [left, up, corner].map((n) => Math.abs(guess - n));
        const paeth = [left, up, corner][distances.indexOf(Math.min(...distances))] ?? 0;
        out.push((value - ([0, left, up, (left + up) >> 1, paeth][type] ?? 0)) & 255);
      }
    }
    return Uint8Array.from(out);
  }

  test('each PNG filter gives back the rows', () => {
    const shape = fc.record({
      type: fc.nat(4),
      colors: fc.constantFrom(1, 3, 4),
      columns: fc.integer({ min: 1, max: 9 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(shape, ({ type, colors, columns, seed }) => {
        const rows = Array.from({ length: 4 }, (_, r) =>
          Uint8Array.from({ length: colors * columns }, (_, i) => (seed >> (i % 20)) * (r + 3)),
        );
        const encoded = applyPng(rows, type, colors);
        const decoded = undoPredictor(encoded, { predictor: 15, colors, bitsPerComponent: 8, columns });
        expect([...decoded]).toEqual(rows.flatMap((row) => [...row]));
      }),
    );
  });

  test('TIFF differences of 8, 16 and 4 bits', () => {
    const parms = { predictor: 2, colors: 1, columns: 4 };
    expect([...undoPredictor(Uint8Array.from([250, 10, 1, 1]), { ...parms, bitsPerComponent: 8 })]).toEqual([
      250, 4, 5, 6,
    ]);
    expect([...undoPredictor(Uint8Array.from([0, 255, 0, 1, 0, 0, 1, 0]), { ...parms, bitsPerComponent: 16 })]).toEqual(
      [0, 255, 1, 0, 1, 0, 2, 0],
    );
    expect([...undoPredictor(Uint8Array.from([0xe3, 0x01]), { ...parms, bitsPerComponent: 4 })]).toEqual([0xe1, 0x12]);
  });

  test('impossible parameters are refused', () => {
    expect(() =>
      undoPredictor(new Uint8Array(9), { predictor: 12, colors: 1, bitsPerComponent: 8, columns: -1 }),
    ).toThrow(PdfSyntaxError);
    expect(() =>
      undoPredictor(new Uint8Array(9), { predictor: 12, colors: 9e9, bitsPerComponent: 8, columns: 5 }),
    ).toThrow(PdfSyntaxError);
  });
});

describe('chains of filters', () => {
  const filters = (...names: readonly string[]): PdfValue => names.map((name) => new PdfName(name));

  test('are undone in order, short names too, up to an image format', async () => {
    const steps = listFilters(filters('AHx', 'Fl', 'DCTDecode'), [null, null, new PdfDict([['ColorTransform', 0]])]);
    const raw = latin1(deflateSync(latin1('JPEG')).toString('hex'));
    const { bytes, remainingFilter, parms } = await decodeBytes(raw, steps, 1000);
    expect([text(bytes), remainingFilter, parms?.get('ColorTransform')]).toEqual(['JPEG', 'DCTDecode', 0]);
  });

  test('unknown filters, endless chains and image formats inside others are refused', async () => {
    await expect(decodeBytes(latin1('x'), listFilters(new PdfName('Nope'), null), 10)).rejects.toThrow(PdfSyntaxError);
    await expect(decodeBytes(latin1('x'), listFilters(filters('DCT', 'Fl'), null), 10)).rejects.toThrow(PdfSyntaxError);
    const endless = filters(...Array.from({ length: 500 }, () => 'AHx'));
    expect(isPdfArray(endless)).toBe(true);
    expect(() => listFilters(endless, null)).toThrow(PdfSyntaxError);
  });

  test('a limit holds for what is left after a predictor', async () => {
    const rows = deflateSync(Buffer.alloc(11 * 100));
    const steps = listFilters(
      new PdfName('FlateDecode'),
      new PdfDict([
        ['Predictor', 12],
        ['Columns', 10],
      ]),
    );
    expect((await decodeBytes(rows, steps, 1000)).bytes).toHaveLength(1000);
    await expect(decodeBytes(rows, steps, 999)).rejects.toThrow(OutputLimitError);
  });
});
