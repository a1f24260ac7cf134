const HIDDEN = '[hidden]';

/** Names whose values are secrets, in JSON, forms, headers and query strings. */
const SECRET_NAMES =
  'access_token|refresh_token|client_secret|clientsecret|client_assertion|assertion|subject_token|actor_token|box_developer_token|' +
  'password|passwd|private_?key|passphrase|token|upload_token|shared_link_password|signature|x-amz-signature|x-amz-credential|x-amz-security-token|sig';

/** A secret's name with its colon, as a property: quoted or not, and quoted again where JSON stands inside JSON. */
const PROPERTY = String.raw`(\b(?:${SECRET_NAMES})\b\\*["']?\s{0,20}:\s{0,20})`;

/** No rule takes a closing quote or the backslash before it: JSON stays JSON. */
const RULES: readonly [pattern: RegExp, replacement: string][] = [
  [/-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----[^"']*?(?:-----END \1-----|(?=\\*["'])|$)/g, HIDDEN],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  // A quoted value, up to a quote that is escaped as the opening one was.
  [new RegExp(String.raw`${PROPERTY}(\\*)(["'])(?:(?!\2\3)(?:\\.|[^\\]))*`, 'gis'), `$1$2$3${HIDDEN}`],
  // A bare value. JSON's own bare words are no secrets.
  [
    new RegExp(String.raw`${PROPERTY}(?!(?:null|true|false|-?\d+(?:\.\d+)?)\s*(?:[,}\]]|$))[^\s"'\\,{}[\]]+`, 'gi'),
    `$1${HIDDEN}`,
  ],
  // A form field, a query parameter or a variable's assignment.
  [new RegExp(String.raw`(\b(?:${SECRET_NAMES})=\\*["']?)[^\s&"'<>\\]+`, 'gi'), `$1${HIDDEN}`],
  // Box's download and upload hosts sign their links in path and query alike: only the host is kept.
  [/(https?:\/\/(?:[\w-]+\.)*(?:boxcloud|dl\.box|upload\.box)\.com)\/[^\s"'<>\\]*/gi, `$1/${HIDDEN}`],
  // JSON web tokens wherever they stand.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}/g, HIDDEN],
];

/** Takes secrets out of a text that people or logs will see: tokens, client secrets, private keys, signed links. */
export function redact(text: string): string {
  return RULES.reduce((safe, [pattern, replacement]) => safe.replaceAll(pattern, replacement), text);
}
