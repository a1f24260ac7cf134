import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PageDivisions } from '../../src/engines/page-divisions.ts';

const HEAD = `<?xml version="1.0"?>\n<html><head><title>a > b</title></head><body>\n`;
const PAGE = `  <div class='ocr_page' title='image "/dev/fd/3"; bbox 0 0 9 9'>
   <div class='ocr_carea'><p><span class='ocrx_word'>Größe &lt;div&gt; 字</span></p>
   </div>
   <div class="ocr_photo"></div>
  </div>\n`;

test('a page is whole with the end of its outermost division, wherever the pieces are cut', () => {
  const bytes = Buffer.from(HEAD + PAGE);
  const end = bytes.lastIndexOf('</div>') + '</div>'.length;
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const divisions = new PageDivisions();
      const whole: number[] = [];
      for (const [index, from] of edges.entries()) {
        const to = edges[index + 1];
        if (to !== undefined && divisions.take(bytes.subarray(from, to))) whole.push(to);
      }
      expect(whole).toEqual([edges.find((edge) => edge >= end)]);
    }),
  );
});

test('a page that is not closed is not whole', () => {
  const divisions = new PageDivisions();
  expect(divisions.take(Buffer.from(HEAD + PAGE.slice(0, PAGE.lastIndexOf('</div>'))))).toBe(false);
  expect(divisions.take(Buffer.from('</div'))).toBe(false);
  expect(divisions.take(Buffer.from('>'))).toBe(true);
});
