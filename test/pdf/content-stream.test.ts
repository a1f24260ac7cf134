import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readContent } from '../../src/pdf/content-stream.ts';
import { PdfDict, PdfName, PdfString } from '../../src/pdf/pdf-value.ts';
import { stripInvisibleText } from '../../src/pdf/strip-invisible-text.ts';

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const operators = (text: string): string[] => [...readContent(latin1(text))].map(({ op }) => op);
const strip = (text: string, mode = 0): string =>
  Buffer.from(stripInvisibleText(latin1(text), mode).bytes).toString('latin1');
const tidy = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();

describe('operations', () => {
  test('carry their operands and where they stand', () => {
    const text = '  q 1 0 0 1 -5 .5 cm\n/Im0 Do % comment\n[(a) -20 <62>] TJ Q';
    const found = [...readContent(latin1(text))];
    expect(found.map(({ op }) => op)).toEqual(['q', 'cm', 'Do', 'TJ', 'Q']);
    expect(found[1]?.args).toEqual([1, 0, 0, 1, -5, 0.5]);
    expect(found[2]?.args).toEqual([new PdfName('Im0')]);
    expect(found[3]?.args).toEqual([[new PdfString(latin1('a')), -20, new PdfString(latin1('b'))]]);
    expect(found.map(({ start, end }) => text.slice(start, end))).toEqual([
      'q',
      '1 0 0 1 -5 .5 cm',
      '/Im0 Do',
      '[(a) -20 <62>] TJ',
      'Q',
    ]);
  });

  test('inline images are one operation, whatever their bytes', () => {
    const text = 'q BI /W 4 /H 2 /BPC 8 /CS /G ID ab EI cdEI Q\nS EI Q f';
    const image = [...readContent(latin1('BI /W 4 /H 2 /BPC 8 /CS /G ID EI Q EI \nEI Q'))][0];
    expect(operators(text).slice(0, 2)).toEqual(['q', 'EI']);
    expect(image?.op).toBe('EI');
    expect(image?.imageData && Buffer.from(image.imageData).toString('latin1')).toBe('EI Q EI ');
    expect(image?.args[0] instanceof PdfDict && image.args[0].get('CS')).toEqual(new PdfName('G'));
    const filtered = [...readContent(latin1('BI /W 9 /H 9 /F /Fl ID \u0001\u0002 EI\u0003 xx EI Q'))];
    expect(filtered.map(({ op }) => op)).toEqual(['EI', 'Q']);
  });

  test('damaged content ends, and never throws', () => {
    expect(operators('BI /W 5 ID never ends')).toEqual(['EI']);
    expect(operators('1 2 (unclosed')).toEqual([]);
    expect(operators(`${'1 '.repeat(1000)}m l`)).toEqual(['m', 'l']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        for (const { start, end } of readContent(bytes)) expect(end).toBeGreaterThanOrEqual(start);
      }),
    );
  });
});

describe('taking out invisible text', () => {
  test('leaves all else byte for byte', () => {
    const visible = 'q 1 0 0 1 0 0 cm /Im0 Do Q BT /F1 9 Tf (seen) Tj ET BI /W 1 /H 1 /IM true ID x EI';
    expect(strip(visible)).toBe(visible);
    expect(stripInvisibleText(latin1(visible), 0).changed).toBe(false);
    const old = (shown: string): string => `q BT 3 Tr /F1 9 Tf 1 0 0 1 5 5 Tm ${shown} ET Q ${visible}`;
    expect(strip(old('(old) Tj [(te) 5 (xt)] TJ'))).toBe(old('   '));
  });

  test('follows the rendering mode through q and Q, and from outside', () => {
    expect(tidy(strip('3 Tr q 0 Tr BT (a) Tj ET Q BT (b) Tj ET'))).toBe('3 Tr q 0 Tr BT (a) Tj ET Q BT ET');
    expect(tidy(strip('BT (a) Tj 0 Tr T* (b) Tj ET', 3))).toBe('BT 0 Tr T* (b) Tj ET');
    expect(tidy(strip('BT 7 Tr (clip) Tj ET'))).toBe('BT 7 Tr (clip) Tj ET');
  });

  test('keeps what the line operators do beside showing', () => {
    expect(tidy(strip('BT 3 Tr (a) \' 2 1 (b) " ET'))).toBe('BT 3 Tr T* 2 Tw 1 Tc T* ET');
  });

  test('leaves invisible text that visible text of the same line stands behind', () => {
    const mixed = 'BT 3 Tr (a) Tj 0 Tr (b) Tj ET';
    expect(strip(mixed)).toBe(mixed);
    expect(tidy(strip('BT 3 Tr (a) Tj 0 Tr 9 9 Td (b) Tj ET'))).toBe('BT 3 Tr 0 Tr 9 9 Td (b) Tj ET');
  });

  test('tells which forms are drawn, and in which mode', () => {
    const { drawn } = stripInvisibleText(latin1('/A Do 3 Tr /B Do /A Do'), 0);
    expect([...drawn]).toEqual([
      ['A', 0],
      ['B', 3],
    ]);
  });
});
