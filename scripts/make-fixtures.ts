/**
 * `node scripts/make-fixtures.ts`: makes test/fixtures anew, scans of short public-domain texts with the truth beside them.
 * The same bytes each time, as long as sharp and the drawing library are the same.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { drawScan, type ScanLook, type SetLine } from './fixtures/draw-scan.ts';
import * as text from './fixtures/passages.ts';
import type { Passage } from './fixtures/passages.ts';
import { writePdf, type PdfPage, type PlacedText } from './fixtures/pdf-writer.ts';

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '../test/fixtures'));

/** Half a sheet, as most books have it. */
const PAGE: Pick<ScanLook, 'widthPt' | 'heightPt'> = { widthPt: 396, heightPt: 560 };
const GREY: ScanLook = {
  ...PAGE,
  dpi: 200,
  font: 'sans',
  fontPt: 12,
  bitsPerPixel: 8,
  skewDeg: 0.2,
  turnDeg: 0,
  seed: 1,
};
const BLACK: ScanLook = { ...GREY, dpi: 250, bitsPerPixel: 1 };
const CARD: ScanLook = { ...BLACK, widthPt: 330, heightPt: 150 };
const NUMBERS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

/** A page with the truth of what can be read on it. */
interface MadePage {
  readonly page: PdfPage;
  readonly truth: string;
  readonly lines: readonly SetLine[];
}

async function scan(paragraphs: readonly string[], look: ScanLook): Promise<MadePage> {
  const { image, paragraphs: set } = await drawScan(paragraphs, look);
  const truth = set.map((lines) => lines.map((line) => line.text).join('\n')).join('\n\n');
  const size =
    look.turnDeg === 90
      ? { widthPt: look.heightPt, heightPt: look.widthPt }
      : { widthPt: look.widthPt, heightPt: look.heightPt };
  return { page: { ...size, image }, truth, lines: set.flat() };
}

/** A passage on one page under its title. */
function passage({ title, paragraphs }: Passage, look: ScanLook): Promise<MadePage> {
  return scan([title, ...paragraphs], look);
}

function blank(look: ScanLook): Promise<MadePage> {
  return scan([], look);
}

/** A page that never was on paper. */
function typed({ title, paragraphs }: Passage): MadePage {
  const lines = [title, ...paragraphs].flatMap((paragraph) => wrap(paragraph, 52));
  const texts = lines.map((line, index): PlacedText => ({
    text: line,
    xPt: 40,
    yPt: 500 - index * 18,
    sizePt: 12,
    invisible: false,
  }));
  return { page: { ...PAGE, texts }, truth: lines.join('\n'), lines: [] };
}

function wrap(paragraph: string, characters: number): string[] {
  return paragraph.match(new RegExp(String.raw`.{1,${characters}}(?=\s|$)`, 'g'))?.map((line) => line.trim()) ?? [];
}

/** Puts text on top of a page, seen or not. */
function overlay(made: MadePage, texts: readonly PlacedText[]): MadePage {
  return { ...made, page: { ...made.page, texts } };
}

/** Invisible text where the scan's lines are, as an earlier OCR left it, with what it misread. */
function withOldOcr(made: MadePage, misread: (line: string) => string): MadePage {
  return overlay(
    made,
    made.lines.map((line) => ({ ...line, text: misread(line.text), invisible: true })),
  );
}

async function save(name: string, bytes: string | Uint8Array): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/** Writes a PDF and, beside it or where it is said, its truth: pages by form feeds. */
async function saveDocument(
  name: string,
  pages: readonly (MadePage | Promise<MadePage>)[],
  truthName = name,
): Promise<void> {
  const made = await Promise.all(pages.map((page) => Promise.resolve(page)));
  await save(`${name}.pdf`, writePdf(made.map(({ page }) => page)));
  await save(`${truthName}.txt`, `${made.map(({ truth }) => truth).join('\n\f')}\n`);
}

async function makeReadable(): Promise<void> {
  await saveDocument('scan-3-pages', [
    passage(text.WALDEN, GREY),
    passage(text.PRIDE, { ...BLACK, seed: 2 }),
    passage(text.WHALE, { ...GREY, seed: 3 }),
  ]);
  await saveDocument(
    'twelve-pages',
    NUMBERS.map((number, index) =>
      scan([`This is page ${number}.`, `The page before it was read before it.`], { ...CARD, seed: 20 + index }),
    ),
  );
  const lying = await passage(text.CITIES, { ...BLACK, turnDeg: 90, seed: 4 });
  await saveDocument('rotated-90', [lying, { ...lying, page: { ...lying.page, rotateDeg: 270 } }]);
  await saveDocument('upside-down', [passage(text.ALICE, { ...BLACK, turnDeg: 180, seed: 5 })]);
  await saveDocument('skewed', [passage(text.SPECIES, { ...GREY, skewDeg: 2.5, seed: 6 })]);
  await saveDocument('blank-inside', [
    passage(text.ROME, { ...BLACK, seed: 7 }),
    blank({ ...GREY, seed: 8 }),
    passage(text.BANK, { ...BLACK, seed: 9 }),
  ]);
  await saveDocument('german', [passage(text.WERTHER, { ...BLACK, seed: 10 })]);
  await saveDocument('french', [passage(text.BOVARY, { ...BLACK, seed: 11 })]);
}

async function makeWithText(): Promise<void> {
  const stamp: PlacedText = { text: 'Example Town Library', xPt: 250, yPt: 20, sizePt: 9, invisible: false };
  await saveDocument('stamp-on-scan', [overlay(await passage(text.ADDRESS, { ...GREY, seed: 12 }), [stamp])]);
  const whale = await passage(text.WHALE, { ...BLACK, seed: 13 });
  await saveDocument('old-ocr-layer', [
    withOldOcr(whale, (line) => line.replace('Ishmael', 'Ishrnael').replace('watery', 'watcry')),
  ]);
  await saveDocument('born-digital', [typed(text.WALDEN), typed(text.ALICE)]);
  await saveDocument('mixed', [typed(text.PRIDE), passage(text.CITIES, { ...BLACK, seed: 14 })]);
}

async function makeUnreadable(): Promise<void> {
  const page = await passage(text.ROME, { ...BLACK, seed: 15 });
  await save('encrypted.pdf', writePdf([page.page], 'a secret'));
  await save('damaged.pdf', cutShort(writePdf([page.page])));
  await save('empty.pdf', '');
  await save(
    'not-a-pdf.pdf',
    '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Sign in to download this file.</p></body></html>\n',
  );
}

/** A third of a file: the image is torn, the page tree is gone. */
function cutShort(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 3));
}

/** A document of the demonstration; its truth is elsewhere, for a folder of scans holds scans. */
function saveDemo(name: string, pages: readonly Promise<MadePage>[]): Promise<void> {
  return saveDocument(`demo/${name}`, pages, `demo-truth/${name}`);
}

/** What `npm run demo` reads. Easy pages: whoever runs it sees the program work, not the limits of a small model. */
async function makeDemo(): Promise<void> {
  const [grey, black] = [GREY, BLACK].map((look): ScanLook => ({ ...look, font: 'serif', fontPt: 13 })) as [
    ScanLook,
    ScanLook,
  ];
  await saveDemo("Darwin's Origin of Species", [
    passage(text.SPECIES, { ...grey, seed: 30 }),
    blank({ ...grey, seed: 31 }),
    passage(text.BANK, { ...black, seed: 41 }),
  ]);
  await saveDemo('Lincoln at Gettysburg', [passage(text.ADDRESS, { ...black, skewDeg: 1.2, seed: 33 })]);
  await saveDemo('Novels/Für $1 - Dickens, Melville', [
    passage(text.CITIES, { ...black, seed: 34 }),
    passage(text.WHALE, { ...grey, seed: 42 }),
  ]);
  await saveDemo('Thoreau and Austen', [
    passage(text.WALDEN, { ...black, seed: 36 }),
    passage(text.PRIDE, { ...black, seed: 43 }),
    passage(text.ROME, { ...grey, seed: 38 }),
  ]);
  const page = await passage(text.ALICE, { ...black, seed: 39 });
  await save('demo/Locked letter.pdf', writePdf([page.page], 'a secret'));
  await save('demo/Torn copy.pdf', cutShort(writePdf([page.page])));
}

await makeReadable();
await makeWithText();
await makeUnreadable();
await makeDemo();
console.log(`Made ${folder}`);
