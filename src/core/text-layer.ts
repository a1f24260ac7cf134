import type { PageImage, Block } from './page.ts';

/** The text a PDF page already holds. */
export interface PageText {
  /** Its words, lines and blocks in the PDF's own order, boxes in pixels of `image`. */
  readonly blocks: readonly Block[];
  /** The page at 72 dots an inch as a frame for the boxes: 1 px is 1 point as displayed. */
  readonly image: Pick<PageImage, 'widthPx' | 'heightPx' | 'dpi' | 'toPoints'>;
  /** Letters and digits drawn visibly (text rendering modes other than 3 and 7). */
  readonly visibleCharacters: number;
  /** Letters and digits drawn invisibly: the mark of an earlier OCR. */
  readonly invisibleCharacters: number;
  /** Share of characters without a Unicode meaning (replacement, private use, control), 0 to 1. */
  readonly unreadableShare: number;
  /** Share of the page's area that images cover, 0 to 1. */
  readonly imageShare: number;
  /** Share of the page's height between the first and the last line of text, 0 to 1. */
  readonly textSpread: number;
  readonly lineCount: number;
}
