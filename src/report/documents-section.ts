import type { DocumentState } from '../core/run-state.ts';
import { addressOf, documentRow, type DocumentRow } from './document-rows.ts';
import { html, Html, showText } from './html.ts';
import { ROWS_AT_ONCE } from './report-script.ts';
import { formatNumber, heading, scrolling } from './tables.ts';

const COLUMNS = [
  ['Document', 'text'],
  ['State', 'text'],
  ['Pages', 'number'],
  ['Failed', 'number'],
  ['Faint', 'number'],
  ['Confidence', 'number'],
  ['Words', 'number'],
  ['Language', 'text'],
  ['Look at', 'text'],
] as const;

/**
 * All documents: the first as rows, which are there without a script and on paper, and all as data, from which the report's
 * script makes what the reader filters and sorts for.
 */
export function documentsSection(documents: ReadonlyMap<string, DocumentState>): Html {
  const rows = [...documents.values()].map(documentRow);
  const first = rows.slice(0, ROWS_AT_ONCE).map((row) => tableRow(row));
  const sortable = [
    ...COLUMNS.map(([name, kind]) => [html`<button type="button" disabled>${name}</button>`, kind] as const),
    [html`Files`, 'text'] as const,
  ];
  const states = [...new Set(rows.map(({ state }) => state))].map((state) => html`<option>${state}</option>`);
  const rest =
    rows.length > ROWS_AT_ONCE
      ? html`<p id="documents-rest">And ${formatNumber(rows.length - ROWS_AT_ONCE)} more: documents.csv beside this page has all.</p>`
      : html``;
  return html`<section id="documents">
<h2>Documents</h2>
<div id="documents-tools" class="tools" hidden>
<label>Find <input id="documents-filter" type="search" autocomplete="off"></label>
<label>Show <select id="documents-state"><option value="">all</option><option value="look">to look at</option>${states}</select></label>
<output id="documents-count" for="documents-filter documents-state"></output>
</div>
${scrolling('Documents', html`<table id="documents-table">${heading(sortable)}<tbody>${first}</tbody></table>`)}
<button type="button" id="documents-more" hidden></button>${rest}
${data(rows)}
</section>`;
}

function tableRow({
  name,
  state,
  pages,
  failedPages,
  faintPages,
  confidence,
  words,
  language,
  look,
  outputs,
}: DocumentRow): Html {
  const numbers = [pages, failedPages, faintPages, confidence, words].map(
    (value) => html`<td class="n">${value === null ? '-' : formatNumber(value)}</td>`,
  );
  const files = outputs.map((output) => {
    const address = addressOf(output);
    return address === undefined ? html`${output.format} ` : html`<a href="${address}">${output.format}</a> `;
  });
  return html`<tr><th scope="row">${name}</th><td>${state}</td>${numbers}<td>${language}</td><td>${look}</td><td>${files}</td></tr>`;
}

/** The rows as the script reads them. What addresses have in common is told once. */
function data(rows: readonly DocumentRow[]): Html {
  const bases: string[] = [];
  const places = new Map<string, number>();
  const split = (address: string): readonly [base: number, rest: string] => {
    const cut = address.lastIndexOf('/') + 1;
    const base = address.slice(0, cut);
    let place = places.get(base);
    if (place === undefined) {
      place = bases.push(base) - 1;
      places.set(base, place);
    }
    return [place, address.slice(cut)];
  };
  const packed = rows.map(
    ({ name, state, pages, failedPages, faintPages, confidence, words, language, look, outputs }) => {
      const links = outputs.flatMap((output) => {
        const address = addressOf(output);
        return address === undefined ? [] : [[output.format, ...split(address)]];
      });
      return [showText(name), state, pages, failedPages, faintPages, confidence, words, language, look, links];
    },
  );
  // In a script element only `<` can end or change anything (HTML, 13.1.2.1).
  const json = JSON.stringify({ bases, rows: packed }).replaceAll('<', String.raw`\u003c`);
  return html`<script type="application/json" id="documents-data">${new Html(json)}</script>`;
}
