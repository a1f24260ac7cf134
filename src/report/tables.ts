import { html, type Html } from './html.ts';

/** Rows of the long tables: a report must open in a browser also for 100,000 documents. The ledger has all. */
export const MOST_ROWS = 2_000;

const grouped = new Intl.NumberFormat('en-US');

/** `12480` as `12,480`. */
export function formatNumber(value: number): string {
  return grouped.format(value);
}

/** `1 document`, `2 documents`. */
export function plural(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Says below a table how many of its rows are not shown. */
export function more(rows: number): Html {
  return rows > MOST_ROWS
    ? html`<p>And ${formatNumber(rows - MOST_ROWS)} more; ledger.ndjson in the run folder has them all.</p>`
    : html``;
}
