import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NeedMoreBytes, PdfSyntaxError } from '../../src/pdf/byte-cursor.ts';
import { ObjectParser } from '../../src/pdf/object-parser.ts';
import { PdfDict, PdfName, PdfRef, PdfString, type PdfValue } from '../../src/pdf/pdf-value.ts';
import { writeNumber, writeValue } from '../../src/pdf/write-value.ts';

function parse(text: string): PdfValue {
  return new ObjectParser(Buffer.from(text, 'latin1'), { references: true, complete: true }).readValue();
}

function stringOf(text: string): string {
  const value = parse(text);
  return value instanceof PdfString ? Buffer.from(value.bytes).toString('latin1') : 'no string';
}

const name = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  minLength: 1,
});
const values = fc.letrec<{ value: PdfValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<PdfValue>(null, true, false),
    fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 64),
    name.map((text) => new PdfName(text)),
    fc.uint8Array().map((bytes) => new PdfString(bytes)),
    fc.tuple(fc.nat(8_000_000), fc.nat(65535)).map(([num, gen]) => new PdfRef(num, gen)),
    fc.array(tie('value')),
    fc.array(fc.tuple(name, tie('value'))).map((entries) => new PdfDict(entries)),
  ),
})).value;

describe('reading objects', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(parse(writeValue(value))).toEqual(value);
      }),
    );
  });

  test.each([
    ['--5', -5],
    ['+.5', 0.5],
    ['-.002', -0.002],
    ['4.', 4],
    ['1.2-3', 1.23],
    ['007', 7],
  ])('the number %s as viewers take it', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  test('escapes in strings', () => {
    expect(stringOf(String.raw`(a\(b\)\\ \101\7\n(in)ner)`)).toBe('a(b)\\ A\u0007\n(in)ner');
    expect(stringOf('(one\\\ntwo\r\nthree)')).toBe('onetwo\nthree');
    expect(stringOf('<48 65 6C6c6F 7>')).toBe('Hellop');
  });

  test('names with escapes, and dictionaries without an end', () => {
    expect(parse('/A#20B#2f')).toEqual(new PdfName('A B/'));
    expect(parse('<</A 1 /B [2 3 endobj')).toEqual(
      new PdfDict([
        ['A', 1],
        ['B', [2, 3]],
      ]),
    );
  });

  test('references only where the letter follows', () => {
    expect(parse('[1 0 R 2 0 3 0 R]')).toEqual([new PdfRef(1, 0), 2, 0, new PdfRef(3, 0)]);
    expect(parse('[0 0 612 792]')).toEqual([0, 0, 612, 792]);
  });

  test('nesting beyond reason ends in null, not in an overflow of the stack', () => {
    expect(parse(`[${'['.repeat(200_000)}`)).toHaveLength(1);
    const dict = parse(`<</Deep ${'['.repeat(30_000)}${']'.repeat(30_000)} /Pages 2 0 R>>`);
    expect(dict instanceof PdfDict && dict.get('Pages')).toEqual(new PdfRef(2, 0));
  });

  test('an object that holds too much is refused', () => {
    expect(() => parse(`[${'[]'.repeat(600_000)}]`)).toThrow(PdfSyntaxError);
  });

  test('bytes that end within an object ask for more', () => {
    for (const text of ['<</A 1', '(abc', '[1 2', '/Nam', '12', '12 0', '<48'])
      expect(() => new ObjectParser(Buffer.from(text), { references: true, complete: false }).read()).toThrow(
        NeedMoreBytes,
      );
  });
});

describe('writing numbers', () => {
  test.each([
    [1e-7, '0'],
    [-1e-9, '0'],
    [0.1 + 0.2, '0.3'],
    [1e21, '1000000000000000000000'],
    [-12.5, '-12.5'],
    [Number.NaN, '0'],
  ])('%d as %s', (value, text) => {
    expect(writeNumber(value)).toBe(text);
  });
});
