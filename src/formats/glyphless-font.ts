/** Width of every glyph, in thousandths of the font size. */
export const GLYPH_WIDTH = 500;
/** How far text reaches above and below its baseline, in thousandths of the font size. */
export const FONT_ASCENT = 800;
export const FONT_DESCENT = -200;

const UNITS_PER_EM = 1000;
const GLYPH_COUNT = 2;

type Field = readonly [bytes: 2 | 4, value: number];

/**
 * Builds a TrueType font of two glyphs without outlines: number 0, which stands for what is missing, and number 1, which
 * stands for every character. Layout of the tables: OpenType specification 1.9.
 */
export function buildGlyphlessFont(): Uint8Array {
  const tables: readonly (readonly [tag: string, bytes: Buffer])[] = [
    ['cmap', cmapTable()],
    ['glyf', Buffer.alloc(4)],
    ['head', headTable()],
    ['hhea', hheaTable()],
    ['hmtx', pack([2, GLYPH_WIDTH], [2, 0], [2, GLYPH_WIDTH], [2, 0])],
    ['loca', Buffer.alloc(2 * (GLYPH_COUNT + 1))],
    ['maxp', maxpTable()],
    ['post', postTable()],
  ];
  const font = layOut(tables);
  const headOffset = font.readUInt32BE(12 + 16 * tables.findIndex(([tag]) => tag === 'head') + 8);
  // head.checkSumAdjustment makes the sum of the whole file this constant.
  font.writeUInt32BE((0xb1b0afba - checksum(font)) >>> 0, headOffset + 8);
  return font;
}

function pack(...fields: readonly Field[]): Buffer {
  const out = Buffer.alloc(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    // Two's complement for the negative ones.
    out.writeUIntBE(value >= 0 ? value : value + 2 ** (8 * bytes), at, bytes);
    at += bytes;
  }
  return out;
}

function layOut(tables: readonly (readonly [string, Buffer])[]): Buffer {
  const count = tables.length;
  const power = Math.floor(Math.log2(count));
  const header = pack([4, 0x00010000], [2, count], [2, 16 * 2 ** power], [2, power], [2, 16 * (count - 2 ** power)]);
  let offset = header.length + 16 * count;
  const directory: Buffer[] = [];
  const bodies: Buffer[] = [];
  for (const [tag, bytes] of tables) {
    const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
    directory.push(Buffer.from(tag, 'latin1'), pack([4, checksum(padded)], [4, offset], [4, bytes.length]));
    bodies.push(padded);
    offset += padded.length;
  }
  return Buffer.concat([header, ...directory, ...bodies]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 3 < bytes.length; at += 4) sum = (sum + bytes.readUInt32BE(at)) >>> 0;
  return sum;
}

/** One range: U+0020 to U+0020, glyph 1. PDF readers go by the CIDs, but some refuse a font without the table. */
function cmapTable(): Buffer {
  const header = pack([2, 0], [2, 1], [2, 3], [2, 1], [4, 12]);
  const segments = pack([2, 0x20], [2, 0xffff], [2, 0], [2, 0x20], [2, 0xffff], [2, 1 - 0x20], [2, 1], [2, 0], [2, 0]);
  return Buffer.concat([header, pack([2, 4], [2, 32], [2, 0], [2, 4], [2, 4], [2, 1], [2, 0]), segments]);
}

function headTable(): Buffer {
  return Buffer.concat([
    pack([4, 0x00010000], [4, 0x00010000], [4, 0], [4, 0x5f0f3cf5], [2, 0b1011], [2, UNITS_PER_EM]),
    // No times of making: the same font always.
    Buffer.alloc(16),
    pack([2, 0], [2, FONT_DESCENT], [2, GLYPH_WIDTH], [2, FONT_ASCENT], [2, 0], [2, 8], [2, 2], [2, 0], [2, 0]),
  ]);
}

function hheaTable(): Buffer {
  return Buffer.concat([
    pack([4, 0x00010000], [2, FONT_ASCENT], [2, FONT_DESCENT], [2, 0], [2, GLYPH_WIDTH]),
    pack([2, 0], [2, 0], [2, 0], [2, 1], [2, 0], [2, 0]),
    Buffer.alloc(8),
    pack([2, 0], [2, GLYPH_COUNT]),
  ]);
}

function maxpTable(): Buffer {
  return Buffer.concat([pack([4, 0x00010000], [2, GLYPH_COUNT]), Buffer.alloc(8), pack([2, 2]), Buffer.alloc(16)]);
}

function postTable(): Buffer {
  return Buffer.concat([pack([4, 0x00030000], [4, 0], [2, -100], [2, 50], [4, 1]), Buffer.alloc(16)]);
}
