import { expect, test } from 'vitest';
import { describeDamage, isDamaged } from '../../src/core/describe-damage.ts';

test('a sound document is not called damaged', () => {
  expect(describeDamage({ pageCount: 3, repaired: false })).toBeUndefined();
  expect(isDamaged({ pageCount: 3, damage: new Map() })).toBe(false);
});

test('what is damaged is told with its pages, and what is known to be lost', () => {
  expect(
    describeDamage({
      pageCount: 11,
      repaired: true,
      repair: { isCut: true, statedPages: 14 },
      damage: new Map([
        [11, [{ part: 'image', kind: 'cut', filter: 'DCTDecode' }]],
        [9, [{ part: 'image', kind: 'cut' }]],
        [2, [{ part: 'content', kind: 'corrupt' }]],
      ]),
    }),
  ).toBe(
    'the file is cut short and was repaired; 11 of its 14 pages were found; the content is damaged on page 2; ' +
      'the picture ends early on pages 9, 11',
  );
});

test('a repaired file is told as such, also where all that was found is whole, and by runs that kept no more than that', () => {
  expect(describeDamage({ pageCount: 2, repaired: true })).toBe(
    'the file was damaged and repaired; what was found could be decoded whole',
  );
});
