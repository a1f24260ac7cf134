import { redact } from './redact.ts';
import { hideKnownSecrets } from './secrets.ts';
import { escapeCharacter, replaceUnsafe } from './unsafe-characters.ts';

/** Fields that hold sentences, which may repeat what came from outside. All others are names, numbers and codes. */
const SENTENCES: ReadonlySet<string> = new Set([
  'message',
  'why',
  'safe',
  'remedy',
  'text',
  'stack',
  'reason',
  'detail',
  'problem',
  'warning',
]);
/** Fields whose texts are names, also where a sentence beside them repeats them. */
const NAMES = ['document', 'path', 'name', 'source', 'file'] as const;

type Plain = Readonly<Record<string, unknown>>;

/**
 * Writes a value as JSON that may be shown and kept: secrets are hidden in each text before it is written, by value in names and
 * by form in sentences as well, and characters that are unsafe to show are escaped, which changes nothing for whoever parses it.
 */
export function safeJson(value: unknown, indent?: number): string {
  // Line ends between the parts of indented JSON are the only controls that stand in it as they are.
  const json = JSON.stringify(safe(value, 'name', []), null, indent) ?? 'null';
  return json
    .split('\n')
    .map((line) => replaceUnsafe(line, escapeCharacter))
    .join('\n');
}

/** As a value may be kept: secrets are hidden as {@link safeJson} hides them. Names in it stay as they are. */
export function hideSecrets<T extends object>(value: T): T {
  return safe(value, 'name', []) as T;
}

function safe(value: unknown, kind: 'name' | 'sentence', names: readonly string[]): unknown {
  if (typeof value === 'string') return kind === 'name' ? hideKnownSecrets(value) : redactAround(value, names);
  if (Array.isArray(value)) return value.map((item: unknown) => safe(item, kind, names));
  if (typeof value !== 'object' || value === null) return value;
  if ('toJSON' in value && typeof value.toJSON === 'function') return safe(value.toJSON(), kind, names);
  const record = value as Plain;
  const known = [...names, ...NAMES.flatMap((name) => (typeof record[name] === 'string' ? [record[name]] : []))];
  return Object.fromEntries(
    Object.entries(record).map(([key, item]) => [
      hideKnownSecrets(key),
      safe(item, SENTENCES.has(key) ? 'sentence' : 'name', known),
    ]),
  );
}

/** Redacts a sentence, and leaves the names in it as they are. */
function redactAround(text: string, [name, ...others]: readonly string[]): string {
  if (name === undefined) return redact(text);
  if (name.length < 3) return redactAround(text, others);
  return text
    .split(name)
    .map((part) => redactAround(part, others))
    .join(hideKnownSecrets(name));
}
