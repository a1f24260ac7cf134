/**
 * Characters that move the cursor, hide text, take no room or turn its direction: C0 and C1 controls, bidi controls, zero width
 * characters, separators of lines, tags, halves of characters. The joiners U+200C and U+200D belong to words of many
 * scripts and to emoji; they are unsafe where they join nothing.
 */
const UNSAFE =
  // oxlint-disable-next-line eslint/no-control-regex, eslint/no-misleading-character-class -- each alone is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?<=^|[\p{Script=Latin}\p{N}\p{P}\p{Z}\u200c\u200d])[\u200c\u200d]|\p{Surrogate}/gu;

/** Puts something in place of every character of a text from outside that must not be shown as it is. */
export function replaceUnsafe(text: string, replacement: string | ((character: string) => string)): string {
  // Most texts have nothing else, and the pattern is slow to compile.
  if (/^[ -~]*$/.test(text)) return text;
  return typeof replacement === 'string'
    ? text.replaceAll(UNSAFE, () => replacement)
    : text.replaceAll(UNSAFE, replacement);
}

/** `\u202e`, as JSON writes it; two of them beyond the first 65,536 characters. */
export function escapeCharacter(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => String.raw`\u` + character.charCodeAt(index).toString(16).padStart(4, '0'),
  ).join('');
}
