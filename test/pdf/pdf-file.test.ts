import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { DocumentError, PageError } from '../../src/core/errors.ts';
import { readContent } from '../../src/pdf/content-stream.ts';
import { PdfFile } from '../../src/pdf/pdf-file.ts';
import { PdfDict, PdfStream } from '../../src/pdf/pdf-value.ts';
import { buildPdf, Scratch, textDocument, type SourceObject } from './pdf-builder.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

async function withPdf<T>(bytes: Uint8Array | string, look: (pdf: PdfFile) => Promise<T>): Promise<T> {
  const pdf = await PdfFile.open(scratch.file('test.pdf', bytes));
  try {
    return await look(pdf);
  } finally {
    await pdf.close();
  }
}

/** The strings each page shows. */
async function shownText(pdf: PdfFile): Promise<string[]> {
  const pages: string[] = [];
  for (let n = 1; n <= pdf.pageCount; n++) {
    let text = '';
    for (const stream of await pdf.contentsOf(await pdf.page(n))) {
      const { bytes } = await pdf.decodeStream(stream, { maxBytes: 1 << 20, stopAtImageFilter: false });
      for (const { op, args } of readContent(bytes))
        if (op === 'Tj' && args[0] && typeof args[0] === 'object' && 'bytes' in args[0])
          text += Buffer.from(args[0].bytes).toString('latin1');
    }
    pages.push(text);
  }
  return pages;
}

function codeOf(bytes: Uint8Array | string): Promise<string> {
  return withPdf(bytes, async () => 'opened').catch((error: unknown) =>
    error instanceof DocumentError ? error.code : String(error),
  );
}

const THREE = ['Page 1', 'Page 2', 'Page 3'];

describe('finding objects', () => {
  test.each([
    ['a table', textDocument(3)],
    ['a stream and an object stream', textDocument(3, { packed: true })],
    ['a table, behind junk', textDocument(3, { prefix: 'HTTP/1.1 200 OK\r\n\r\n' })],
    ['a stream, behind junk', textDocument(3, { prefix: 'x'.repeat(1000), packed: true })],
  ])('by %s, without repair', async (_, bytes) => {
    await withPdf(bytes, async (pdf) => {
      expect(pdf.repaired).toBe(false);
      expect(await shownText(pdf)).toEqual(THREE);
    });
  });

  test('in an update, and what it freed is gone', async () => {
    const original = textDocument(3).toString('latin1');
    const start = Number(/startxref\s+(\d+)/u.exec(original)?.[1]);
    const page = original.length;
    const tree = '2 0 obj\n<</Type /Pages /Kids [8 0 R 4 0 R 6 0 R] /Count 3 /Resources <<>>>>\nendobj\n';
    const table = `xref\n2 1\n${String(page).padStart(10, '0')} 00000 n \n6 1\n0000000000 00001 f \n`;
    const updated = `${original}${tree}${table}trailer\n<</Size 10 /Root 1 0 R /Prev ${start}>>\nstartxref\n${page + tree.length}\n%%EOF\n`;
    await withPdf(Buffer.from(updated, 'latin1'), async (pdf) => {
      expect(pdf.repaired).toBe(false);
      expect(await shownText(pdf)).toEqual(['Page 3', 'Page 1']);
    });
  });

  test('in a hybrid file, where the table hides what the stream tells', async () => {
    const body = textDocument(2).toString('latin1');
    const objects = body.slice(0, body.indexOf('xref\n'));
    const offsetOf = (num: number): number => objects.indexOf(`\n${num} 0 obj`) + 1;
    const row = Buffer.alloc(5);
    row.writeUInt8(1, 0);
    row.writeUInt32BE(offsetOf(6), 1);
    const hidden = deflateSync(row);
    const stream = Buffer.concat([
      Buffer.from(
        `20 0 obj\n<</Type /XRef /W [1 4 0] /Index [6 1] /Size 7 /Filter /FlateDecode /Length ${hidden.length}>>\nstream\n`,
      ),
      hidden,
      Buffer.from('\nendstream\nendobj\n'),
    ]).toString('latin1');
    const lines = [1, 2, 3, 4, 5].map((num) => `${String(offsetOf(num)).padStart(10, '0')} 00000 n \n`).join('');
    const seven = `7 1\n${String(offsetOf(7)).padStart(10, '0')} 00000 n \n`;
    const start = objects.length + stream.length;
    const tail = `xref\n0 6\n0000000000 65535 f \n${lines}${seven}trailer\n<</Size 8 /Root 1 0 R /XRefStm ${objects.length}>>\nstartxref\n${start}\n%%EOF\n`;
    await withPdf(Buffer.from(objects + stream + tail, 'latin1'), async (pdf) => {
      expect(pdf.repaired).toBe(false);
      expect(await shownText(pdf)).toEqual(['Page 1', 'Page 2']);
    });
  });

  test('sections that lead back to themselves end', async () => {
    const bytes = textDocument(3).toString('latin1');
    const start = bytes.lastIndexOf('xref\n0');
    const looped = bytes.replace('/Root 1 0 R', `/Root 1 0 R /Prev ${start} /XRefStm ${start}`);
    await withPdf(Buffer.from(looped, 'latin1'), async (pdf) => expect(await shownText(pdf)).toEqual(THREE));
  });
});

describe('repair', () => {
  const plain = textDocument(3).toString('latin1');
  const packed = textDocument(3, { packed: true }).toString('latin1');

  function tableLine(num: number): string {
    return String(plain.indexOf(`\n${num} 0 obj`) + 1).padStart(10, '0');
  }

  test.each([
    ['offsets are wrong', plain.replace(/\d{10} 00000 n/gu, '0000000777 00000 n')],
    ['one page’s offset is that of another', plain.replace(tableLine(6), tableLine(4))],
    ['there is no table', plain.replace(/xref\n[^]*trailer/u, 'trailer')],
    ['startxref points elsewhere', plain.replace(/startxref\n\d+/u, 'startxref\n99999999')],
    ['there is no trailer at all', plain.slice(0, plain.indexOf('xref\n'))],
    ['the trailer has no end', plain.replace('/Root 1 0 R >>', '/Root 1 0 R ')],
    ['the stream of cross-references is wrong', packed.replace(/startxref\n\d+/u, 'startxref\n12')],
    ['the end is cut off', packed.slice(0, packed.lastIndexOf('startxref'))],
  ])('finds the pages where %s', async (_, text) => {
    await withPdf(Buffer.from(text, 'latin1'), async (pdf) => {
      expect(pdf.repaired).toBe(true);
      expect(await shownText(pdf)).toEqual(THREE);
    });
  });

  test('takes the newest definition of an object', async () => {
    const replaced = `${plain}\n5 0 obj\n<</Length 30>>\nstream\nBT (New) Tj ET\nendstream\nendobj\n`.replace(
      /startxref\n\d+/u,
      '',
    );
    await withPdf(Buffer.from(replaced, 'latin1'), async (pdf) =>
      expect(await shownText(pdf)).toEqual(['New', 'Page 2', 'Page 3']),
    );
  });

  test('wrong stream lengths need none', async () => {
    const wrong = plain.replaceAll(/\/Length \d\d/gu, '/Length 99');
    await withPdf(Buffer.from(wrong, 'latin1'), async (pdf) => expect(await shownText(pdf)).toEqual(THREE));
  });
});

describe('pages', () => {
  const page = (entries: string): SourceObject => ({ body: `<</Type /Page /Parent 2 0 R ${entries}>>` });

  test('inherit what they lack, from the nearest node', async () => {
    const bytes = buildPdf({
      1: '<</Type /Catalog /Pages 2 0 R>>',
      2: '<</Type /Pages /Kids [3 0 R 6 0 R] /Count 3 /MediaBox [0 0 300 400] /Rotate 90 /Resources <</Up 1>>>>',
      3: '<</Type /Pages /Kids [4 0 R 5 0 R] /Parent 2 0 R /Count 2 /MediaBox 7 0 R /Rotate -90>>',
      4: page('/CropBox [200 300 10 -50]'),
      5: page('/Rotate 45 /UserUnit 2 /Resources <</Own 1>> /MediaBox [0 0 0 0]'),
      6: page('/CropBox [900 900 950 950] /Rotate 540'),
      7: '[10 20 8 0 R 220]',
      8: '110',
    });
    await withPdf(bytes, async (pdf) => {
      const [first, second, third] = [await pdf.page(1), await pdf.page(2), await pdf.page(3)];
      expect([first.mediaBox, first.cropBox, first.rotateDeg]).toEqual([[10, 20, 110, 220], [10, 20, 110, 220], 270]);
      expect([second.mediaBox, second.rotateDeg, second.userUnit]).toEqual([[0, 0, 612, 792], 0, 2]);
      expect([...second.resources.entries.keys()]).toEqual(['Own']);
      expect([third.mediaBox, third.cropBox, third.rotateDeg]).toEqual([[0, 0, 300, 400], [0, 0, 300, 400], 180]);
      expect([...third.resources.entries.keys()]).toEqual(['Up']);
      await expect(pdf.page(4)).rejects.toThrow(PageError);
      await expect(pdf.page(0)).rejects.toThrow(PageError);
    });
  });

  test('are those that can be reached, whatever Count says, and loops end', async () => {
    const bytes = buildPdf({
      1: '<</Type /Catalog /Pages 2 0 R>>',
      2: '<</Type /Pages /Count 1000000 /Kids [3 0 R 2 0 R null 99 0 R 4 0 R (no) 3 0 R]>>',
      3: page(''),
      4: '<</Type /Pages /Kids [2 0 R 5 0 R 4 0 R]>>',
      5: page(''),
    });
    await withPdf(bytes, async (pdf) => expect(pdf.pageCount).toBe(3));
  });

  test('ten thousand in one node, and a thousand nodes deep', async () => {
    await withPdf(textDocument(10_000, { packed: true }), async (pdf) => expect(pdf.pageCount).toBe(10_000));
    const deep: Record<number, string> = { 1: '<</Type /Catalog /Pages 2 0 R>>', 1002: '<</Type /Page>>' };
    for (let num = 2; num < 1002; num++) deep[num] = `<</Type /Pages /Kids [${num + 1} 0 R]>>`;
    await withPdf(buildPdf(deep), async (pdf) => expect(pdf.pageCount).toBe(1));
  });
});

describe('streams', () => {
  test('past the limit are a PageError, also where they are read raw', async () => {
    const objects = {
      1: '<</Type /Catalog /Pages 2 0 R /Bomb 3 0 R>>',
      2: '<</Type /Pages /Kids [4 0 R]>>',
      3: { body: '<</Filter /FlateDecode>>', stream: Buffer.alloc(20_000_000) },
      4: '<</Type /Page>>',
    };
    await withPdf(buildPdf(objects), async (pdf) => {
      const catalog = await pdf.get(pdf.trailer, 'Root');
      const bomb = catalog instanceof PdfDict ? await pdf.get(catalog, 'Bomb') : null;
      if (!(bomb instanceof PdfStream)) throw new Error('no stream');
      await expect(pdf.decodeStream(bomb, { maxBytes: 1_000_000, stopAtImageFilter: false })).rejects.toMatchObject({
        code: 'PAGE_TOO_LARGE',
      });
      await expect(pdf.rawStream(bomb, 100)).rejects.toMatchObject({ code: 'PAGE_TOO_LARGE' });
      expect((await pdf.decodeStream(bomb, { maxBytes: 20_000_000, stopAtImageFilter: false })).bytes).toHaveLength(
        20_000_000,
      );
    });
  });
});

describe('what is no PDF says so', () => {
  test.each([
    ['no bytes', '', 'PDF_EMPTY'],
    ['HTML', '<!DOCTYPE html><html><body>Sign in to continue</body></html>', 'PDF_NOT_A_PDF'],
    ['a JPEG', Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex'), 'PDF_NOT_A_PDF'],
    ['a header alone', '%PDF-1.4\n', 'PDF_DAMAGED'],
    [
      'no pages',
      buildPdf({ 1: '<</Type /Catalog /Pages 2 0 R>>', 2: '<</Type /Pages /Kids [] /Count 0>>' }),
      'PDF_NO_PAGES',
    ],
    ['no page tree', buildPdf({ 1: '<</Type /Catalog>>' }), 'PDF_NO_PAGES'],
  ])('%s', async (_, bytes, code) => {
    expect(await codeOf(bytes)).toBe(code);
  });
});
