import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNatural } from '../../src/core/natural-order.ts';

describe('natural order', () => {
  it('puts page 2 before page 10, whatever the Unicode form', () => {
    const names = ['page-10', 'page-2', 'Page-1', 'e\u0301-10', '\u00e9-9'];
    expect([...names].sort(compareNatural)).toEqual(['\u00e9-9', 'e\u0301-10', 'Page-1', 'page-2', 'page-10']);
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        expect(Math.sign(compareNatural(a, b)) + Math.sign(compareNatural(b, a))).toBe(0);
        expect(compareNatural(a, b) === 0).toBe(a === b);
        if (compareNatural(a, b) <= 0 && compareNatural(b, c) <= 0) expect(compareNatural(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
