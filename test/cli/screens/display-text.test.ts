import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakText, displayWidth, padEnd, truncate, truncateMiddle } from '../../../src/cli/screens/display-text.ts';

describe('columns that text takes on a terminal', () => {
  test.each([
    ['scan.pdf', 8],
    ['Überweisung', 11],
    ['U\u0308berweisung', 11],
    ['請求書.pdf', 10],
    ['한글', 4],
    ['ｶﾞｷﾞ', 4],
    ['\u{1f469}\u200d\u{1f469}\u200d\u{1f467}', 2],
    ['\u{1f1e9}\u{1f1ea}', 2],
    ['\u2764\ufe0f', 2],
    ['हिन्दी', 5],
  ])('%s takes %i', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  test('an accent stays with its letter, and the parts of an emoji together, where a name is cut', () => {
    expect(truncate('e\u0301e\u0301e\u0301e\u0301e\u0301', 4)).toBe('e\u0301...');
    const family = '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}';
    expect(truncate(`${family}${family}${family}`, 5)).toBe(`${family}...`);
    expect(breakText(`${family}${family}`, 2)).toEqual([family, family]);
    expect(truncateMiddle(`letters-and-more-${family}`, 9)).toBe(`let...-${family}`);
  });

  test('no cut is wider than asked, and no break loses anything', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 8, max: 80 }), (text, width) => {
        expect(displayWidth(truncate(text, width))).toBeLessThanOrEqual(width);
        expect(displayWidth(truncateMiddle(text, width))).toBeLessThanOrEqual(width);
        expect(displayWidth(padEnd(text, width))).toBeGreaterThanOrEqual(Math.min(width, displayWidth(text)));
        expect(breakText(text, width).join('')).toBe(text);
      }),
    );
  });
});
