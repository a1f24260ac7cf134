import { createHash } from 'node:crypto';

/** Rows shown at once; the rest of a table is a filter, a sort or a "show more" away. */
export const ROWS_AT_ONCE = 100;

/**
 * Filters, sorts and pages the table of documents. Plain JavaScript that runs in the reader's browser, from disk and
 * without a network: the only script that the report's policy lets run, by its digest. Cells are made as text, never as
 * HTML. The columns of a row are those of document-rows.ts.
 */
export const REPORT_SCRIPT = `
'use strict';
(() => {
  const table = document.getElementById('documents-table');
  const data = document.getElementById('documents-data');
  if (!table || !data) return;
  const { bases, rows } = JSON.parse(data.textContent);
  const body = table.tBodies[0];
  const filter = document.getElementById('documents-filter');
  const choice = document.getElementById('documents-state');
  const count = document.getElementById('documents-count');
  const more = document.getElementById('documents-more');
  const headings = [...table.querySelectorAll('th button')];
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
  let sorted = { column: -1, down: false };
  let shown = ${ROWS_AT_ONCE};
  const fold = (text) => text.normalize('NFKD').replace(/\\p{M}/gu, '').toLowerCase().replace(/\u00df/g, 'ss');
  const names = rows.map((row) => fold(row[0]));
  const cell = (row, value, kind) => {
    const made = row.insertCell();
    if (kind) made.className = kind;
    made.textContent = value;
    return made;
  };
  const number = (value) => (value === null ? '-' : value.toLocaleString('en-US'));
  const draw = () => {
    const words = fold(filter.value).split(/\\s+/).filter(Boolean);
    const state = choice.value;
    let chosen = rows.map((_, index) => index).filter((index) => {
      const row = rows[index];
      const fits = state === '' || (state === 'look' ? row[8] !== '' : row[1] === state);
      return fits && words.every((word) => names[index].includes(word));
    });
    const { column, down } = sorted;
    if (column >= 0) {
      const compare = (a, b) => {
        const [x, y] = [rows[a][column], rows[b][column]];
        if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
        const order = typeof x === 'number' ? x - y : collator.compare(x, y);
        return down ? -order : order;
      };
      chosen = chosen.sort((a, b) => compare(a, b) || a - b);
    }
    body.replaceChildren();
    for (const index of chosen.slice(0, shown)) {
      const [name, stage, pages, failed, faint, confidence, words_, language, look, links] = rows[index];
      const row = body.insertRow();
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = name;
      row.append(head);
      cell(row, stage);
      for (const value of [pages, failed, faint, confidence, words_]) cell(row, number(value), 'n');
      cell(row, language);
      cell(row, look);
      const files = cell(row, '');
      for (const [format, base, rest] of links) {
        const link = document.createElement('a');
        link.href = bases[base] + rest;
        link.textContent = format;
        files.append(link, ' ');
      }
    }
    const rest = chosen.length - Math.min(shown, chosen.length);
    count.textContent = number(chosen.length) + ' of ' + number(rows.length) + (rows.length === 1 ? ' document' : ' documents') + (rest > 0 ? ', ' + number(shown) + ' shown' : '');
    more.hidden = rest === 0;
    more.textContent = 'Show ' + number(Math.min(rest, 1000)) + ' more';
  };
  for (const [column, button] of headings.entries()) {
    button.disabled = false;
    button.addEventListener('click', () => {
      sorted = { column, down: sorted.column === column && !sorted.down };
      for (const other of headings) other.closest('th').removeAttribute('aria-sort');
      button.closest('th').setAttribute('aria-sort', sorted.down ? 'descending' : 'ascending');
      draw();
    });
  }
  const again = () => { shown = ${ROWS_AT_ONCE}; draw(); };
  filter.addEventListener('input', again);
  choice.addEventListener('change', again);
  more.addEventListener('click', () => { shown += 1000; draw(); });
  document.getElementById('documents-tools').hidden = false;
  document.getElementById('documents-rest')?.remove();
  draw();
})();
`;

/** The source expression that lets just this script run (Content Security Policy 3, hash sources). */
export const SCRIPT_SOURCE = `'sha256-${createHash('sha256').update(REPORT_SCRIPT).digest('base64')}'`;
