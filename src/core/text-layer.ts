import type { PageImage, Block } from './page.ts';
import type { TextMode } from './settings.ts';

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

/** keep: the page's own text is its result. read: recognize it. replace: recognize it, and take the old invisible text out. */
export type TextDecision = 'keep' | 'read' | 'replace';

/** A page that images cover to at least this share is a scan: text on it may be an OCR layer, or just a stamp. */
const SCAN_IMAGE_SHARE = 0.5;

/** Fonts without a Unicode map give private-use or replacement characters; a fifth of those makes text useless to search. */
const MAX_UNREADABLE_SHARE = 0.2;

/** Share of width and height, on each side, where libraries and archives put their stamps, notices and running marks. */
const MARGIN_SHARE = 0.08;

/** Download notices have up to three lines, stamps fewer: a text layer of a scan has more, outside the margins. */
const MIN_BODY_LINES = 4;
const MIN_BODY_CHARACTERS = 80;

/** Nobody stamps invisibly: text that cannot be seen is an earlier OCR's, even where the page has little to read. */
const MIN_INVISIBLE_CHARACTERS = 20;

/** A filing stamp's lines lie close together; reading a page of so few lines again costs little and loses nothing. */
const MIN_TEXT_SPREAD = 0.1;

/**
 * Decides what happens to the text a page already holds.
 *
 * - `force` reads every page.
 * - `skip` keeps a text layer that is real: any readable visible text of a page that is not a scan; on a scan (images
 *   cover half of it or more) 20 invisible letters, or at least four lines and 80 letters outside the outer 8 % of the
 *   page, spread over a tenth of its height. Stamps, download notices and unreadable text are none.
 * - `redo` keeps born-digital text as `skip` does, and reads again what holds an earlier OCR's invisible text.
 *
 * Whatever is read and holds invisible text is `replace`, so that no word is found twice.
 */
export function decideText(text: PageText, mode: TextMode): TextDecision {
  const readAgain = text.invisibleCharacters > 0 ? 'replace' : 'read';
  if (mode === 'force') return readAgain;
  if (!hasRealText(text)) return readAgain;
  if (mode === 'redo' && isEarlierOcr(text)) return 'replace';
  return 'keep';
}

function hasRealText(text: PageText): boolean {
  if (text.visibleCharacters + text.invisibleCharacters === 0) return false;
  if (text.unreadableShare > MAX_UNREADABLE_SHARE) return false;
  if (text.imageShare < SCAN_IMAGE_SHARE && text.visibleCharacters > 0) return true;
  if (text.invisibleCharacters >= MIN_INVISIBLE_CHARACTERS) return true;
  const body = countBody(text);
  return body.lines >= MIN_BODY_LINES && body.characters >= MIN_BODY_CHARACTERS && text.textSpread >= MIN_TEXT_SPREAD;
}

/** Invisible text over a scan, or more of it than of visible text: someone read this page before. */
function isEarlierOcr(text: PageText): boolean {
  if (text.invisibleCharacters === 0) return false;
  return text.imageShare >= SCAN_IMAGE_SHARE || text.invisibleCharacters > text.visibleCharacters;
}

/** Lines, and their letters and digits, whose middle is outside the margins. */
function countBody(text: PageText): { lines: number; characters: number } {
  const { widthPx, heightPx } = text.image;
  let lines = 0;
  let characters = 0;
  for (const block of text.blocks) {
    for (const line of block.paragraphs.flatMap((paragraph) => paragraph.lines)) {
      const [left, top, right, bottom] = line.box;
      if (!isOffMargins((left + right) / 2, widthPx) || !isOffMargins((top + bottom) / 2, heightPx)) continue;
      lines++;
      for (const word of line.words) characters += countLettersAndDigits(word.text);
    }
  }
  return { lines, characters };
}

function isOffMargins(position: number, length: number): boolean {
  return position >= length * MARGIN_SHARE && position <= length * (1 - MARGIN_SHARE);
}

/** Counts the letters and digits of any script. */
export function countLettersAndDigits(text: string): number {
  let count = 0;
  for (const character of text) if (/[\p{L}\p{N}]/u.test(character)) count++;
  return count;
}
