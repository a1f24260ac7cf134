import type { ErrorRecord } from './errors.ts';
import type { BoxPx, Matrix } from './geometry.ts';

/**
 * The pixels of one page as a person sees it (rotation and crop honoured), rows top to bottom without padding except
 * that 1-bit rows start at a byte.
 */
export interface PageImage {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Pixels an inch, measured on the page; the horizontal one where both differ. */
  readonly dpi: number;
  /** 1: packed, most significant bit first, 1 is black (as PBM). 8: grey, 0 is black. 24: RGB. */
  readonly bitsPerPixel: 1 | 8 | 24;
  readonly data: Uint8Array;
  /** Maps pixels (origin top left) to the page's PDF points (user space, origin bottom left). */
  readonly toPoints: Matrix;
}

/** One word. Boxes are in pixels of the recognized frame (see {@link RecognizedFrame}). */
export interface Word {
  readonly text: string;
  readonly box: BoxPx;
  /** The engine's guess, 0 to 100; not a measured accuracy. Text kept from the PDF has 100. */
  readonly confidence: number;
}

export interface Line {
  readonly box: BoxPx;
  /** Slope and offset in pixels relative to the box's bottom left corner, as in hOCR. */
  readonly baseline?: readonly [slope: number, offsetPx: number] | undefined;
  readonly words: readonly Word[];
}

export interface Paragraph {
  readonly box: BoxPx;
  readonly direction: 'ltr' | 'rtl';
  readonly lines: readonly Line[];
}

export interface Block {
  readonly box: BoxPx;
  readonly paragraphs: readonly Paragraph[];
}

/** What an engine read in one image, blocks in reading order. */
export interface RecognizedPage {
  readonly blocks: readonly Block[];
}

/**
 * The image the engine saw: the page image after turning, straightening and scaling. `toImage` maps its pixels to those
 * of the page image; the identity when nothing was done.
 */
export interface RecognizedFrame {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly toImage: Matrix;
  /** How the page image was turned to read it: clockwise degrees. */
  readonly turnedDeg: 0 | 90 | 180 | 270;
  /** The skew that was taken out, in degrees, positive when lines fell to the right. */
  readonly skewDeg: number;
}

/** A part of a page that could not be decoded whole; words may be missing there. */
export interface PageDamage {
  /** A picture on the page, or what says how the page is painted. */
  readonly part: 'image' | 'content';
  /** `cut`: it stops before its end; `corrupt`: parts of it make no sense and were mended or passed over; `missing`: not in the file. */
  readonly kind: 'cut' | 'corrupt' | 'missing';
  /** How it is compressed, as PDF names it, such as `DCTDecode`; absent where it is not. */
  readonly filter?: string | undefined;
}

/** The end states of a page. `failed` is never done: the next run reads it again. */
export type PageState = 'done' | 'blank' | 'kept-text' | 'failed';

/** All that a run keeps of a page. A pure function of document bytes, page number and recipe: no times, no host names. */
export interface PageResult {
  /** 1-based. */
  readonly pageNumber: number;
  readonly state: PageState;
  /** Why it failed; only with `failed`. */
  readonly error?: ErrorRecord | undefined;
  /** The page image's size and place; absent where the page could not be rendered. */
  readonly image?: Pick<PageImage, 'widthPx' | 'heightPx' | 'dpi' | 'toPoints'> | undefined;
  readonly frame?: RecognizedFrame | undefined;
  readonly blocks: readonly Block[];
  /** Parts that could not be decoded whole; absent where all could. */
  readonly damage?: readonly PageDamage[] | undefined;
  /** Mean of the word confidences weighted by characters, 0 to 100; absent without words. */
  readonly confidence?: number | undefined;
  /** The PDF page already holds invisible text that the searchable PDF must take out (`--mode redo` or `force`). */
  readonly replacesText?: boolean | undefined;
  /** A small grey WebP, base64, about 160 px wide; only for pages a person should look at. */
  readonly thumbnail?: string | undefined;
}

/** The words of a page in reading order. */
export function* wordsOf(page: Pick<PageResult, 'blocks'>): Generator<Word> {
  for (const block of page.blocks)
    for (const paragraph of block.paragraphs) for (const line of paragraph.lines) yield* line.words;
}
