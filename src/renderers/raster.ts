/** Pixels without a place on a page; the layout is that of a PageImage. */
export interface Raster {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 1: packed, most significant bit first, 1 is black, rows start at a byte. 8: grey. 24: RGB. */
  readonly bitsPerPixel: 1 | 8 | 24;
  readonly data: Uint8Array;
}

/** Bytes of one row. */
export function rowBytesOf(widthPx: number, bitsPerPixel: 1 | 8 | 24): number {
  return Math.ceil((widthPx * bitsPerPixel) / 8);
}

/** Turns RGB whose channels are all equal into grey; anything else comes back as it is. */
export function greyIfColourless(raster: Raster): Raster {
  if (raster.bitsPerPixel !== 24) return raster;
  const { data } = raster;
  const end = raster.widthPx * raster.heightPx * 3;
  for (let i = 0; i < end; i += 3) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return raster;
  const grey = new Uint8Array(raster.widthPx * raster.heightPx);
  for (let i = 0, j = 0; j < grey.length; i += 3, j++) grey[j] = data[i] as number;
  return { ...raster, bitsPerPixel: 8, data: grey };
}

/** Unpacks 1-bit pixels to one byte each: 0 black, 255 white. */
export function unpackBits(raster: Raster): Raster {
  const { widthPx, heightPx, data } = raster;
  const rowBytes = rowBytesOf(widthPx, 1);
  const grey = new Uint8Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y++) {
    const from = y * rowBytes;
    const to = y * widthPx;
    for (let x = 0; x < widthPx; x++) {
      grey[to + x] = ((data[from + (x >> 3)] as number) >> (7 - (x & 7))) & 1 ? 0 : 255;
    }
  }
  return { widthPx, heightPx, bitsPerPixel: 8, data: grey };
}

/** Brings the upper bits of four bytes together as the upper four bits of a word, the first byte's first. */
const GATHER = 0x80402010;

/** Packs grey pixels to 1 bit each: darker than middle grey is black. */
export function packBits(raster: Raster): Raster {
  const { widthPx, heightPx, data } = raster;
  const rowBytes = rowBytesOf(widthPx, 1);
  const packed = new Uint8Array(rowBytes * heightPx);
  // A row of its own begins at a word, and ends in white.
  const row = new Uint8Array(rowBytes * 8).fill(255);
  const words = new DataView(row.buffer);
  for (let y = 0; y < heightPx; y++) {
    row.set(data.subarray(y * widthPx, (y + 1) * widthPx));
    for (let i = 0; i < rowBytes; i++) {
      const first = words.getUint32(i * 8, true);
      const second = words.getUint32(i * 8 + 4, true);
      // All white, as most of a page is.
      if ((first & second & 0x80808080) === (0x80808080 | 0)) continue;
      packed[y * rowBytes + i] = ~((gatherBits(first) << 4) | gatherBits(second));
    }
  }
  return { widthPx, heightPx, bitsPerPixel: 1, data: packed };
}

function gatherBits(word: number): number {
  return Math.imul((word >>> 7) & 0x01010101, GATHER) >>> 28;
}

/**
 * How the axes of a new image lie in the old one: its x runs along the old y where `swap`, and from the far end where
 * `flipX`; likewise y. A pixel (x, y) of the new image is the old (x', y') with x' = swap ? y : x, reversed if flipX.
 */
export interface Orientation {
  readonly swap: boolean;
  readonly flipX: boolean;
  readonly flipY: boolean;
}

/** Turns and mirrors an image. `flipX` and `flipY` are of the old image's own axes; see {@link Orientation}. */
export function orient(raster: Raster, { swap, flipX, flipY }: Orientation): Raster {
  if (!swap && !flipX && !flipY) return raster;
  if (!swap && !flipX) return flipRows(raster);
  if (raster.bitsPerPixel === 1) return packBits(orient(unpackBits(raster), { swap, flipX, flipY }));
  const { widthPx: oldWidth, heightPx: oldHeight, data } = raster;
  const channels = raster.bitsPerPixel / 8;
  const widthPx = swap ? oldHeight : oldWidth;
  const heightPx = swap ? oldWidth : oldHeight;
  // Steps in the old data for one pixel right and one row down in the new.
  const stepOldX = flipX ? -channels : channels;
  const stepOldY = (flipY ? -1 : 1) * oldWidth * channels;
  const origin = (flipX ? oldWidth - 1 : 0) * channels + (flipY ? oldHeight - 1 : 0) * oldWidth * channels;
  const stepX = swap ? stepOldY : stepOldX;
  const stepY = swap ? stepOldX : stepOldY;
  const out = new Uint8Array(data.length);
  // Squares of pixels, so that a quarter turn stays within the processor's cache.
  const tile = 64;
  for (let top = 0; top < heightPx; top += tile) {
    for (let left = 0; left < widthPx; left += tile) {
      const bottom = Math.min(top + tile, heightPx);
      const right = Math.min(left + tile, widthPx);
      for (let y = top; y < bottom; y++) {
        let from = origin + y * stepY + left * stepX;
        let to = (y * widthPx + left) * channels;
        for (let x = left; x < right; x++, from += stepX) {
          for (let c = 0; c < channels; c++) out[to++] = data[from + c] as number;
        }
      }
    }
  }
  return { widthPx, heightPx, bitsPerPixel: raster.bitsPerPixel, data: out };
}

function flipRows(raster: Raster): Raster {
  const rowBytes = rowBytesOf(raster.widthPx, raster.bitsPerPixel);
  const out = new Uint8Array(raster.data.length);
  for (let y = 0; y < raster.heightPx; y++) {
    out.set(raster.data.subarray(y * rowBytes, (y + 1) * rowBytes), (raster.heightPx - 1 - y) * rowBytes);
  }
  return { ...raster, data: out };
}

/** The window `[left, top, left + widthPx, top + heightPx]` of an image; what lies outside the image is white. */
export function cutOut(raster: Raster, left: number, top: number, widthPx: number, heightPx: number): Raster {
  if (left === 0 && top === 0 && widthPx === raster.widthPx && heightPx === raster.heightPx) return raster;
  if (raster.bitsPerPixel === 1) {
    if (left === 0 && widthPx === raster.widthPx) return windowRows(raster, top, heightPx);
    return packBits(cutOut(unpackBits(raster), left, top, widthPx, heightPx));
  }
  const channels = raster.bitsPerPixel / 8;
  const out = new Uint8Array(widthPx * heightPx * channels).fill(255);
  const fromX = Math.max(0, left);
  const toX = Math.min(raster.widthPx, left + widthPx);
  const fromY = Math.max(0, top);
  const toY = Math.min(raster.heightPx, top + heightPx);
  if (toX <= fromX) return { widthPx, heightPx, bitsPerPixel: raster.bitsPerPixel, data: out };
  for (let y = fromY; y < toY; y++) {
    const row = raster.data.subarray((y * raster.widthPx + fromX) * channels, (y * raster.widthPx + toX) * channels);
    out.set(row, ((y - top) * widthPx + fromX - left) * channels);
  }
  return { widthPx, heightPx, bitsPerPixel: raster.bitsPerPixel, data: out };
}

/** {@link cutOut} over whole rows of a 1-bit image, where white is 0. */
function windowRows(raster: Raster, top: number, heightPx: number): Raster {
  const rowBytes = rowBytesOf(raster.widthPx, 1);
  const out = new Uint8Array(rowBytes * heightPx);
  const fromY = Math.max(0, top);
  const toY = Math.min(raster.heightPx, top + heightPx);
  if (toY > fromY) out.set(raster.data.subarray(fromY * rowBytes, toY * rowBytes), (fromY - top) * rowBytes);
  return { widthPx: raster.widthPx, heightPx, bitsPerPixel: 1, data: out };
}
