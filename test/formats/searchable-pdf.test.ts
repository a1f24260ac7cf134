import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Matrix } from '../../src/core/geometry.ts';
import { isMarkedResult, MARK_WITHIN_BYTES } from '../../src/core/not-a-scan.ts';
import type { PageResult } from '../../src/core/page.ts';
import { writeSearchablePdf } from '../../src/formats/searchable-pdf.ts';
import { requireTools } from '../support/requires.ts';
import { buildPdf, Scratch, textDocument } from '../pdf/pdf-builder.ts';
import {
  ask,
  askPdfjs,
  each,
  lineOf,
  makeSearchable,
  pagesOf,
  pixelsOf,
  pixelsToPoints,
  resultOf,
  sampleResult,
  scanDocument,
  word,
} from './searchable-pdf-samples.ts';
import { HANG_MS } from '../support/hang.ts';

const need = requireTools(['qpdf', 'pdftotext', 'pdffonts', 'pdfinfo', 'pdftoppm']);
let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => scratch.remove());

/** Writes the searchable PDF, and expects every reader to be content with it and to draw the same pages. */
async function makeSound(source: Uint8Array, results: readonly PageResult[]): Promise<{ file: string; text: string }> {
  const sourceFile = scratch.file('source.pdf', source);
  const file = scratch.path('searchable.pdf');
  await makeSearchable(sourceFile, file, results);
  expect(ask('qpdf', '--check', file)).toMatchObject({ status: 0, complaints: '' });
  for (const tool of ['pdfinfo', 'pdffonts']) expect(ask(tool, file)).toMatchObject({ status: 0, complaints: '' });
  const text = ask('pdftotext', file, '-');
  expect(text).toMatchObject({ status: 0, complaints: '' });
  expect((await askPdfjs(file)).complaints).toEqual([]);
  expect(pixelsOf(file, 3)).toBe(pixelsOf(sourceFile, 3));
  return { file, text: text.text };
}

const words = (text: string): string[] => text.split(/\s+/u).filter(Boolean);
const sampleWords = (n: number): string[] => ['Seite', `nummer${n}`, 'Größe', 'zweite', 'Zeile.'];

describe.skipIf(need.skip)('every reader finds the words, in order', () => {
  test.each([
    ['a table of cross-references', scanDocument(3)],
    ['a stream of them, and object streams', scanDocument(3, '', { packed: true })],
    ['an identifier', scanDocument(3, '', { trailer: '/ID [<00112233> <44556677>]' })],
    ['junk before the header', scanDocument(3, '', { prefix: 'x-header: 1\r\n\r\n' })],
    ['junk, and a stream', scanDocument(3, '', { prefix: 'x-header: 1\r\n\r\n', packed: true })],
  ])('in a file with %s', async (_, source) => {
    const { file, text } = await makeSound(
      source,
      [1, 2, 3].map((n) => sampleResult(n)),
    );
    expect(words(text)).toEqual([1, 2, 3].flatMap(sampleWords));
    // So that a later run does not take it for a scan.
    const isMarked = (pdf: Uint8Array): boolean => isMarkedResult(pdf.subarray(-MARK_WITHIN_BYTES));
    expect([isMarked(source), isMarked(readFileSync(file))]).toEqual([false, true]);
    const { pages } = await askPdfjs(file);
    expect(pages.map(words)).toEqual([1, 2, 3].map(sampleWords));
    expect(ask('pdffonts', file).text).toMatch(/CID TrueType\s+Identity-H\s+yes no\s+yes/u);
  });

  test('in a file that was made searchable before', async () => {
    const { file } = await makeSound(scanDocument(2), [sampleResult(1)]);
    const { text } = await makeSound(readFileSync(file), [sampleResult(2)]);
    expect(words(text)).toEqual([...sampleWords(1), ...sampleWords(2)]);
  });

  test('in any script', async () => {
    const lines = [
      lineOf([word('日本語', 50, 100, 140, 130), word('漢字', 160, 100, 220, 130)]),
      lineOf([word('𒀀𒀁', 50, 150, 110, 180), word('𝔉𝔯𝔞𝔨𝔱𝔲𝔯', 130, 150, 300, 180), word('ſtraße', 320, 150, 400, 180)]),
      lineOf([
        word('Ελληνικά', 50, 200, 150, 230),
        word('Русский', 170, 200, 260, 230),
        word('e\u0301te\u0301', 280, 200, 330, 230),
      ]),
    ];
    const { text } = await makeSound(scanDocument(1), [resultOf(1, lines)]);
    expect(words(text)).toEqual(['日本語', '漢字', '𒀀𒀁', '𝔉𝔯𝔞𝔨𝔱𝔲𝔯', 'ſtraße', 'Ελληνικά', 'Русский', 'été']);
  });

  test('from right to left', async () => {
    const line = lineOf([
      word('שלום', 450, 100, 550, 130),
      word('עולם', 330, 100, 430, 130),
      word('1984', 230, 100, 310, 130),
    ]);
    const arabic = lineOf([word('السلام', 450, 150, 550, 180), word('عليكم', 330, 150, 430, 180)]);
    const { text } = await makeSound(scanDocument(1), [resultOf(1, [line, arabic], { direction: 'rtl' })]);
    const marks = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
    expect(words(text.replaceAll(marks, ''))).toEqual(['שלום', 'עולם', '1984', 'السلام', 'عليكم']);
  });

  test('where boxes touch or overlap', async () => {
    const tight = lineOf([
      word('one', 50, 100, 100, 120),
      word('two', 100, 100, 150, 120),
      word('I', 148, 100, 152, 120),
      word('four', 151, 100, 200, 120),
    ]);
    const { file } = await makeSound(scanDocument(1), [resultOf(1, [tight])]);
    expect(words(ask('pdftotext', '-raw', file, '-').text)).toEqual(['one', 'two', 'I', 'four']);
  });

  test('without what no text can hold', async () => {
    const odd = lineOf([
      word('a\u0000b\nc', 50, 100, 100, 120),
      word(' ', 110, 100, 120, 120),
      word('x(y)\\z', 130, 100, 190, 120),
      word('bad', Number.NaN, 0, 1, 1),
    ]);
    const { text } = await makeSound(scanDocument(1), [resultOf(1, [{ ...odd, box: [50, 100, 190, 120] }])]);
    expect(words(text)).toEqual(['abc', 'x(y)\\z']);
  });
});

describe.skipIf(need.skip)('words stand where they were read', () => {
  interface Found {
    readonly text: string;
    readonly box: readonly number[];
  }

  function boxesOf(file: string): Found[] {
    const { text } = ask('pdftotext', '-bbox', '-cropbox', file, '-');
    return [
      ...text.matchAll(/<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">([^<]*)</gu),
    ].map((m) => ({
      text: m[5] ?? '',
      box: m.slice(1, 5).map(Number),
    }));
  }

  const three = [
    word('alpha', 100, 100, 180, 120),
    word('beta', 200, 100, 260, 120),
    word('gamma', 400, 300, 500, 330),
  ];

  function expectAt(
    found: readonly Found[],
    expected: readonly { text: string; box: readonly number[] }[],
    tolerancePt: number,
  ): void {
    expect(found.map(({ text }) => text)).toEqual(expected.map(({ text }) => text));
    for (const [i, { box }] of expected.entries())
      for (const [k, value] of box.entries())
        expect(Math.abs((found[i]?.box[k] ?? -999) - value), `${expected[i]?.text} ${k}`).toBeLessThan(tolerancePt);
  }

  test.each([0, 90, 180, 270] as const)(
    'on a page that is shown turned by %i degrees, with a crop box',
    async (rotateDeg) => {
      const source = scanDocument(1, `/Rotate ${rotateDeg} /CropBox [10 20 600 700] /UserUnit 1`);
      const [page] = await pagesOf(scratch.file('turned.pdf', source));
      if (!page) throw new Error('no page');
      const toPoints = pixelsToPoints(page, 144);
      const lines = [lineOf(three.slice(0, 2)), lineOf(three.slice(2))];
      const { file } = await makeSound(source, [resultOf(1, lines, { toPoints })]);
      // pdftotext measures on the page as it is shown, in points from the top left.
      expectAt(
        boxesOf(file),
        three.map(({ text, box }) => ({ text, box: box.map((value) => value / 2) })),
        4,
      );
    },
  );

  test.each([90, 180, 270] as const)('on pixels that lie turned by %i degrees', async (turnedDeg) => {
    // The image is 612 by 792; the frame is the image turned clockwise.
    const toImage: Readonly<Record<number, Matrix>> = {
      90: [0, -1, 1, 0, 0, 792],
      180: [-1, 0, 0, -1, 612, 792],
      270: [0, 1, -1, 0, 612, 0],
    };
    const frame = {
      widthPx: 792,
      heightPx: 612,
      toImage: toImage[turnedDeg] ?? [1, 0, 0, 1, 0, 0],
      turnedDeg,
      skewDeg: 0,
    };
    const { file, text } = await makeSound(scanDocument(1), [
      resultOf(1, [lineOf(three.slice(0, 2)), lineOf(three.slice(2))], { more: { frame } }),
    ]);
    expect(words(text)).toEqual(['alpha', 'beta', 'gamma']);
    const turn = ([left, top, right, bottom]: readonly number[]): number[] => {
      const [l, t, r, b] = [left ?? 0, top ?? 0, right ?? 0, bottom ?? 0];
      if (turnedDeg === 90) return [t, 792 - r, b, 792 - l];
      return turnedDeg === 180 ? [612 - r, 792 - b, 612 - l, 792 - t] : [612 - b, l, 612 - t, r];
    };
    expectAt(
      boxesOf(file),
      three.map(({ text, box }) => ({ text, box: turn(box) })),
      9,
    );
  });

  test('on lines that fall to the right, each along its baseline', async () => {
    const slope = 0.05;
    const falling = Array.from({ length: 6 }, (_, i) =>
      word(`word${i}`, 60 + 80 * i, 100 + 4 * i, 125 + 80 * i, 120 + 4 * i),
    );
    const line = lineOf(falling, [slope, -24]);
    const { file } = await makeSound(scanDocument(1), [resultOf(1, [line])]);
    const found = boxesOf(file);
    expect(found.map(({ text }) => text)).toEqual(falling.map(({ text }) => text));
    for (const [i, { box }] of falling.entries()) {
      expect(Math.abs((found[i]?.box[0] ?? 0) - box[0])).toBeLessThan(4);
      expect(Math.abs((found[i]?.box[3] ?? 0) - box[3])).toBeLessThan(8);
    }
  });
});

describe.skipIf(need.skip)('what the file had stays', () => {
  test('resources that pages share or inherit, fonts of the same name, and contents in several streams', async () => {
    const source = buildPdf({
      1: '<</Type /Catalog /Pages 2 0 R>>',
      2: '<</Type /Pages /Count 3 /Kids [3 0 R 4 0 R 5 0 R] /MediaBox [0 0 612 792] /Resources <</Font 9 0 R>>>>',
      3: '<</Type /Page /Parent 2 0 R /Contents [6 0 R 7 0 R 99 0 R]>>',
      4: '<</Type /Page /Parent 2 0 R /Contents 10 0 R>>',
      5: '<</Type /Page /Parent 2 0 R /Contents 6 0 R /Resources 11 0 R>>',
      6: { body: '<<>>', stream: 'q q BT /OcrText 24 Tf 2 0 0 2 72 300 Tm (old' },
      7: { body: '<<>>', stream: 'er) Tj ET' },
      8: '<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>',
      9: '<</OcrText 8 0 R>>',
      10: '[7 0 R]',
      11: '<</Font <</OcrText 8 0 R>>>>',
    });
    // Broken on purpose: a string that runs on into the next stream. Readers differ, so only ours is looked at.
    const file = scratch.path('shared.pdf');
    await makeSearchable(
      scratch.file('source.pdf', source),
      file,
      [1, 2, 3].map((n) => sampleResult(n)),
    );
    const pages = await pagesOf(file);
    for (const page of pages) expect([...page.resources.entries.keys()]).toEqual(['Font']);
    expect(ask('pdffonts', file).text.match(/Helvetica/gu)).toHaveLength(1);
    for (const n of [1, 2, 3])
      expect(words(ask('pdftotext', '-f', String(n), '-l', String(n), file, '-').text)).toEqual(
        expect.arrayContaining(sampleWords(n)),
      );
  });

  test('pages that were not read, blank or kept, and a file that needs no text is its source', async () => {
    const source = textDocument(4);
    const { text } = await makeSound(source, [
      sampleResult(2),
      sampleResult(3, { more: { state: 'kept-text' } }),
      sampleResult(4, { more: { state: 'failed' } }),
    ]);
    expect(text.split('\f').map(words)).toEqual([
      ['Page', '1'],
      expect.arrayContaining(['Page', '2', ...sampleWords(2)]),
      ['Page', '3'],
      ['Page', '4'],
      [],
    ]);
    const { file } = await makeSound(source, [sampleResult(1, { more: { state: 'blank', blocks: [] } })]);
    expect(readFileSync(file).equals(source)).toBe(true);
  });

  test('a page that the tree names twice', async () => {
    const source = buildPdf({
      1: '<</Type /Catalog /Pages 2 0 R>>',
      2: '<</Type /Pages /Count 2 /Kids [3 0 R 3 0 R]>>',
      3: '<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]>>',
    });
    const file = scratch.path('twice.pdf');
    await makeSearchable(scratch.file('source.pdf', source), file, [sampleResult(1), sampleResult(2)]);
    expect(words(ask('pdftotext', '-l', '1', file, '-').text)).toEqual(sampleWords(1));
  });

  test.each([
    ['RC4, 40 bits', ['40']],
    ['RC4, 128 bits', ['128', '--use-aes=n']],
    ['AES, 128 bits', ['128', '--use-aes=y']],
    ['AES, 256 bits', ['256']],
  ])('encryption with an empty password: %s', async (_, method) => {
    const plain = scratch.file(
      'plain.pdf',
      scanDocument(2, '/Annots [<</Type /Annot /Subtype /Text /Rect [9 9 20 20] /Contents (Gr\\374n)>>]', {
        trailer: '/ID [<0011> <2233>]',
      }),
    );
    for (const streams of ['disable', 'generate']) {
      const locked = scratch.path('locked.pdf');
      execFileSync(
        'qpdf',
        [
          '--allow-weak-crypto',
          `--object-streams=${streams}`,
          '--encrypt',
          '',
          'owner',
          ...method,
          '--',
          plain,
          locked,
        ],
        { timeout: HANG_MS },
      );
      const { file, text } = await makeSound(readFileSync(locked), [sampleResult(1), sampleResult(2)]);
      expect(words(text)).toEqual([...sampleWords(1), ...sampleWords(2)]);
      const open = scratch.path('open.pdf');
      execFileSync('qpdf', ['--decrypt', '--qdf', '--object-streams=disable', file, open], { timeout: HANG_MS });
      expect(readFileSync(open, 'latin1').match(/Gr\\374n|Gr\u00fcn|4772fc6e/gu)).toHaveLength(2);
    }
  });
});

describe.skipIf(need.skip)('an old layer of text', () => {
  const page =
    '<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>> /XObject <</Old 6 0 R /Other 7 0 R>>>>>>';
  const source = buildPdf({
    1: '<</Type /Catalog /Pages 2 0 R>>',
    2: '<</Type /Pages /Count 1 /Kids [3 0 R]>>',
    3: page,
    4: {
      body: '<</Filter /FlateDecode>>',
      stream:
        'q BT 3 Tr /F1 20 Tf 72 600 Td (wrong) Tj ET Q /Old Do q /Other Do Q BT /F1 20 Tf 72 500 Td (stamp) Tj ET',
    },
    5: '<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>',
    6: {
      body: '<</Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources <</Font <</F1 5 0 R>>>>>>',
      stream: 'BT 3 Tr /F1 20 Tf 72 400 Td (formwrong) Tj ET',
    },
    7: {
      body: '<</Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources <</XObject <</Old 6 0 R /Other 7 0 R>>>>>>',
      stream: '0.5 g 10 10 50 50 re f /Old Do',
    },
  });

  test('is taken out, in forms too, where the page was read again', async () => {
    const { text } = await makeSound(source, [sampleResult(1, { more: { replacesText: true } })]);
    expect(words(text).toSorted()).toEqual([...sampleWords(1), 'stamp'].toSorted());
  });

  test('is taken out of a page that turned out blank', async () => {
    const { text } = await makeSound(source, [resultOf(1, [], { more: { state: 'blank', replacesText: true } })]);
    expect(words(text)).toEqual(['stamp']);
  });

  test('stays where it was not read again', async () => {
    const { text } = await makeSound(source, [sampleResult(1)]);
    expect(words(text)).toEqual(expect.arrayContaining(['wrong', 'formwrong', 'stamp', ...sampleWords(1)]));
  });
});

describe.skipIf(need.skip)('damaged files become sound ones', () => {
  const plain = scanDocument(3).toString('latin1');
  const packed = scanDocument(3, '', { packed: true }).toString('latin1');

  test.each([
    ['no cross-references', plain.slice(0, plain.indexOf('xref\n'))],
    ['wrong offsets', plain.replaceAll(/\d{10} 00000 n/gu, '0000000777 00000 n')],
    ['wrong stream lengths as well', plain.slice(0, plain.indexOf('xref\n')).replaceAll('/Length 32', '/Length 99')],
    ['object streams, cut off at the end', packed.slice(0, packed.lastIndexOf('startxref'))],
  ])('%s', async (_, text) => {
    const { file, found } = await mend(text);
    expect(found).toEqual([[1, 2, 3].flatMap(sampleWords), '']);
    expect(ask('qpdf', '--check', file)).toMatchObject({ status: 0, complaints: '' });
  });

  test('where the last stream is cut off, all but what it lost', async () => {
    const { file, found } = await mend(plain.slice(0, plain.lastIndexOf('endstream') - 3));
    expect(found).toEqual([[1, 2, 3].flatMap(sampleWords), '']);
    expect(ask('qpdf', '--check', file).complaints).not.toMatch(/xref|trailer|reconstruct|endstream/u);
  });

  /** Makes a damaged file searchable; gives what poppler finds, after pdf.js found the same. */
  async function mend(text: string): Promise<{ file: string; found: [words: string[], complaints: string] }> {
    const file = scratch.path('mended.pdf');
    await makeSearchable(
      scratch.file('damaged.pdf', Buffer.from(text, 'latin1')),
      file,
      [1, 2, 3].map((n) => sampleResult(n)),
    );
    const { text: found, complaints } = ask('pdftotext', file, '-');
    expect((await askPdfjs(file)).pages.map(words)).toEqual([1, 2, 3].map(sampleWords));
    return { file, found: [words(found), complaints] };
  }
});

describe('writing', () => {
  const results = [1, 2].map((n) => sampleResult(n));
  const names = (): string[] =>
    readdirSync(scratch.folder).filter((name) => name.includes('.tmp') || name === 'out.pdf');

  test('the same input gives the same bytes', async () => {
    const sourceFile = scratch.file('same.pdf', scanDocument(2, '', { packed: true }));
    await makeSearchable(sourceFile, scratch.path('first.pdf'), results);
    await makeSearchable(sourceFile, scratch.path('second.pdf'), results);
    expect(readFileSync(scratch.path('first.pdf')).equals(readFileSync(scratch.path('second.pdf')))).toBe(true);
  });

  test('leaves nothing when stopped, when results fail, and when the source is no PDF', async () => {
    const sourceFile = scratch.file('source.pdf', scanDocument(2));
    const outFile = scratch.path('out.pdf');
    const { signal } = new AbortController();
    const stopped = AbortSignal.abort();
    await expect(
      writeSearchablePdf({ sourceFile, outFile, pages: each(results), signal: stopped }),
    ).rejects.toMatchObject({ family: 'StoppedError' });
    async function* failing(): AsyncGenerator<PageResult> {
      yield sampleResult(1);
      throw new TypeError('lost');
    }
    await expect(writeSearchablePdf({ sourceFile, outFile, pages: failing(), signal })).rejects.toThrow('lost');
    const html = scratch.file('page.pdf', '<html></html>');
    await expect(writeSearchablePdf({ sourceFile: html, outFile, pages: each(results), signal })).rejects.toMatchObject(
      { code: 'PDF_NOT_A_PDF' },
    );
    await expect(
      writeSearchablePdf({ sourceFile, outFile, pages: each([sampleResult(9)]), signal }),
    ).rejects.toMatchObject({ family: 'PageError' });
    expect(names()).toEqual([]);
  });

  test('a folder that is not there is an OutputError', async () => {
    const sourceFile = scratch.file('source.pdf', scanDocument(1));
    const outFile = scratch.path('no/such/out.pdf');
    const { signal } = new AbortController();
    await expect(
      writeSearchablePdf({ sourceFile, outFile, pages: each(results.slice(0, 1)), signal }),
    ).rejects.toMatchObject({ family: 'OutputError' });
  });

  test('replaces what is there, and a name as long as names can be', async () => {
    const sourceFile = scratch.file('source.pdf', scanDocument(1));
    const outFile = scratch.path(`${'n'.repeat(251)}.pdf`);
    await makeSearchable(sourceFile, outFile, []);
    await makeSearchable(sourceFile, outFile, results.slice(0, 1));
    expect(readFileSync(outFile).length).toBeGreaterThan(readFileSync(sourceFile).length);
  });
});
