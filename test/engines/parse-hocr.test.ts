import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wordsOf } from '../../src/core/page.ts';
import { decodeEntities, parseHocr } from '../../src/engines/parse-hocr.ts';

const PAGE = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head><title>a &lt; b</title><meta name='ocr-system' content='tesseract 5.3.0' /></head>
 <body>
  <div class='ocr_page' id='page_1' title='image "a > b.png"; bbox 0 0 2550 3300; ppageno 0; scan_res 300 300'>
   <div class='ocr_photo' id='block_1_1' title="bbox 10 10 90 90"></div>
   <div class='ocr_carea' id='block_1_2' title="bbox 582 131 1969 303">
    <p class='ocr_par' id='par_1_1' lang='eng' title="bbox 582 131 1969 303">
     <span class='ocr_header' id='line_1_1' title="bbox 882 131 1658 217; baseline 0.001 -17; x_size 85; x_descenders 16">
      <span class='ocrx_word' id='word_1_1' title='bbox 882 132 1036 202; x_wconf 93'>The</span>
      <span class='ocrx_word' id='word_1_2' title='bbox 1061 131 1658 217; x_wconf 91.5'><strong><em>Smith &amp; Co&#39;s</em></strong></span>
     </span>
     <span class='ocr_line' id='line_1_2' title="bbox 582 215 1969 303; baseline -2.5e-05 -17">
      <span class='ocrx_word' id='word_1_3' title='bbox 582 215 674 286; x_wconf 96'> </span>
     </span>
    </p>
    <p class='ocr_par' id='par_1_2' lang='heb' dir='rtl' title="bbox 1 2 3 4">
     <span class='ocr_caption' id='line_1_3' title="bbox 1 2 3 4">
      <span class='ocrx_word' id='word_1_4' lang='heb' title='bbox 1 2 3 4; x_wconf 12'>&#x05D0;&#x5D1;</span>
     </span>
    </p>
   </div>
   <div class='ocr_separator' id='block_1_3' title="bbox 5 5 6 900"></div>
  </div>
 </body>
</html>`;

describe('hOCR as Tesseract writes it', () => {
  const { blocks } = parseHocr(PAGE);

  test('gives blocks, paragraphs, lines and words with their boxes', () => {
    expect(blocks).toEqual([
      {
        box: [582, 131, 1969, 303],
        paragraphs: [
          {
            box: [582, 131, 1969, 303],
            direction: 'ltr',
            lines: [
              {
                box: [882, 131, 1658, 217],
                baseline: [0.001, -17],
                words: [
                  { text: 'The', box: [882, 132, 1036, 202], confidence: 93 },
                  { text: "Smith & Co's", box: [1061, 131, 1658, 217], confidence: 91.5 },
                ],
              },
            ],
          },
          {
            box: [1, 2, 3, 4],
            direction: 'rtl',
            lines: [{ box: [1, 2, 3, 4], words: [{ text: '\u05D0\u05D1', box: [1, 2, 3, 4], confidence: 12 }] }],
          },
        ],
      },
    ]);
  });

  test('is read as far as it goes when it is cut off', () => {
    for (let length = 0; length < PAGE.length; length += 7) {
      const words = [...wordsOf(parseHocr(PAGE.slice(0, length)))].map(({ text }) => text);
      expect(['The', "Smith & Co's", '\u05D0\u05D1'].slice(0, words.length)).toEqual(words);
    }
  });
});

describe('other hOCR', () => {
  test('words without a line, and lines without a paragraph, are not lost', () => {
    const page = parseHocr(
      "<div class='ocr_page'><span class='ocrx_word' title='bbox 1 2 3 4; x_wconf 50'>lone</span>" +
        "<span class='ocr_line' title='bbox 5 6 7 8'><span class='ocrx_word' title='bbox 5 6 7 8'>line</span></span></div>",
    );
    expect([...wordsOf(page)]).toEqual([
      { text: 'lone', box: [1, 2, 3, 4], confidence: 50 },
      { text: 'line', box: [5, 6, 7, 8], confidence: 0 },
    ]);
  });

  test('never throws, whatever it is given', () => {
    const pieces = fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      ';',
      '&#',
      '/',
      '!--',
      '-->',
      '</span>',
      '<p>',
      'x',
      '\u0000',
      "<span class='ocrx_word' title='bbox 1 2 3 4'>",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        for (const { text } of wordsOf(parseHocr(parts.join('')))) expect(text.trim()).not.toBe('');
      }),
    );
  });

  test('nested without end is followed only so far', () => {
    const page = `${'<div>'.repeat(100_000)}${'</div>'.repeat(100_000)}<span class='ocrx_word' title='bbox 1 2 3 4'>end</span>`;
    expect([...wordsOf(parseHocr(page))].map(({ text }) => text)).toEqual(['end']);
  });

  test('takes time in proportion to its length', () => {
    // Quadratic time would take minutes for these.
    for (const hostile of [
      '<'.repeat(500_000),
      "<a b='".repeat(200_000),
      '<!--'.repeat(200_000),
      '&#1'.repeat(300_000),
    ]) {
      expect(parseHocr(hostile).blocks).toEqual([]);
      expect(parseHocr(`<span class='ocrx_word' title='bbox 1 2 3 4'>${hostile}`).blocks).toEqual([]);
    }
  });
});

describe('entities', () => {
  test.each([
    ['&lt;&gt;&amp;&quot;&apos;', `<>&"'`],
    ['&#8217;&#x2019;', '\u2019\u2019'],
    ['&#x1F600;', '\u{1F600}'],
    ['&unknown; &#0; &#xD800; &#x110000; & &;', '&unknown; &#0; &#xD800; &#x110000; & &;'],
    ['&amp;lt;', '&lt;'],
  ])('%s', (encoded, text) => {
    expect(decodeEntities(encoded)).toBe(text);
  });
});
