import type { ByteSource } from './byte-source.ts';
import { NeedMoreBytes, PdfSyntaxError } from './byte-cursor.ts';
import { ObjectParser, type ParserOptions } from './object-parser.ts';

/** An object or a cross-reference table that takes more is refused; 100,000 pages in one array take 1 MiB. */
const MAX_WINDOW_BYTES = 64 * 1024 * 1024;
const FIRST_WINDOW_BYTES = 1024;

/**
 * Parses what stands at an offset, reading as much of the file as that takes.
 * @throws {PdfSyntaxError} it is too large, or `parse` throws it.
 */
export async function parseAt<T>(
  source: ByteSource,
  offset: number,
  options: Omit<ParserOptions, 'complete' | 'position'>,
  parse: (parser: ObjectParser) => T,
): Promise<T> {
  for (let lengthBytes = FIRST_WINDOW_BYTES; lengthBytes <= MAX_WINDOW_BYTES; lengthBytes *= 8) {
    const bytes = await source.read(offset, lengthBytes);
    try {
      return parse(new ObjectParser(bytes, { ...options, complete: offset + lengthBytes >= source.sizeBytes }));
    } catch (error) {
      if (!(error instanceof NeedMoreBytes)) throw error;
    }
  }
  throw new PdfSyntaxError('object too large');
}
