import { InternalError } from '../core/errors.ts';
import type { PageResult } from '../core/page.ts';
import type { OutputFormat } from '../core/settings.ts';
import { writePlainText } from './plain-text.ts';

/** What a format may say of the document as a whole. */
export interface DocumentHeader {
  /** As people know it. */
  readonly documentPath: string;
  readonly sha1: string;
  readonly pageCount: number;
  readonly language: string;
  readonly engine: string;
  readonly engineVersion: string;
  readonly programVersion: string;
}

/** Writes a document in one of the text formats, a page at a time. */
export function writeFormat(format: Exclude<OutputFormat, 'pdf'>, _header: DocumentHeader, pages: AsyncIterable<PageResult>): AsyncIterable<string | Uint8Array> {
  if (format === 'txt') return writePlainText(pages);
  throw new InternalError('NOT_WIRED', `Format ${format} is not there yet.`);
}
