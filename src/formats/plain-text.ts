import type { Line, PageResult } from '../core/page.ts';

/** The text of one page in reading order: lines by `\n`, paragraphs by a blank line, NFC; empty where none was read. */
export function pageText(page: Pick<PageResult, 'blocks'>): string {
  const paragraphs = page.blocks.flatMap(({ paragraphs: all }) =>
    all.map(({ lines }) =>
      lines
        .map(lineText)
        .filter((line) => line !== '')
        .join('\n'),
    ),
  );
  return paragraphs.filter((text) => text !== '').join('\n\n');
}

function lineText({ words }: Line): string {
  return words
    .map(({ text }) => wordText(text))
    .filter((text) => text !== '')
    .join(' ');
}

/**
 * A word as outputs have it: NFC, without what would break a text's own marks: control characters (form feeds and NEL among
 * them) and the line and paragraph separators of Unicode.
 */
export function wordText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.normalize('NFC').replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '');
}

/** A document's text: pages in order, one form feed between them, so that page n is the nth part; ends with a line end. */
export async function* writePlainText(pages: AsyncIterable<PageResult>): AsyncGenerator<string> {
  let first = true;
  for await (const page of pages) {
    yield `${first ? '' : '\f'}${pageText(page)}\n`;
    first = false;
  }
}
