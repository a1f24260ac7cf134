import { PdfDict, PdfName, PdfRef, PdfStream, PdfString, type PdfValue } from './pdf-value.ts';

/** Applied to the bytes of each string; the identity where the file is not encrypted. */
export type StringEncryptor = (bytes: Uint8Array) => Uint8Array;

/** Writes a value as PDF source text, Latin-1 characters only. A stream is written as null: only objects can be streams. */
export function writeValue(value: PdfValue, encrypt: StringEncryptor = (bytes) => bytes): string {
  if (value === null || value instanceof PdfStream) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeNumber(value);
  if (value instanceof PdfName) return writeName(value.name);
  if (value instanceof PdfString) return `<${Buffer.from(encrypt(value.bytes)).toString('hex')}>`;
  if (value instanceof PdfRef) return `${value.num} ${value.gen} R`;
  if (!(value instanceof PdfDict)) return `[${value.map((item) => writeValue(item, encrypt)).join(' ')}]`;
  const entries = [...value.entries].map(([key, item]) => `${writeName(key)} ${writeValue(item, encrypt)}`);
  return `<<${entries.join(' ')}>>`;
}

/** Writes a number as PDF knows them: digits and a point, no exponent, at most `decimals` places. */
export function writeNumber(value: number, decimals = 6): string {
  if (!Number.isFinite(value)) return '0';
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? String(value || 0) : BigInt(value).toString();
  const text = value.toFixed(decimals);
  // toFixed falls back to an exponent from 1e21 on, but those are integers.
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/u, '') : text;
  return trimmed === '-0' ? '0' : trimmed;
}

function writeName(name: string): string {
  let out = '/';
  for (const character of name) {
    const code = character.charCodeAt(0);
    const isRegular = code > 0x20 && code < 0x7f && !'()<>[]{}/%#'.includes(character);
    out += isRegular ? character : `#${(code & 255).toString(16).padStart(2, '0')}`;
  }
  return out;
}
