import { countRun, FAINT_CONFIDENCE, type DocumentState, type RunState } from '../core/run-state.ts';
import type { RunRecord } from '../runs/run-store.ts';
import { countBins, drawHistogram } from './confidence-histogram.ts';
import { html, Html } from './html.ts';
import { chooseLookAt, type PageToLookAt } from './look-at.ts';
import { describeMethods } from './methods.ts';
import { REPORT_STYLE } from './report-style.ts';

/** Rows of the long tables: a report must open in a browser also for 100,000 documents. The ledger has all. */
const MOST_ROWS = 2_000;

/** What a report is made of: the run folder and nothing else. */
export interface ReportRequest {
  readonly record: RunRecord;
  readonly state: RunState;
  /** Small pictures of pages to look at: WebP, base64, by `<sha1> <pageNumber>`. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/** Writes a run as one HTML page that needs no network and no scripts, prints, and opens from disk. */
export function renderReport({ record, state, thumbnails }: ReportRequest): string {
  const { pages: shown, total } = chooseLookAt(state);
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>OCR report: ${record.source.name}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<header>
<h1>${record.source.name}</h1>
<p class="verdict">${verdict(state, total)}</p>
<p>Run ${record.name}, made by ocr-pipeline ${record.programVersion}.</p>
</header>
<main>
${numbers(state)}
${lookAt(shown, total, thumbnails)}
${notRead(state)}
${confidence(state)}
${documentsTable(state)}
${time(state)}
<section><h2>Methods</h2>
<p class="note">To paste into a paper; it names everything that decides the text.</p>
<p class="methods">${describeMethods(record, state)}</p></section>
${filesTable(state)}
</main>
</body>
</html>
`;
  return page.text;
}

function isWhole(document: DocumentState): boolean {
  return document.stage === 'done';
}

/** The whole run in one sentence. */
function verdict(state: RunState, toLookAt: number): string {
  const { documents, pages } = countRun(state);
  const looks = toLookAt === 0 ? 'nothing needs your eyes' : `${plural(toLookAt, 'page')} ${toLookAt === 1 ? 'wants' : 'want'} your eyes`;
  if (documents.listed === 0) return 'No documents were found.';
  if (documents.done === documents.listed) return `All ${plural(documents.listed, 'document')} with ${plural(pages.known, 'page')} are complete; ${looks}.`;
  const waiting = documents.waiting > 0 ? `, ${documents.waiting} not finished yet` : '';
  return `${documents.done} of ${plural(documents.listed, 'document')} are complete, ${documents.failed} failed wholly or in part${waiting}; ${looks}.`;
}

function numbers(state: RunState): Html {
  const { documents, pages } = countRun(state);
  return html`<section><h2>In numbers</h2><table><caption>Every document and page has exactly one of these ends.</caption>
<tbody>
${row('Documents found', documents.listed + documents.leftOut, 'complete + failed + not finished + left out')}
${row('complete', documents.done, '')}
${row('failed', documents.failed, 'wholly or in part; tried again by the same command')}
${row('not finished', documents.waiting, '')}
${row('left out', documents.leftOut, 'not taken, with the reason below')}
${row('Pages', pages.known, 'read + kept + blank + failed + not finished')}
${row('read', pages.done, `${pages.faint} of them faint (confidence under ${FAINT_CONFIDENCE}), kept and marked`)}
${row('had text, kept', pages.keptText, '')}
${row('blank', pages.blank, 'kept in place')}
${row('failed', pages.failed, 'empty in the text')}
${row('not finished', pages.waiting, '')}
</tbody></table></section>`;
}

function row(name: string, value: number, note: string): Html {
  return html`<tr><th scope="row">${name}</th><td class="n">${value}</td><td>${note}</td></tr>`;
}

function lookAt(pages: readonly PageToLookAt[], total: number, thumbnails: ReadonlyMap<string, string>): Html {
  if (total === 0) return html`<section><h2>Look at these</h2><p>Nothing: no page failed or was faint.</p></section>`;
  const items = pages.map(({ document, sha1, pageNumber, reason, help }) => {
    const picture = thumbnails.get(`${sha1} ${pageNumber}`);
    const image = picture === undefined
      ? html`<span class="nopicture">no picture</span>`
      : html`<img alt="Page ${pageNumber} of ${document}" src="data:image/webp;base64,${picture}">`;
    return html`<li><figure>${image}<figcaption><strong>${document}</strong> page ${pageNumber}<br>${reason}<br><em>${help}</em></figcaption></figure></li>`;
  });
  const rest = total > pages.length ? html`<p>And ${total - pages.length} more; the documents table counts them.</p>` : html``;
  return html`<section><h2>Look at these</h2><ul class="gallery">${items}</ul>${rest}</section>`;
}

function notRead(state: RunState): Html {
  const failed = [...state.documents.values()].filter(({ stage }) => stage === 'failed');
  const rows = [
    ...failed.map(({ source, error }) => ['failed', source.path, `${error?.message ?? ''} [${error?.code ?? ''}]`] as const),
    ...state.leftOut.map(({ path, reason, code }) => ['left out', path, `${reason} [${code}]`] as const),
  ];
  if (rows.length === 0) return html``;
  const shown = rows.slice(0, MOST_ROWS).map(([what, path, why]) => html`<tr><th scope="row">${path}</th><td>${what}</td><td>${why}</td></tr>`);
  return html`<section><h2>Failed and left out</h2><table><thead><tr><th scope="col">Document</th><th scope="col">End</th><th scope="col">Reason</th></tr></thead>
<tbody>${shown}</tbody></table>${more(rows.length)}</section>`;
}

function confidence(state: RunState): Html {
  const all = [...state.documents.values()].flatMap(({ source, pages }) =>
    [...pages.values()].flatMap(([pageNumber, end, value]) => (value === null || end !== 'done' ? [] : [{ path: source.path, pageNumber, value }])),
  );
  if (all.length === 0) return html``;
  const worst = all.toSorted((a, b) => a.value - b.value).slice(0, 10);
  const rows = worst.map(({ path, pageNumber, value }) => html`<tr><th scope="row">${path}</th><td class="n">${pageNumber}</td><td class="n">${value.toFixed(0)}</td></tr>`);
  return html`<section><h2>Confidence of pages</h2>
<p class="note">The engine's own guess, 0 to 100, not a measured accuracy.</p>
${drawHistogram(countBins(all.map(({ value }) => value)))}
<table><caption>The least sure pages</caption><thead><tr><th scope="col">Document</th><th scope="col">Page</th><th scope="col">Confidence</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

function documentsTable(state: RunState): Html {
  const rows = [...state.documents.values()].slice(0, MOST_ROWS).map((document) => {
    const entries = [...document.pages.values()];
    const known = entries.flatMap(([, , value]) => (value === null ? [] : [value]));
    const mean = known.length === 0 ? '-' : (known.reduce((sum, value) => sum + value, 0) / known.length).toFixed(0);
    const words = entries.reduce((sum, [, , , count]) => sum + count, 0);
    const bad = entries.filter(([, pageState]) => pageState === 'failed').length;
    const faint = known.filter((value) => value < FAINT_CONFIDENCE).length;
    const files = document.outputs.map(({ path, link }) => (link === undefined ? html`${path}<br>` : html`<a href="${link}">${path}</a><br>`));
    return html`<tr><th scope="row">${document.source.path}</th><td>${isWhole(document) ? 'complete' : document.stage}</td><td class="n">${document.pageCount ?? '-'}</td><td class="n">${bad}</td><td class="n">${faint}</td><td class="n">${mean}</td><td class="n">${words}</td><td>${files}</td></tr>`;
  });
  const columns = ['Document', 'State', 'Pages', 'Failed', 'Faint', 'Confidence', 'Words', 'Files'].map((name) => html`<th scope="col">${name}</th>`);
  return html`<section><h2>Documents</h2><table><thead><tr>${columns}</tr></thead><tbody>${rows}</tbody></table>${more(state.documents.size)}</section>`;
}

function time(state: RunState): Html {
  const rows = state.sessions.map(({ startedAt, endedAt, host, exitCode, error }) => {
    const seconds = endedAt === undefined ? undefined : Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000);
    const end = endedAt === undefined ? 'was killed, or goes on' : error ? `stopped: ${error.message}` : `ended (${exitCode ?? ''})`;
    return html`<tr><td>${startedAt.slice(0, 19).replace('T', ' ')} UTC</td><td class="n">${seconds === undefined ? '-' : `${seconds} s`}</td><td>${host}</td><td>${end}</td></tr>`;
  });
  return html`<section><h2>Time</h2><table><thead><tr><th scope="col">Started</th><th scope="col">Took</th><th scope="col">On</th><th scope="col">End</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

function filesTable(state: RunState): Html {
  const rows = [...state.documents.values()].slice(0, MOST_ROWS).flatMap(({ source, sha1, outputs }) => [
    html`<tr><th scope="row">${source.path}</th><td>scan</td><td class="n">${source.sizeBytes}</td><td class="hash">${sha1 ?? '-'}</td><td class="id">${source.id}</td></tr>`,
    ...outputs.map((output) => html`<tr><th scope="row">${output.path}</th><td>${output.format}</td><td class="n">${output.sizeBytes}</td><td class="hash">${output.sha1}</td><td class="id">${output.id}</td></tr>`),
  ]);
  const columns = ['File', 'Kind', 'Bytes', 'SHA-1', 'Where'].map((name) => html`<th scope="col">${name}</th>`);
  return html`<section><h2>Files</h2><table><thead><tr>${columns}</tr></thead><tbody>${rows}</tbody></table>${more(state.documents.size)}</section>`;
}

function more(count: number): Html {
  return count > MOST_ROWS ? html`<p>And ${count - MOST_ROWS} more; ledger.ndjson in the run folder has them all.</p>` : html``;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
