const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** What keeps its order within text that runs to the left: digits with their separators, and letters that run to the right. */
const FORWARD_RUN = /[\p{Nd}.,:/+-]*\p{Nd}|\p{L}+/gu;
const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * Puts the characters of a word in the order of their places from left to right, in which a PDF shows them and from which
 * readers find back the order of reading. A simple case of the Unicode bidirectional algorithm: one word, one direction.
 */
export function toVisualOrder(word: string): string {
  if (!RIGHT_TO_LEFT.test(word)) return word;
  const runs: string[] = [];
  let at = 0;
  for (const { 0: run, index } of word.matchAll(FORWARD_RUN)) {
    if (RIGHT_TO_LEFT.test(run) && !/\p{Nd}/u.test(run)) continue;
    runs.push(...backwardParts(word.slice(at, index)), run);
    at = index + run.length;
  }
  runs.push(...backwardParts(word.slice(at)));
  return runs.reverse().join('');
}

function backwardParts(text: string): string[] {
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}
