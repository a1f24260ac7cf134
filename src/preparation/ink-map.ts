import type { PageImage } from '../core/page.ts';
import { rowBytes } from './grey-image.ts';

/** A page as ink and paper, reduced for analysis: a cell is 1 where there is ink. */
export interface InkMap {
  readonly width: number;
  readonly height: number;
  /** Pixels of the page image a cell is wide and high. */
  readonly cellPx: number;
  readonly ink: Uint8Array;
}

/** Cells an inch that analysis aims at: letters of 6 points still have some five cells. */
const CELLS_PER_INCH = 100;
/** Most cells of a map: bounds the time that a poster takes. */
const MAX_CELLS = 3_000_000;
const MAX_SIDE = 60_000;

/** Share of a cell that must be black in a 1-bit image; strokes are about as wide as a cell. */
const BLACK_SHARE = 0.3;
/** Paper darker than this share of the page's own paper is not paper: a photograph, a dark area. */
const DARK_PAPER = 0.5;
/** Ink has less than this share of the light of the paper around it. What shines through from behind has more. */
const INK_LIGHT = 0.82;
/** Side of the squares, in cells, whose paper is measured; about a third of an inch. */
const TILE = 32;

/** Finds ink in a page image. Uneven light and tinted paper are allowed for; colours count by their green channel. */
export function mapInk(image: PageImage): InkMap {
  const cellPx = Math.max(
    1,
    Math.round(image.dpi / CELLS_PER_INCH),
    Math.ceil(Math.sqrt((image.widthPx * image.heightPx) / MAX_CELLS)),
    Math.ceil(Math.max(image.widthPx, image.heightPx) / MAX_SIDE),
  );
  const width = Math.max(1, Math.floor(image.widthPx / cellPx));
  const height = Math.max(1, Math.floor(image.heightPx / cellPx));
  const size = { width, height, cellPx };
  const ink = image.bitsPerPixel === 1 ? inkOfBits(image, size) : inkOfGrey(reduceGrey(image, size), width, height);
  return { ...size, ink };
}

type MapSize = Pick<InkMap, 'width' | 'height' | 'cellPx'>;

function inkOfBits(image: PageImage, { width, height, cellPx }: MapSize): Uint8Array {
  const stride = rowBytes(image);
  const { data } = image;
  const table = countTable(cellPx);
  // Where each byte of a row lies: its first cell, and the part of the table for its place in that cell.
  const cells = Uint32Array.from({ length: stride }, (_, index) => Math.min(width, Math.floor((index * 8) / cellPx)));
  const parts = Uint32Array.from({ length: stride }, (_, index) => ((index * 8) % cellPx) * 256);
  // A byte that begins in the last cell may reach seven beyond.
  const counts = new Uint32Array(width + 8);
  const enough = Math.max(1, Math.ceil(cellPx * cellPx * BLACK_SHARE));
  const ink = new Uint8Array(width * height);
  const rows = Math.min(cellPx, image.heightPx);
  for (let y = 0; y < height; y++) {
    counts.fill(0);
    for (let from = y * cellPx * stride, end = from + rows * stride; from < end; from += stride) {
      for (let index = 0; index < stride; index++) {
        const byte = data[from + index]!;
        if (byte === 0) continue;
        let cell = cells[index]!;
        for (let packed = table[parts[index]! + byte]!; packed !== 0; packed >>>= 4) counts[cell++]! += packed & 15;
      }
    }
    for (let x = 0; x < width; x++) if (counts[x]! >= enough) ink[y * width + x] = 1;
  }
  return ink;
}

/**
 * How many pixels of a byte are black in each of the cells it lies in, four bits a cell, the first cell lowest:
 * `table[place * 256 + byte]`, where `place` is that of the byte's first pixel in its cell.
 */
function countTable(cellPx: number): Uint32Array {
  const table = new Uint32Array(cellPx * 256);
  for (let place = 0; place < cellPx; place++) {
    for (let bit = 0; bit < 8; bit++) {
      const unit = 2 ** (4 * Math.floor((place + bit) / cellPx));
      for (let byte = 0; byte < 256; byte++) if (byte & (0x80 >> bit)) table[place * 256 + byte]! += unit;
    }
  }
  return table;
}

/** Mean light of each cell. */
function reduceGrey(image: PageImage, { width, height, cellPx }: MapSize): Uint8Array {
  const step = image.bitsPerPixel / 8;
  // Green carries most of the light.
  const channel = step === 3 ? 1 : 0;
  const { data, widthPx } = image;
  const light = new Uint8Array(width * height);
  // Every row counts in small cells; in larger ones every other is enough.
  const rowStep = cellPx > 2 ? 2 : 1;
  const rowsTaken = Math.ceil(cellPx / rowStep);
  const sums = new Uint32Array(width);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let sub = 0; sub < cellPx; sub += rowStep) {
      addRow(sums, data.subarray((y * cellPx + sub) * widthPx * step + channel), step, cellPx);
    }
    for (let x = 0; x < width; x++) light[y * width + x] = sums[x]! / (cellPx * rowsTaken);
  }
  return light;
}

/** Adds a row's pixels, each so many bytes from the next, to the sums of their cells. */
function addRow(sums: Uint32Array, row: Uint8Array, step: number, cellPx: number): void {
  if (step === 1 && cellPx === 3) {
    // 300 dpi in grey, the usual scan.
    for (let x = 0, from = 0; x < sums.length; x++, from += 3) sums[x]! += row[from]! + row[from + 1]! + row[from + 2]!;
    return;
  }
  for (let x = 0, from = 0; x < sums.length; x++) {
    let sum = 0;
    for (let inner = 0; inner < cellPx; inner++, from += step) sum += row[from]!;
    sums[x]! += sum;
  }
}

function inkOfGrey(light: Uint8Array, width: number, height: number): Uint8Array {
  const columns = Math.ceil(width / TILE);
  const rows = Math.ceil(height / TILE);
  const paper = smoothPaper(measurePaper(light, width, height), columns, rows);
  const ink = new Uint8Array(width * height);
  // Light is whole: less than the limit is less than the next whole number.
  const limits = Uint8Array.from(paper, (each) => Math.ceil(each * INK_LIGHT));
  for (let y = 0; y < height; y++) {
    const tileRow = Math.floor(y / TILE) * columns;
    for (let column = 0; column < columns; column++) {
      const limit = limits[tileRow + column]!;
      const end = y * width + Math.min(width, (column + 1) * TILE);
      for (let at = y * width + column * TILE; at < end; at++) if (light[at]! < limit) ink[at] = 1;
    }
  }
  return ink;
}

/** The light of the paper in each tile: what most of its cells do not exceed, even where text is dense. */
function measurePaper(light: Uint8Array, width: number, height: number): Uint8Array {
  const columns = Math.ceil(width / TILE);
  const rows = Math.ceil(height / TILE);
  const paper = new Uint8Array(columns * rows);
  const histogram = new Uint16Array(256);
  for (let tile = 0; tile < paper.length; tile++) {
    histogram.fill(0);
    const left = (tile % columns) * TILE;
    const top = Math.floor(tile / columns) * TILE;
    const right = Math.min(width, left + TILE);
    const bottom = Math.min(height, top + TILE);
    for (let y = top; y < bottom; y++)
      for (let at = y * width + left, end = y * width + right; at < end; at++) histogram[light[at]!]!++;
    paper[tile] = quantile(histogram, (right - left) * (bottom - top), 0.7);
  }
  return paper;
}

/**
 * Evens the paper out over neighbouring tiles, but not upwards, or tinted paper would turn to ink beside white; and never
 * takes a dark area for paper.
 */
function smoothPaper(paper: Uint8Array, columns: number, rows: number): Float32Array {
  const histogram = new Uint16Array(256);
  for (const light of paper) histogram[light]!++;
  const least = quantile(histogram, paper.length, 0.75) * DARK_PAPER;
  const smooth = new Float32Array(paper.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      let count = 0;
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
          const light = paper[y * columns + x]!;
          if (light < least) continue;
          sum += light;
          count++;
        }
      }
      const own = paper[row * columns + column]!;
      const around = count > 0 ? sum / count : least;
      smooth[row * columns + column] = own < least ? around : Math.min(own, around);
    }
  }
  return smooth;
}

function quantile(histogram: Uint16Array, total: number, share: number): number {
  let left = total * share;
  for (let value = 0; value < histogram.length; value++) {
    left -= histogram[value]!;
    if (left < 0) return value;
  }
  return histogram.length - 1;
}
