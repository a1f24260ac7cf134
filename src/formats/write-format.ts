import type { PageResult } from '../core/page.ts';
import type { OutputFormat } from '../core/settings.ts';
import { writeAlto } from './alto.ts';
import type { DocumentHeader } from './document-header.ts';
import { writeHocr } from './hocr.ts';
import { writeJsonl } from './jsonl.ts';
import { writePlainText } from './plain-text.ts';
import { writeTsv } from './tsv.ts';

/** Writes a document in one of the text formats, a page at a time: memory does not grow with the pages. */
export function writeFormat(
  format: Exclude<OutputFormat, 'pdf'>,
  header: DocumentHeader,
  pages: AsyncIterable<PageResult>,
): AsyncIterable<string> {
  switch (format) {
    case 'txt':
      return writePlainText(pages);
    case 'hocr':
      return writeHocr(header, pages);
    case 'alto':
      return writeAlto(header, pages);
    case 'tsv':
      return writeTsv(pages);
    case 'jsonl':
      return writeJsonl(header, pages);
  }
}
