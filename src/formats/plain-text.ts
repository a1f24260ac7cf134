import type { PageResult } from '../core/page.ts';

/** The text of one page in reading order: lines by `\n`, paragraphs by a blank line, NFC; empty where none was read. */
export function pageText(page: Pick<PageResult, 'blocks'>): string {
  const paragraphs = page.blocks.flatMap(({ paragraphs: all }) =>
    all.map(({ lines }) => lines.map(({ words }) => words.map(({ text }) => text).join(' ')).join('\n')),
  );
  return clean(paragraphs.filter((text) => text !== '').join('\n\n'));
}

/** Takes out what would break the text's own marks: form feeds and other control characters. */
function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.normalize('NFC').replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f]/g, '');
}

/** A document's text: pages in order, one form feed between them, so that page n is the nth part; ends with a line end. */
export async function* writePlainText(pages: AsyncIterable<PageResult>): AsyncGenerator<string> {
  let first = true;
  for await (const page of pages) {
    yield `${first ? '' : '\f'}${pageText(page)}\n`;
    first = false;
  }
}
