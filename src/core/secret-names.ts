/** The name is that of a secret in every text. */
export const SURE = 'sure';
/** The name is also a word of people: "password list". */
export const PLAIN_WORD = 'plain-word';

/** Words that end a secret's name: alone they are words of people, after another ("access token") they are sure. */
const LAST_WORDS = new Set([
  'token',
  'secret',
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'signature',
  'sig',
  'assertion',
  'credential',
  'credentials',
]);
/** Words that make a key a secret one. */
const KEY_WORDS = new Set(['private', 'api', 'secret', 'access', 'signing', 'encryption', 'account', 'auth']);
/** Codes that are exchanged for a token (RFC 6749, 4.1). */
const CODE_WORDS = new Set(['auth', 'authorization', 'device']);
/** Written together, as some write them. */
const JOINED =
  /(?:access|refresh|client|auth|id|api|bearer|developer|session|upload|subject|actor)(?:token|secret|assertion)$|(?:private|api|secret)key$|codeverifier$/;

/**
 * Tells whether a name is that of a secret, however it is written: `accessToken`, `box-client-secret`,
 * `OCR_PIPELINE_BOX_CLIENT_SECRET`. Pure.
 * @param before the character before the name, which makes a `code` one of an address.
 */
export function hasSecretName(name: string, before: string | undefined): typeof SURE | typeof PLAIN_WORD | undefined {
  // Names are short; what is long is a file of something else.
  const words = wordsOf(name.slice(-80));
  const last = words.at(-1) ?? '';
  const previous = words.at(-2);
  if (last === 'code') {
    const inAddress = words.length === 1 && (before === '?' || before === '&');
    return inAddress || (previous !== undefined && CODE_WORDS.has(previous)) ? SURE : undefined;
  }
  if (last === 'verifier') return previous === 'code' ? SURE : undefined;
  if (last === 'key') return previous !== undefined && KEY_WORDS.has(previous) ? SURE : undefined;
  if (JOINED.test(last)) return SURE;
  if (!LAST_WORDS.has(last)) return undefined;
  return previous === undefined ? PLAIN_WORD : SURE;
}

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
}
