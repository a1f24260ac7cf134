import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { DocumentError, PageError } from '../../src/core/errors.ts';
import { readContent } from '../../src/pdf/content-stream.ts';
import { PdfFile } from '../../src/pdf/pdf-file.ts';
import { Scratch, textDocument } from './pdf-builder.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const SOURCES = [textDocument(3), textDocument(3, { packed: true })];

/** Reads all that can be read; anything but the errors that are promised is a failure. */
async function readAll(bytes: Uint8Array): Promise<'opened' | 'refused'> {
  let pdf: PdfFile;
  try {
    pdf = await PdfFile.open(scratch.file('fuzz.pdf', bytes));
  } catch (error) {
    if (error instanceof DocumentError) return 'refused';
    throw error;
  }
  try {
    for (let n = 1; n <= Math.min(pdf.pageCount, 50); n++) await readPage(pdf, n);
    return 'opened';
  } finally {
    await pdf.close();
  }
}

async function readPage(pdf: PdfFile, pageNumber: number): Promise<void> {
  try {
    const page = await pdf.page(pageNumber);
    for (const stream of await pdf.contentsOf(page)) {
      const { bytes } = await pdf.decodeStream(stream, { maxBytes: 1 << 20, stopAtImageFilter: false });
      for (const { op } of readContent(bytes)) expect(typeof op).toBe('string');
    }
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
  }
}

describe('damaged files settle with pages or a DocumentError', () => {
  test('cut off after any byte', async () => {
    for (const source of SOURCES) {
      const outcomes = new Set<string>();
      for (let length = 0; length < source.length; length += 3) outcomes.add(await readAll(source.subarray(0, length)));
      expect(outcomes).toEqual(new Set(['refused', 'opened']));
    }
  });

  test('with bytes changed', async () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SOURCES),
        fc.array(change, { minLength: 1, maxLength: 40 }),
        async (source, changes) => {
          const bytes = Uint8Array.from(source);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          expect(['opened', 'refused']).toContain(await readAll(bytes));
        },
      ),
      { numRuns: 400 },
    );
  });

  test('with numbers and words changed for hostile ones', async () => {
    const hostile = [
      '0',
      '-1',
      '99999999999999999999',
      '4294967296',
      'null',
      '[',
      '<<',
      '2 0 R',
      '1 0 R',
      '/Pages',
      'endobj',
      'stream',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SOURCES), fc.nat(), fc.constantFrom(...hostile), async (source, at, word) => {
        const text = source.toString('latin1');
        const tokens = [...text.matchAll(/\d+|\/\w+|obj|endobj|stream|<<|>>|\[|\]/gu)];
        const token = tokens[at % tokens.length];
        if (!token) throw new Error('no token');
        const changed = text.slice(0, token.index) + word + text.slice(token.index + token[0].length);
        expect(['opened', 'refused']).toContain(await readAll(Buffer.from(changed, 'latin1')));
      }),
      { numRuns: 400 },
    );
  });
});
