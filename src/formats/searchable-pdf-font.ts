import { PdfDict, PdfName, PdfString, type PdfRef, type PdfValue } from '../pdf/pdf-value.ts';
import type { IncrementalUpdate } from '../pdf/incremental-update.ts';
import { buildGlyphlessFont, FONT_ASCENT, FONT_DESCENT, GLYPH_WIDTH } from './glyphless-font.ts';

/** Codes that no character of the Basic Multilingual Plane has, for those beyond it: UTF-16's surrogates. */
const FIRST_SPARE = 0xd800;
const LAST_SPARE = 0xdfff;
const REPLACEMENT = 0xfffd;
const FONT_NAME = 'OcrPipelineInvisible';

/** Gives each character the two-byte code under which the invisible font shows it; most are their own code. */
export class TextEncoder16 {
  readonly #spare = new Map<number, number>();

  /** Codes for the characters beyond U+FFFF met so far, by code point. */
  get spareCodes(): ReadonlyMap<number, number> {
    return this.#spare;
  }

  /** Upper-case hexadecimal, four digits a character. Past 2048 different ones beyond U+FFFF they become U+FFFD. */
  encode(text: string): string {
    let hex = '';
    for (const character of text)
      hex += this.#codeOf(character.codePointAt(0) ?? REPLACEMENT)
        .toString(16)
        .padStart(4, '0');
    return hex.toUpperCase();
  }

  #codeOf(codePoint: number): number {
    if (codePoint <= 0xffff) return codePoint >= FIRST_SPARE && codePoint <= LAST_SPARE ? REPLACEMENT : codePoint;
    const known = this.#spare.get(codePoint);
    if (known !== undefined) return known;
    const code = FIRST_SPARE + this.#spare.size;
    if (code > LAST_SPARE) return REPLACEMENT;
    this.#spare.set(codePoint, code);
    return code;
  }
}

/** Writes the invisible font and what belongs to it; once a file, when all its text is known. */
export async function writeFont(update: IncrementalUpdate, font: PdfRef, encoder: TextEncoder16): Promise<void> {
  const cidFont = update.allocate();
  const descriptor = update.allocate();
  const program = update.allocate();
  const glyphs = update.allocate();
  const unicode = update.allocate();
  await update.writeObject(
    font,
    dict({
      Type: name('Font'),
      Subtype: name('Type0'),
      BaseFont: name(FONT_NAME),
      Encoding: name('Identity-H'),
      DescendantFonts: [cidFont],
      ToUnicode: unicode,
    }),
  );
  await update.writeObject(
    cidFont,
    dict({
      Type: name('Font'),
      Subtype: name('CIDFontType2'),
      BaseFont: name(FONT_NAME),
      CIDSystemInfo: dict({ Registry: string('Adobe'), Ordering: string('Identity'), Supplement: 0 }),
      FontDescriptor: descriptor,
      DW: GLYPH_WIDTH,
      CIDToGIDMap: glyphs,
    }),
  );
  await update.writeObject(
    descriptor,
    dict({
      Type: name('FontDescriptor'),
      FontName: name(FONT_NAME),
      // Fixed pitch, and a character set of its own (ISO 32000-1, table 123).
      Flags: 5,
      FontBBox: [0, FONT_DESCENT, GLYPH_WIDTH, FONT_ASCENT],
      ItalicAngle: 0,
      Ascent: FONT_ASCENT,
      Descent: FONT_DESCENT,
      CapHeight: FONT_ASCENT,
      StemV: 80,
      FontFile2: program,
    }),
  );
  const bytes = buildGlyphlessFont();
  await update.writeStream(program, dict({ Length1: bytes.length }), bytes);
  await update.writeStream(glyphs, new PdfDict(), everyCodeToGlyph1());
  await update.writeStream(unicode, new PdfDict(), Buffer.from(writeToUnicode(encoder.spareCodes), 'latin1'));
}

/** Two bytes a code; 131,072 equal bytes pairs compress to some 150 bytes. */
function everyCodeToGlyph1(): Uint8Array {
  const map = new Uint8Array(2 * 65536);
  for (let i = 1; i < map.length; i += 2) map[i] = 1;
  return map;
}

/** Writes the map from codes to Unicode (Adobe technical note 5411): a range for every 256 codes, as readers expect. */
function writeToUnicode(spareCodes: ReadonlyMap<number, number>): string {
  const ranges: string[] = [];
  for (let high = 0; high < 256; high++) {
    if (high >= FIRST_SPARE >> 8 && high <= LAST_SPARE >> 8) continue;
    const first = hex16(high * 256);
    ranges.push(`<${first}> <${hex16(high * 256 + 255)}> <${first}>`);
  }
  const singles = [...spareCodes].map(
    ([codePoint, code]) =>
      `<${hex16(code)}> <${Buffer.from(String.fromCodePoint(codePoint), 'utf16le').swap16().toString('hex')}>`,
  );
  return [
    '/CIDInit /ProcSet findresource begin',
    '12 dict begin',
    'begincmap',
    '/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def',
    '/CMapName /Adobe-Identity-UCS def',
    '/CMapType 2 def',
    '1 begincodespacerange',
    '<0000> <FFFF>',
    'endcodespacerange',
    ...blocks(ranges, 'bfrange'),
    ...blocks(singles, 'bfchar'),
    'endcmap',
    'CMapName currentdict /CMap defineresource pop',
    'end',
    'end',
    '',
  ].join('\n');
}

/** At most 100 lines a block, the limit of the format. */
function blocks(lines: readonly string[], kind: string): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at += 100) {
    const block = lines.slice(at, at + 100);
    out.push(`${block.length} begin${kind}`, ...block, `end${kind}`);
  }
  return out;
}

function hex16(code: number): string {
  return code.toString(16).padStart(4, '0').toUpperCase();
}

function dict(entries: Readonly<Record<string, PdfValue>>): PdfDict {
  return new PdfDict(Object.entries(entries));
}

function name(text: string): PdfName {
  return new PdfName(text);
}

function string(text: string): PdfString {
  return new PdfString(Buffer.from(text, 'latin1'));
}
