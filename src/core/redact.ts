import { hasSecretName, PLAIN_WORD } from './secret-names.ts';
import { HIDDEN, hideKnownSecrets } from './secrets.ts';

/** Replacements that need no look around. Each tries a place once and reads on from there: the time is linear. */
const RULES: readonly (readonly [pattern: RegExp, replacement: string | ((...groups: string[]) => string)])[] = [
  [
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^"']*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|(?=\\{0,8}["'])|$)/g,
    HIDDEN,
  ],
  // Words of people ("Bearer of bad news") have no digit, and are shorter than tokens.
  [/\b(Bearer|Basic)\s{1,20}(?=[\w.~+/=-]{16}|[A-Za-z.~+/=_-]{0,15}\d)[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  // Box's download and upload hosts sign their links in path and query alike.
  [
    /(https?:\/\/[\w.-]{0,200}(?:boxcloud|dl\.box|upload\.box)\.com)(?![\w.-])([^\s"'<>\\]*)/gi,
    (_, host = '', rest = '') =>
      /^(?:\/(?:[a-z_.]{1,24}|\d{1,20}))*\/?$/i.test(rest) ? host + rest : `${host}/${HIDDEN}`,
  ],
  // JSON web tokens wherever they stand.
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+){1,3}/g, HIDDEN],
];

/** A name with what divides it from its value; a name begins where a word does, so that no letter is tried twice. */
const NAME = /(?<![\w.-])([a-z_][\w.-]*)(\\{0,8}["']?)(\s{0,20}[=:]\s{0,20})/gi;
const JSON_WORD = /(?:null|true|false|-?\d{1,40}(?:\.\d{1,40})?)\s{0,20}(?:[,}\]]|$)/y;
const BARE = /[^\s"'\\,;{}[\]&<>]+/y;
const BARE_AFTER_EQUALS = /[^\s"'\\&<>[\]]+/y;
const QUOTE = /(\\{0,8})(["'])/y;
const FILE_NAME = /\.(?:pdf|zip|txt|tiff?|jpe?g|png|csv|json|ya?ml|html?)$/i;

/**
 * Takes secrets out of a text that came from outside, before people or logs see it: those this process knows, exactly, and
 * what looks like a token, a client secret, a private key or a signed link. Names and words of people are for
 * `hideKnownSecrets`. Takes time in proportion to the text.
 */
export function redact(text: string): string {
  let safe = hideKnownSecrets(text);
  for (const [pattern, replacement] of RULES) safe = safe.replaceAll(pattern, replacement as string);
  return redactNamed(safe);
}

/** Hides the values of what has the name of a secret, as JSON, forms, query strings, YAML and shells write them. */
function redactNamed(text: string): string {
  let safe = '';
  let taken = 0;
  NAME.lastIndex = 0;
  for (let found = NAME.exec(text); found; found = NAME.exec(text)) {
    const [, name = '', quote = '', divider = ''] = found;
    const sureness = hasSecretName(name, text[found.index - 1]);
    if (sureness === undefined) continue;
    const value = findValue(text, NAME.lastIndex, divider.includes('='));
    if (!value || (sureness === PLAIN_WORD && !looksSecret(value, quote !== '', divider.includes('=')))) continue;
    safe += text.slice(taken, value.from) + HIDDEN;
    taken = value.to;
    NAME.lastIndex = Math.max(value.to, NAME.lastIndex);
  }
  return safe + text.slice(taken);
}

interface Value {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly quoting: 'none' | 'closed' | 'open';
}

function findValue(text: string, at: number, afterEquals: boolean): Value | undefined {
  QUOTE.lastIndex = at;
  const opening = QUOTE.exec(text);
  if (opening) {
    const [whole, escapes = '', quote = ''] = opening;
    const from = at + whole.length;
    const { to, closed } = endOfQuoted(text, from, escapes.length, quote);
    return { from, to, text: text.slice(from, to), quoting: closed ? 'closed' : 'open' };
  }
  // JSON's own bare words are no secrets.
  JSON_WORD.lastIndex = at;
  if (!afterEquals && JSON_WORD.test(text)) return undefined;
  const bare = afterEquals ? BARE_AFTER_EQUALS : BARE;
  bare.lastIndex = at;
  const value = bare.exec(text)?.[0];
  return value === undefined ? undefined : { from: at, to: at + value.length, text: value, quoting: 'none' };
}

/**
 * Where a quoted value ends: at a quote with as many backslashes before it as the opening one has, which is deeper where JSON
 * stands inside JSON; or at an outer quote, so that JSON stays JSON.
 */
function endOfQuoted(text: string, from: number, depth: number, quote: string): { to: number; closed: boolean } {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (at - escapes > from && text[at - escapes - 1] === '\\') escapes++;
    if (escapes < depth) return { to: at - escapes, closed: false };
    // Each backslash of the value itself is written as two, once more for each level.
    if ((escapes - depth) % (2 * (depth + 1)) === 0) return { to: at - depth, closed: true };
  }
  return { to: text.length, closed: false };
}

/** "token", "password" and their like are words of people, too: only what has the form of a secret is one. */
function looksSecret({ text, quoting }: Value, nameIsQuoted: boolean, afterEquals: boolean): boolean {
  if (quoting === 'open' || /\s/.test(text) || FILE_NAME.test(text)) return false;
  if (quoting === 'closed') return text.length >= 6 || nameIsQuoted;
  return afterEquals ? text.length >= 4 : text.length >= 6 && /\d/.test(text);
}
