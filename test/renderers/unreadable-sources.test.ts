import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DocumentError, PageError, TransientError, type PipelineError } from '../../src/core/errors.ts';
import { PageKids } from '../../src/pdf/page-kids.ts';
import { PdfFile } from '../../src/pdf/pdf-file.ts';
import { PdfDict, PdfRef } from '../../src/pdf/pdf-value.ts';
import { readImageFile } from '../../src/renderers/image-files.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { readPageContent } from '../../src/renderers/read-page-content.ts';
import { markedPage, samplePdf, withFile } from '../conformance/page-renderer-samples.ts';

const CALM = new AbortController().signal;
const SAMPLE = samplePdf([markedPage([0, 0, 72, 72], [9, 9, 20, 20])]);

describe('a scan that cannot be read', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unreadable-'));
    await writeFile(join(folder, 'file'), 'x');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const openPdf = (file: string): Promise<unknown> => createPdfjsRenderer().open(file, { megapixels: 20 }, CALM);
  const openImage = (file: string): Promise<unknown> => readImageFile(file, 20);

  it.each([
    ['was moved away', 'gone.pdf', openPdf, 'SOURCE_GONE'],
    ['was moved away with its folder', 'file/gone.pdf', openPdf, 'SOURCE_GONE'],
    ['became a folder', '.', openPdf, 'SOURCE_UNREADABLE'],
    ['has a name that the disk does not take', 'x'.repeat(300), openPdf, 'SOURCE_UNREADABLE'],
    ['is an image that was moved away', 'gone.png', openImage, 'SOURCE_GONE'],
    ['is an image with a name that the disk does not take', 'x'.repeat(300), openImage, 'SOURCE_UNREADABLE'],
  ])('as it %s fails by itself, and says so', async (_what, name, open, code) => {
    const file = join(folder, name);
    const error = await open(file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DocumentError);
    expect(error).toMatchObject({ code, scope: 'document', exitCode: 65 });
    expect((error as Error).message).toContain(file);
  });
});

describe('a disk that fails while a page is read', () => {
  const refusals: readonly (readonly [string, PipelineError])[] = [
    ['the file', new DocumentError('SOURCE_UNREADABLE', 'The file cannot be read: the disk reports an error (EIO).')],
    ['this machine', new TransientError('SYSTEM_LIMIT', 'No more files.', {}, { scope: 'environment' })],
  ];

  it.each(refusals)('is not told as damage of the page, but of %s', async (_what, refusal) => {
    await withFile(SAMPLE, async (file) => {
      await using pdf = await PdfFile.open(file);
      const page = await pdf.page(1);
      const failing = { contentsOf: () => pdf.contentsOf(page), decodeStream: () => Promise.reject(refusal) };
      await expect(readPageContent(failing as unknown as PdfFile, page)).rejects.toBe(refusal);
    });
  });

  it.each(refusals)(
    'makes no empty page in a result that is written anew, but is told as that of %s',
    async (_, refusal) => {
      const kids = async (failure: PipelineError): Promise<PdfDict | undefined> => {
        const ref = new PdfRef(5, 0);
        const page = (): Promise<never> => Promise.reject(failure);
        const pdf = { pageCount: 1, pageRef: () => ref, page } as unknown as PdfFile;
        const made = await PageKids.of(pdf, { allocate: () => new PdfRef(9, 0) });
        return await made.complete(ref, new PdfDict());
      };
      await expect(kids(refusal)).rejects.toBe(refusal);
      await expect(kids(new PageError('PAGE_DAMAGED', 'No dictionary.'))).resolves.toBeDefined();
    },
  );
});
