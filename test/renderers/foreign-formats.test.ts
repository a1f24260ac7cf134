import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { withFile } from '../conformance/page-renderer-samples.ts';
import { typedPdf } from '../support/typed-pdf.ts';

const CALM = new AbortController().signal;
const pdf = typedPdf(['One', 'Two']);

/** A local file header of a ZIP archive and what it holds, as it is: no compression hides the PDF in it. */
function storedZip(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt32LE(content.length, 18);
  head.writeUInt32LE(content.length, 22);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, Buffer.from(name), content]);
}

function pageCountOf(bytes: Uint8Array): Promise<number> {
  return withFile(bytes, async (file) => {
    const document = await createPdfjsRenderer().open(file, { megapixels: 10 }, CALM);
    const { pageCount } = document;
    await document.close();
    return pageCount;
  });
}

const tar = Buffer.concat([Buffer.alloc(512), pdf]);
tar.write('a.pdf', 0);
tar.write('ustar', 257);

describe('what a file is, is decided by its first bytes', () => {
  it.each([
    ['an uncompressed ZIP archive with PDFs in it', storedZip('a.pdf', pdf), 'ZIP archive'],
    ['a Word document with a PDF in it', storedZip('[Content_Types].xml', pdf), 'Office document'],
    ['a picture with a PDF behind it', Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), pdf]), 'JPEG picture'],
    ['a PNG picture', Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), pdf]), 'PNG picture'],
    ['a gzip archive', gzipSync(pdf), 'gzip archive'],
    ['a tar archive', tar, 'tar archive'],
    ['a web page', Buffer.concat([Buffer.from(`<html>${' '.repeat(1100)}`), pdf]), 'web page'],
    ['a PostScript document', Buffer.concat([Buffer.from(`%!PS-Adobe-3.0\n${' '.repeat(1100)}`), pdf]), 'PostScript'],
  ])('%s is no PDF', async (_, bytes, words) => {
    const opening = pageCountOf(bytes);
    await expect(opening).rejects.toMatchObject({ code: 'PDF_NOT_A_PDF' });
    await expect(opening).rejects.toThrow(words);
  });

  it('an empty file is told as empty', async () => {
    await expect(pageCountOf(Buffer.alloc(0))).rejects.toMatchObject({ code: 'PDF_EMPTY' });
  });

  it.each([
    ['noise', createHash('sha512').update('noise').digest()],
    ['lines of text', Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n')],
    ['1000 bytes of it', Buffer.alloc(1000, 0x20)],
    ['the old form of a header', Buffer.from('%!PS-Adobe-3.0 PDF-1.4\n')],
  ])('a PDF behind junk stays one: %s', async (_, junk) => {
    expect(await pageCountOf(Buffer.concat([junk, pdf]))).toBe(2);
  });
});
