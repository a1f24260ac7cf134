import type { Block, Word } from '../core/page.ts';
import { wordsOf } from '../core/page.ts';

/** How good a reading looks, by itself. */
export interface ReadingScore {
  /** Letters and digits in all words. */
  readonly characters: number;
  /** Mean confidence weighted by characters, 0 to 100; 0 without words. */
  readonly confidence: number;
  /** Share of the letters that are in words as languages have them, 0 to 1. */
  readonly wordLike: number;
  /**
   * Grows with all three: characters that are probably right. Comparable between readings of the same page alone.
   */
  readonly total: number;
}

/** Letters and digits of any script, with their marks. */
const CHARACTERS = /[\p{L}\p{N}\p{M}]/gu;
/** Letters with the apostrophes and hyphens inside a word, and the punctuation that may stand around it. */
const WORD_LIKE = /^[^\p{L}\p{N}]*\p{Lu}?\p{M}*(?:[\p{Ll}\p{Lo}\p{Lm}\p{M}'’-]{2,}|\p{Lu}{2,})[^\p{L}\p{N}]*$/u;

/** Scores a reading. A page read the wrong way round has few words, of low confidence, in no shape of words. */
export function scoreReading(blocks: readonly Block[]): ReadingScore {
  let characters = 0;
  let weighted = 0;
  let inWords = 0;
  let probable = 0;
  for (const word of wordsOf({ blocks })) {
    const count = countCharacters(word);
    characters += count;
    weighted += count * word.confidence;
    const wordLike = count >= 3 && WORD_LIKE.test(word.text);
    if (wordLike) inWords += count;
    probable += count * (word.confidence / 100) ** 2 * (wordLike ? 1 : 0.5);
  }
  return {
    characters,
    confidence: characters > 0 ? weighted / characters : 0,
    wordLike: characters > 0 ? inWords / characters : 0,
    total: probable,
  };
}

function countCharacters(word: Word): number {
  return word.text.match(CHARACTERS)?.length ?? 0;
}

/** Mean of the word confidences weighted by characters of any kind, 0 to 100; undefined without words. */
export function meanConfidence(blocks: readonly Block[]): number | undefined {
  let length = 0;
  let weighted = 0;
  for (const word of wordsOf({ blocks })) {
    length += word.text.length;
    weighted += word.text.length * word.confidence;
  }
  return length > 0 ? Math.round((weighted / length) * 10) / 10 : undefined;
}

/** With this many marks like letters a page is not called empty, however little could be read. */
const DIRT_MARKS = 60;

/**
 * Tells whether what was read is only the dirt of an empty page: few marks like letters, hardly a letter or digit read,
 * and none the engine is sure of. A page number is text.
 */
export function isOnlyDirt(blocks: readonly Block[], letterMarks: number): boolean {
  if (letterMarks >= DIRT_MARKS) return false;
  for (const word of wordsOf({ blocks })) {
    const count = countCharacters(word);
    if (count > 0 && (word.confidence >= 80 || (word.confidence >= 50 && count >= 3))) return false;
  }
  return true;
}
