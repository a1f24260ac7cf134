import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDENTITY } from '../../src/core/geometry.ts';
import type { Block } from '../../src/core/page.ts';
import { TEXT_MODES } from '../../src/core/settings.ts';
import { countLettersAndDigits, decideText, type PageText } from '../../src/core/text-layer.ts';

const WIDTH = 600;
const HEIGHT = 800;

/** A page whose text is one line at each of these heights, each of the given text. */
function pageText(
  change: Partial<PageText> & { readonly lineTops?: readonly number[]; readonly lineText?: string },
): PageText {
  const { lineTops = [], lineText = 'twenty letters in one line', ...rest } = change;
  const blocks: Block[] = lineTops.map((top) => {
    const box = [100, top, 500, top + 12] as const;
    return {
      box,
      paragraphs: [{ box, direction: 'ltr', lines: [{ box, words: [{ text: lineText, box, confidence: 100 }] }] }],
    };
  });
  return {
    blocks,
    image: { widthPx: WIDTH, heightPx: HEIGHT, dpi: 72, toPoints: IDENTITY },
    visibleCharacters: 0,
    invisibleCharacters: 0,
    unreadableShare: 0,
    imageShare: 1,
    textSpread: lineTops.length < 2 ? 0.02 : (Math.max(...lineTops) - Math.min(...lineTops)) / HEIGHT,
    lineCount: lineTops.length,
    ...rest,
  };
}

const PAGE_OF_LINES = Array.from({ length: 30 }, (_, i) => 100 + i * 20);

const CASES: readonly (readonly [what: string, text: PageText, skip: string, redo: string])[] = [
  ['a bare scan', pageText({}), 'read', 'read'],
  ['a page without anything', pageText({ imageShare: 0 }), 'read', 'read'],
  [
    'a born-digital page',
    pageText({ lineTops: PAGE_OF_LINES, visibleCharacters: 690, imageShare: 0.1 }),
    'keep',
    'keep',
  ],
  [
    'a born-digital title page of one line',
    pageText({ lineTops: [300], visibleCharacters: 23, imageShare: 0 }),
    'keep',
    'keep',
  ],
  [
    'a born-digital page on a full picture',
    pageText({ lineTops: PAGE_OF_LINES, visibleCharacters: 690 }),
    'keep',
    'keep',
  ],
  ['an OCR layer on a scan', pageText({ lineTops: PAGE_OF_LINES, invisibleCharacters: 690 }), 'keep', 'replace'],
  ['an OCR layer of a sparse page', pageText({ lineTops: [300, 320], invisibleCharacters: 46 }), 'keep', 'replace'],
  [
    'a stray invisible letter on a scan',
    pageText({ lineTops: [300], lineText: 'x', invisibleCharacters: 1 }),
    'replace',
    'replace',
  ],
  [
    'a stamp on a scan',
    pageText({ lineTops: [780], lineText: 'Digitized by Google', visibleCharacters: 17 }),
    'read',
    'read',
  ],
  [
    'a three-line download notice at the foot of a scan',
    pageText({ lineTops: [758, 770, 782], lineText: 'x'.repeat(80), visibleCharacters: 240 }),
    'read',
    'read',
  ],
  [
    'notices at head and foot of a scan',
    pageText({ lineTops: [5, 18, 758, 770, 782], lineText: 'x'.repeat(80), visibleCharacters: 400 }),
    'read',
    'read',
  ],
  [
    'a filing stamp of five close lines on a scan',
    pageText({ lineTops: [300, 312, 324, 336, 348], lineText: 'x'.repeat(20), visibleCharacters: 100 }),
    'read',
    'read',
  ],
  [
    'an OCR layer without Unicode',
    pageText({ lineTops: PAGE_OF_LINES, invisibleCharacters: 690, unreadableShare: 0.6 }),
    'replace',
    'replace',
  ],
  [
    'a born-digital page without Unicode',
    pageText({ lineTops: PAGE_OF_LINES, visibleCharacters: 690, unreadableShare: 0.6, imageShare: 0 }),
    'read',
    'read',
  ],
];

describe('decideText', () => {
  it.each(CASES)('%s', (_what, text, skip, redo) => {
    expect(decideText(text, 'skip')).toBe(skip);
    expect(decideText(text, 'redo')).toBe(redo);
  });

  const anyText = fc
    .record({
      visibleCharacters: fc.nat(5000),
      invisibleCharacters: fc.nat(5000),
      unreadableShare: fc.double({ min: 0, max: 1, noNaN: true }),
      imageShare: fc.double({ min: 0, max: 1, noNaN: true }),
      lineTops: fc.array(fc.integer({ min: 0, max: HEIGHT }), { maxLength: 40 }),
    })
    .map(pageText);

  it('with force reads every page', () => {
    fc.assert(fc.property(anyText, (text) => decideText(text, 'force') !== 'keep'));
  });

  it('replaces exactly where it reads a page that holds invisible text', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...TEXT_MODES), (text, mode) => {
        const decision = decideText(text, mode);
        return decision === 'keep' || (decision === 'replace') === text.invisibleCharacters > 0;
      }),
    );
  });

  it('never keeps with redo what it does not keep with skip', () => {
    fc.assert(
      fc.property(anyText, (text) => decideText(text, 'skip') === 'keep' || decideText(text, 'redo') !== 'keep'),
    );
  });

  it('never keeps a page without letters', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...TEXT_MODES), (text, mode) => {
        return decideText({ ...text, visibleCharacters: 0, invisibleCharacters: 0 }, mode) === 'read';
      }),
    );
  });
});

describe('countLettersAndDigits', () => {
  it('counts letters and digits of any script, and nothing else', () => {
    expect(countLettersAndDigits('a-1 \u05d0\u4e2d\u{10380}! \ufffd')).toBe(5);
    expect(countLettersAndDigits('')).toBe(0);
  });
});
