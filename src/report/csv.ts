import { escapeCharacter, replaceUnsafe } from '../core/unsafe-characters.ts';

type Cell = string | number | undefined;

/** Begins what spreadsheets take for a formula, in full width too (OWASP, CSV Injection). */
const FORMULA = String.raw`\s*[=+\-@＝＋－＠]`;
const AT_START = new RegExp(`^(?=${FORMULA}|[\t\r])`);
/** Many languages' spreadsheets divide by semicolons, and heed quotes only where a cell of theirs begins. */
const AT_THEIR_START = new RegExp(`([;\r\n])(?=${FORMULA})`, 'g');

/**
 * Writes a table for spreadsheets and scripts: RFC 4180, with a byte order mark, without which Excel takes UTF-8 for
 * something else. Text that a spreadsheet would calculate has an apostrophe before it; numbers are left as they are.
 */
export function writeCsv(columns: readonly string[], rows: Iterable<readonly Cell[]>): string {
  let text = `\ufeff${columns.join(',')}\r\n`;
  for (const row of rows) text += `${row.map(writeCell).join(',')}\r\n`;
  return text;
}

function writeCell(cell: Cell): string {
  if (typeof cell === 'number') return String(cell);
  const text = cell ?? '';
  const safe = text.replaceAll(AT_THEIR_START, `$1'`).replace(AT_START, `'`);
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A name or sentence of a table as it may be shown: what moves a cursor or turns the direction of text is escaped (`\u202e`). */
export function showCell(cell: Cell): Cell {
  return typeof cell === 'string' ? replaceUnsafe(cell, escapeCharacter) : cell;
}
