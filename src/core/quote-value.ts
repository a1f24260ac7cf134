import { replaceUnsafe } from './unsafe-characters.ts';

/** Longest part of a wrong value that an error repeats, in characters. */
const LONGEST = 100;

/** A wrong value as an error repeats it: in quotes, on one line, cut to some 100 characters. */
export function quoteValue(value: string): string {
  const characters = Array.from(value.slice(0, 2 * LONGEST + 1));
  const cut = characters.length > LONGEST ? `${characters.slice(0, LONGEST).join('')}...` : value;
  return `"${replaceUnsafe(cut, '?')}"`;
}
