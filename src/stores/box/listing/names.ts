import { OutputError } from '../../../core/errors.ts';

/** Box allows 255 characters; we count UTF-16 units, the stricter way. */
const MAX_NAME_CHARS = 255;

/** Two names that Box takes for the same: it ignores case, and so must we where names meet other systems. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/**
 * The name as Box can hold it. Box refuses `/`, `\`, unprintable characters, spaces at either end, `.` and `..`; what it
 * refuses becomes `_`, with a mark where the result would not be unmistakable.
 */
export function toBoxName(name: string): string {
  let safe = '';
  for (const char of name) safe += isHoldable(char) ? char : '_';
  safe = safe.replace(/^\s+|\s+$/gu, (spaces) => '_'.repeat(spaces.length));
  if (safe === '.' || safe === '..') safe = safe.replaceAll('.', '_');
  if (safe !== name) safe = insertMark(safe, `~${markOf(name)}`);
  return safe.length > MAX_NAME_CHARS ? insertMark(safe, `~${markOf(name)}`) : safe;
}

/** Control characters, surrogates without a partner and Unicode's non-characters are what Box calls unprintable. */
function isHoldable(char: string): boolean {
  return char !== '/' && char !== '\\' && !/[\p{Cc}\p{Cs}]/u.test(char);
}

/** A short digest, so that `a\nb` and `a\tb` stay two names. FNV-1a, 32 bits: a mark, not a check. */
function markOf(name: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** Puts a mark before the extension, `.alto.xml` being one. */
export function insertMark(name: string, mark: string): string {
  const extension = /(?:\.alto\.xml|\.[^.]{1,10})?$/.exec(name)?.[0] ?? '';
  const stem = name.slice(0, name.length - extension.length);
  return cutText(stem, MAX_NAME_CHARS - mark.length - extension.length) + mark + extension;
}

/** The first `limit` UTF-16 units, without tearing a pair. */
function cutText(text: string, limit: number): string {
  const torn = /[\uD800-\uDBFF]/.test(text[limit - 1] ?? '');
  return text.slice(0, torn && text.length > limit ? limit - 1 : limit);
}

/**
 * Splits a path below the store's folder into its parts.
 * @throws {OutputError} `NAME_UNSAFE`: it is empty or leads elsewhere.
 */
export function splitPath(path: string): { readonly folders: readonly string[]; readonly name: string } {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0')))
    throw new OutputError(
      'NAME_UNSAFE',
      `"${path}" is not a name that can be written.`,
      {
        safe: 'Nothing was written.',
      },
      { scope: 'document' },
    );
  return { folders: parts.slice(0, -1).map(toBoxName), name: toBoxName(parts.at(-1) ?? '') };
}
