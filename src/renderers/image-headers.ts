/** What a JPEG says of itself before its pixels. */
export interface JpegHeader {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: number;
  /** All coefficients are held in memory until the last scan is read. */
  readonly isProgressive: boolean;
  /** Whether an Adobe marker settles how the components are to be taken. */
  readonly hasAdobeMarker: boolean;
}

/** Baseline, extended and progressive with Huffman codes (ITU T.81, table B.1); readers of all others are rare. */
const READABLE_FRAMES = new Set([0xc0, 0xc1, 0xc2]);
/** Markers without a length: TEM, the restart markers, start of image. */
const isBare = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);

/** Reads a JPEG's header; `undefined` where there is none, or one of a kind that is not for everyone. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = findPair(bytes, 0, 0xff, 0xd8) + 2;
  if (at < 2) return undefined;
  let hasAdobeMarker = false;
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1] as number;
    if (bytes[at] !== 0xff || marker === 0xff || isBare(marker)) {
      at += bytes[at] === 0xff && isBare(marker) ? 2 : 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    if (marker === 0xee && length >= 14 && bytes[at + 4] === 0x41 && bytes[at + 5] === 0x64) hasAdobeMarker = true;
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (!READABLE_FRAMES.has(marker) || at + 10 > bytes.length || bytes[at + 4] !== 8) return undefined;
      const heightPx = view.getUint16(at + 5);
      const widthPx = view.getUint16(at + 7);
      if (widthPx === 0 || heightPx === 0) return undefined;
      const components = bytes[at + 9] as number;
      return { widthPx, heightPx, components, isProgressive: marker === 0xc2, hasAdobeMarker };
    }
    if (marker === 0xda || marker === 0xd9) return undefined;
    at += 2 + length;
  }
  return undefined;
}

/** What a JPEG 2000 image says of itself. */
export interface JpxHeader {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: number;
  /** All components have a sample for each pixel; there is no palette, opacity or colour model that needs converting. */
  readonly isPlain: boolean;
}

/** Enumerated colour spaces that need no conversion: sRGB and greyscale (ITU T.800, table I.10). */
const PLAIN_COLOURS = new Set([16, 17]);

/** Reads the header of a JPEG 2000 file or bare code stream; `undefined` where there is none. */
export function readJpxHeader(bytes: Uint8Array): JpxHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Start of code stream is followed at once by the image's size.
  let at = findPair(bytes, 0, 0xff, 0x4f);
  while (at >= 0 && (bytes[at + 2] !== 0xff || bytes[at + 3] !== 0x51)) at = findPair(bytes, at + 1, 0xff, 0x4f);
  if (at < 0 || at + 42 > bytes.length) return undefined;
  const size = at + 8;
  const widthPx = view.getUint32(size) - view.getUint32(size + 8);
  const heightPx = view.getUint32(size + 4) - view.getUint32(size + 12);
  const components = view.getUint16(size + 32);
  const end = size + 34 + components * 3;
  if (widthPx <= 0 || heightPx <= 0 || components === 0 || end > bytes.length) return undefined;
  let isPlain = hasPlainBoxes(bytes.subarray(0, at));
  for (let i = size + 34; i < end; i += 3) if (bytes[i + 1] !== 1 || bytes[i + 2] !== 1) isPlain = false;
  return { widthPx, heightPx, components, isPlain };
}

/** Looks through the boxes before the code stream for what changes the meaning of samples. */
function hasPlainBoxes(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    if (type === 'jp2h') {
      // A box of boxes: its header is passed over, its content is looked through.
      at += 8;
      continue;
    }
    if (type === 'pclr' || type === 'cdef') return false;
    if (type === 'colr' && bytes[at + 8] === 1 && at + 15 <= bytes.length) {
      if (!PLAIN_COLOURS.has(view.getUint32(at + 11))) return false;
    }
    if (length < 8) return true;
    at += length;
  }
  return true;
}

function findPair(bytes: Uint8Array, from: number, first: number, second: number): number {
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (bytes[at + 1] === second) return at;
  }
  return -1;
}
