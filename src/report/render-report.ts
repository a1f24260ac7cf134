import { countRun, FAINT_CONFIDENCE, type DocumentState, type RunState } from '../core/run-state.ts';
import type { RunRecord } from '../runs/run-store.ts';
import { countBins, drawHistogram } from './confidence-histogram.ts';
import { html, Html } from './html.ts';
import { listFailures } from './failures.ts';
import { chooseFaintPages, type LookAt } from './look-at.ts';
import { describeMethods } from './methods.ts';
import { changedSection, failedSection, leftOutSection, lookAtSection } from './problem-sections.ts';
import { REPORT_STYLE } from './report-style.ts';
import { formatNumber, more, MOST_ROWS, plural } from './tables.ts';

/** What a report is made of: the run folder and nothing else. */
export interface ReportRequest {
  readonly record: RunRecord;
  readonly state: RunState;
  /** Small pictures of pages to look at: WebP, base64, by `<sha1> <pageNumber>`. */
  readonly thumbnails: ReadonlyMap<string, string>;
}

/** Writes a run as one HTML page that needs no network and no scripts, prints, and opens from disk. */
export function renderReport({ record, state, thumbnails }: ReportRequest): string {
  const lookAt = chooseFaintPages(state);
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
<p class="verdict">${verdict(state, lookAt)}</p>
<p>Run ${record.name}, made by ocr-pipeline ${record.programVersion}.${placeOf(state)}</p>
</header>
<main>
${lookAtSection(lookAt, thumbnails)}
${failedSection(listFailures(state))}
${changedSection(state)}${leftOutSection(state.leftOut)}
${numbers(state)}
${documentsTable(state)}
${confidence(state)}
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

/** Where the results lie, for one click. */
function placeOf({ placed }: RunState): Html {
  if (placed?.link === undefined) return html``;
  return html` Results: <a href="${placed.link}">${placed.name}</a> on Box.`;
}

/** The whole run in one sentence, as the summary on the terminal has it. */
function verdict(state: RunState, { documents: faint }: LookAt): string {
  const { documents, pages } = countRun(state);
  if (documents.listed === 0) return 'No documents were found.';
  const toLookAt = faint.filter(({ failed }) => !failed).length;
  const all = documents.done === documents.listed;
  const parts = [
    all
      ? documents.listed === 1
        ? `The document with its ${plural(pages.known, 'page')} is complete`
        : `All ${plural(documents.listed, 'document')} with ${plural(pages.known, 'page')} are complete`
      : `${formatNumber(documents.done)} of ${plural(documents.listed, 'document')} ${documents.done === 1 || documents.listed === 1 ? 'is' : 'are'} complete`,
    documents.failed > 0 ? `${formatNumber(documents.failed)} failed wholly or in part` : '',
    documents.waiting > 0 ? `${formatNumber(documents.waiting)} not finished yet` : '',
    toLookAt > 0
      ? `${formatNumber(toLookAt)} ${toLookAt === 1 ? 'wants' : 'want'} your eyes`
      : all
        ? 'nothing needs your eyes'
        : '',
  ];
  return `${parts.filter((part) => part !== '').join('; ')}.`;
}

function numbers(state: RunState): Html {
  const { documents, pages } = countRun(state);
  return html`<section><h2>In numbers</h2><table><caption>Every document and page has exactly one of these ends.</caption>
<tbody>
${row('Documents found', documents.listed + documents.leftOut, 'complete + failed + not finished + left out')}
${part('complete', documents.done, '')}
${part('failed', documents.failed, 'wholly or in part; tried again by the same command')}
${part('not finished', documents.waiting, '')}
${part('left out', documents.leftOut, 'not taken, with the reason above')}
${row('Pages', pages.known, `read + kept + blank + failed${pages.elsewhere > 0 ? ' + done elsewhere' : ''} + not finished`)}
${part('read', pages.done, `${pages.faint} of them faint (confidence under ${FAINT_CONFIDENCE}), kept and marked`)}
${part('had text, kept', pages.keptText, '')}
${part('blank', pages.blank, 'kept in place')}
${part('failed', pages.failed, 'empty in the text')}${pages.elsewhere > 0 ? part('done elsewhere', pages.elsewhere, 'on another computer; their results were found in Box') : html``}
${part('not finished', pages.waiting, '')}
</tbody></table></section>`;
}

function row(name: string, value: number, note: string, kind = 'whole'): Html {
  return html`<tr class="${kind}"><th scope="row">${name}</th><td class="n">${formatNumber(value)}</td><td>${note}</td></tr>`;
}

function part(name: string, value: number, note: string): Html {
  return row(name, value, note, 'part');
}

function confidence(state: RunState): Html {
  const all = [...state.documents.values()].flatMap(({ source, pages }) =>
    [...pages.values()].flatMap(([pageNumber, end, value]) =>
      value === null || end !== 'done' ? [] : [{ path: source.path, pageNumber, value }],
    ),
  );
  if (all.length === 0) return html``;
  const worst = all.toSorted((a, b) => a.value - b.value).slice(0, 10);
  const rows = worst.map(
    ({ path, pageNumber, value }) =>
      html`<tr><th scope="row">${path}</th><td class="n">${pageNumber}</td><td class="n">${value.toFixed(0)}</td></tr>`,
  );
  return html`<section><h2>Confidence of pages</h2>
<p class="note">The engine's own guess, 0 to 100, not a measured accuracy.</p>
${drawHistogram(countBins(all.map(({ value }) => value)))}
<table><caption>The least sure pages</caption>${heading([
    ['Document', 'text'],
    ['Page', 'number'],
    ['Confidence', 'number'],
  ])}<tbody>${rows}</tbody></table></section>`;
}

const STAGES: Readonly<Record<DocumentState['stage'], string>> = {
  listed: 'waiting',
  fetched: 'waiting',
  reading: 'being read',
  done: 'complete',
  failed: 'failed',
};

/** The heading of a table; columns of numbers stand above their numbers. */
function heading(columns: readonly (readonly [name: string, kind: 'text' | 'number'])[]): Html {
  const cells = columns.map(([name, kind]) =>
    kind === 'number' ? html`<th scope="col" class="n">${name}</th>` : html`<th scope="col">${name}</th>`,
  );
  return html`<thead><tr>${cells}</tr></thead>`;
}

function documentsTable(state: RunState): Html {
  const rows = [...state.documents.values()].slice(0, MOST_ROWS).map((document) => {
    const entries = [...document.pages.values()];
    const known = entries.flatMap(([, , value]) => (value === null ? [] : [value]));
    const mean = known.length === 0 ? '-' : (known.reduce((sum, value) => sum + value, 0) / known.length).toFixed(0);
    const words = entries.reduce((sum, [, , , count]) => sum + count, 0);
    const bad = entries.filter(([, pageState]) => pageState === 'failed').length;
    const faint = known.filter((value) => value < FAINT_CONFIDENCE).length;
    const files = document.outputs.map(({ path, link }) =>
      link === undefined ? html`${path}<br>` : html`<a href="${link}">${path}</a><br>`,
    );
    return html`<tr><th scope="row">${document.source.path}</th><td>${STAGES[document.stage]}</td><td class="n">${document.pageCount ?? '-'}</td><td class="n">${bad}</td><td class="n">${faint}</td><td class="n">${mean}</td><td class="n">${formatNumber(words)}</td><td>${files}</td></tr>`;
  });
  const columns = heading([
    ['Document', 'text'],
    ['State', 'text'],
    ['Pages', 'number'],
    ['Failed', 'number'],
    ['Faint', 'number'],
    ['Confidence', 'number'],
    ['Words', 'number'],
    ['Files', 'text'],
  ]);
  return html`<section><h2>Documents</h2><table>${columns}<tbody>${rows}</tbody></table>${more(state.documents.size)}</section>`;
}

function time(state: RunState): Html {
  const rows = state.sessions.map(({ startedAt, endedAt, host, exitCode, error }) => {
    const seconds =
      endedAt === undefined ? undefined : Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000);
    const end =
      endedAt === undefined
        ? 'was killed, or goes on'
        : error
          ? `stopped: ${error.message}`
          : `ended (${exitCode ?? ''})`;
    return html`<tr><td>${startedAt.slice(0, 19).replace('T', ' ')} UTC</td><td class="n">${seconds === undefined ? '-' : `${seconds} s`}</td><td>${host}</td><td>${end}</td></tr>`;
  });
  return html`<section><h2>Time</h2><table>${heading([
    ['Started', 'text'],
    ['Took', 'number'],
    ['On', 'text'],
    ['End', 'text'],
  ])}<tbody>${rows}</tbody></table></section>`;
}

function filesTable(state: RunState): Html {
  const rows = [...state.documents.values()]
    .slice(0, MOST_ROWS)
    .flatMap(({ source, sha1, outputs }) => [
      html`<tr><th scope="row">${source.path}</th><td>scan</td><td class="n">${formatNumber(source.sizeBytes)}</td><td class="hash">${sha1 ?? '-'}</td><td class="id">${source.id}</td></tr>`,
      ...outputs.map(
        (output) =>
          html`<tr><th scope="row">${output.path}</th><td>${output.format}</td><td class="n">${formatNumber(output.sizeBytes)}</td><td class="hash">${output.sha1}</td><td class="id">${output.id}</td></tr>`,
      ),
    ]);
  const columns = heading([
    ['File', 'text'],
    ['Kind', 'text'],
    ['Bytes', 'number'],
    ['SHA-1', 'text'],
    ['Where', 'text'],
  ]);
  return html`<section><h2>Files</h2><table>${columns}<tbody>${rows}</tbody></table>${more(state.documents.size)}</section>`;
}
