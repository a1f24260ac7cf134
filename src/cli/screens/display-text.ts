import { createRequire } from 'node:module';
import type * as StringWidth from 'string-width';
import { replaceUnsafe } from '../../core/unsafe-characters.ts';

let stringWidth: typeof StringWidth.default | undefined;

/** What a terminal shows in one place: a letter with its accents, an emoji with its parts. Making it takes a start's third. */
let graphemes: Intl.Segmenter | undefined;

/** A name from outside as one line of harmless text: control characters become `?`. */
export function cleanText(text: string): string {
  return replaceUnsafe(text, '?');
}

/** As {@link cleanText}, keeping line ends. */
export function cleanLines(text: string): string {
  return text.split('\n').map(cleanText).join('\n');
}

function splitGraphemes(text: string): string[] {
  graphemes ??= new Intl.Segmenter();
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** Columns a text takes on a terminal. */
export function displayWidth(text: string): number {
  // Loaded for text beyond ASCII alone: help and most screens need none of it.
  if (/^[ -~]*$/.test(text)) return text.length;
  stringWidth ??= (createRequire(import.meta.url)('string-width') as typeof StringWidth).default;
  return stringWidth(text);
}

/** Cuts a text to at most `width` columns, marking the cut by `...`. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const mark = '...'.slice(0, Math.max(0, width));
  let kept = '';
  let used = mark.length;
  for (const grapheme of splitGraphemes(text)) {
    used += displayWidth(grapheme);
    if (used > width) break;
    kept += grapheme;
  }
  return kept + mark;
}

/** Cuts out the middle, which keeps the end of long file names in sight. */
export function truncateMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const tailWidth = Math.max(0, Math.floor((width - 3) / 2));
  let tail = '';
  let used = 0;
  for (const grapheme of splitGraphemes(text).toReversed()) {
    const wide = displayWidth(grapheme);
    if (used + wide > tailWidth) break;
    used += wide;
    tail = grapheme + tail;
  }
  return truncate(text, width - used) + tail;
}

/** Cuts a text anywhere into pieces of at most `width` columns, at least 2; nothing is lost. */
export function breakText(text: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const grapheme of splitGraphemes(text)) {
    const wide = displayWidth(grapheme);
    if (used + wide > width && used > 0) {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += grapheme;
    used += wide;
  }
  return [...pieces, piece];
}

/** Pads with spaces to `width` columns; longer text stays as it is. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/**
 * Breaks a text at spaces into lines of at most `width` columns. A word that is longer, such as a path, stays whole, so
 * that it can be copied. Spaces at the beginning and inside a line are kept.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const token of paragraph.match(/ *[^ ]+/g) ?? []) {
      if (line !== '' && displayWidth(line) + displayWidth(token) > width) {
        lines.push(line);
        line = token.trimStart();
      } else line += token;
    }
    lines.push(line);
  }
  return lines;
}
