import { displayPage } from '../core/displayed-page.ts';
import type { PageResult } from '../core/page.ts';
import type { DocumentHeader } from './document-header.ts';
import { pageText, wordText } from './plain-text.ts';

/** Writes a document as one JSON object a line, one line a page; docs/formats.md names the fields. */
export async function* writeJsonl(header: DocumentHeader, pages: AsyncIterable<PageResult>): AsyncGenerator<string> {
  for await (const page of pages) yield `${JSON.stringify(pageObject(header, page))}\n`;
}

function pageObject(header: DocumentHeader, page: PageResult): object {
  const shown = displayPage(page);
  const words = page.blocks.flatMap((block, b) =>
    block.paragraphs.flatMap((paragraph, p) =>
      paragraph.lines.flatMap((line, l) =>
        line.words.map((word) => ({
          text: wordText(word.text),
          box: shown.place(word.box),
          confidence: Math.round(word.confidence * 10) / 10,
          block: b + 1,
          paragraph: p + 1,
          line: l + 1,
        })),
      ),
    ),
  );
  return {
    document: header.documentPath,
    sha1: header.sha1,
    pageNumber: page.pageNumber,
    pageCount: header.pageCount,
    state: page.state,
    ...(page.error ? { reason: page.error.message, code: page.error.code } : {}),
    ...(page.damage ? { damage: page.damage } : {}),
    confidence: page.confidence === undefined ? null : Math.round(page.confidence * 10) / 10,
    language: header.language,
    widthPx: shown.widthPx,
    heightPx: shown.heightPx,
    dpi: shown.dpi,
    textAngleDeg: shown.textAngleDeg,
    text: pageText(page),
    words,
  };
}
