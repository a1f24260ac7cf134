import { html, type Html } from './html.ts';

/** Rows of the tables of single problems: a report must open at once also for 100,000 documents. */
export const MOST_ROWS = 200;

const grouped = new Intl.NumberFormat('en-US');

/** `12480` as `12,480`. */
export function formatNumber(value: number): string {
  return grouped.format(value);
}

/** `1 document`, `2 documents`, `2 entries`. */
export function plural(count: number, noun: string): string {
  const many = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${formatNumber(count)} ${count === 1 ? noun : many}`;
}

/** Says below a table how many of its rows are not shown, and where they are. */
export function more(rows: number): Html {
  return rows > MOST_ROWS
    ? html`<p>And ${formatNumber(rows - MOST_ROWS)} more: documents.csv beside this page has all.</p>`
    : html``;
}

/** The heading of a table; columns of numbers stand above their numbers. */
export function heading(columns: readonly (readonly [name: string | Html, kind: 'text' | 'number'])[]): Html {
  const cells = columns.map(([name, kind]) =>
    kind === 'number' ? html`<th scope="col" class="n">${name}</th>` : html`<th scope="col">${name}</th>`,
  );
  return html`<thead><tr>${cells}</tr></thead>`;
}

/** A table that scrolls by itself where it is wider than the screen, also with the keyboard. */
export function scrolling(name: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">${table}</div>`;
}

/** `25 November 2026, 14:09 GMT+1`; `timeZone` is an IANA name, absent for this computer's. */
export function localTime(at: string, timeZone: string | undefined): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const part = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-GB', { timeZone, ...options }).format(date);
  const day = part({ day: 'numeric', month: 'long', year: 'numeric' });
  return `${day}, ${part({ hour: '2-digit', minute: '2-digit', timeZoneName: 'short' })}`;
}
