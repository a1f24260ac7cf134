import { displayPage } from '../core/displayed-page.ts';
import type { BoxPx } from '../core/geometry.ts';
import type { PageResult } from '../core/page.ts';
import { wordText } from './plain-text.ts';

const COLUMNS = 'level page_num block_num par_num line_num word_num left top width height conf text';

/**
 * Writes a document as a table with tesseract(1)'s columns: level 1 page, 2 block, 3 paragraph, 4 line, 5 word. Boxes are
 * pixels of the page image as displayed; `conf` is -1 but for words.
 */
export async function* writeTsv(pages: AsyncIterable<PageResult>): AsyncGenerator<string> {
  yield `${COLUMNS.replaceAll(' ', '\t')}\n`;
  for await (const page of pages) yield pageRows(page).join('');
}

function pageRows(page: PageResult): string[] {
  const shown = displayPage(page);
  const rows: string[] = [];
  const add = (
    level: number,
    counts: readonly number[],
    [left, top, right, bottom]: BoxPx,
    confidence: string,
    text: string,
  ): void => {
    const numbers = [level, page.pageNumber, ...counts, ...Array.from({ length: 4 - counts.length }, () => 0)];
    rows.push(`${[...numbers, left, top, right - left, bottom - top, confidence, text].join('\t')}\n`);
  };
  add(1, [], [0, 0, shown.widthPx, shown.heightPx], '-1', '');
  for (const [b, block] of page.blocks.entries()) {
    add(2, [b + 1], shown.place(block.box), '-1', '');
    for (const [p, paragraph] of block.paragraphs.entries()) {
      add(3, [b + 1, p + 1], shown.place(paragraph.box), '-1', '');
      for (const [l, line] of paragraph.lines.entries()) {
        add(4, [b + 1, p + 1, l + 1], shown.place(line.box), '-1', '');
        for (const [w, word] of line.words.entries()) {
          add(5, [b + 1, p + 1, l + 1, w + 1], shown.place(word.box), word.confidence.toFixed(2), wordText(word.text));
        }
      }
    }
  }
  return rows;
}
