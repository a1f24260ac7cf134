import { judgeRun } from '../core/verdict.ts';
import { FAINT_CONFIDENCE } from '../core/faint-page.ts';
import type { RunState, SessionRecord } from '../core/run-state.ts';
import type { RunRecord } from '../runs/run-store.ts';
import { countBins, drawHistogram } from './confidence-histogram.ts';
import { drawPages } from './confidence-pages.ts';
import { addressOf } from './document-rows.ts';
import { documentsSection } from './documents-section.ts';
import { listFailures } from './failures.ts';
import { html, Html } from './html.ts';
import { chooseFaintPages, type Attention } from './attention.ts';
import { describeMethods } from './methods.ts';
import { changedSection, failedSection, leftOutSection, attentionSection } from './problem-sections.ts';
import { REPORT_SCRIPT, SCRIPT_SOURCE } from './report-script.ts';
import { REPORT_STYLE } from './report-style.ts';
import { formatNumber, heading, localTime, plural, scrolling } from './tables.ts';
import { timeSection } from './time-section.ts';

/** Pages named as the least sure. */
const WORST_PAGES = 10;

/** What a report is made of: the run folder and nothing else. */
export interface ReportRequest {
  readonly record: RunRecord;
  readonly state: RunState;
  /** Small pictures of pages to look at: WebP, base64, by `<sha1> <pageNumber>`. */
  readonly thumbnails: ReadonlyMap<string, string>;
  /** IANA name of the zone that times are told in; absent: this computer's. */
  readonly timeZone?: string | undefined;
}

/**
 * Writes a run as one HTML page that needs no network, opens from disk and prints. Its one script filters and sorts the
 * documents; without it all else is there.
 */
export function renderReport({ record, state, thumbnails, timeZone }: ReportRequest): string {
  const lookAt = chooseFaintPages(state);
  const failures = listFailures(state);
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src ${new Html(SCRIPT_SOURCE)}">
<title>OCR report: ${record.source.name}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<header>
<h1>${record.source.name}</h1>
<p class="verdict">${verdict(state)}</p>
<p>${whenOf(state.sessions, timeZone)}Run ${record.name}, made by ocr-pipeline ${record.programVersion}.${placeOf(record, state)}</p>
${contents(state, failures.length, lookAt)}
</header>
<main>
${failedSection(failures)}
${attentionSection(lookAt, thumbnails)}
${changedSection(state)}${leftOutSection(state.leftOut)}
${numbers(state)}
${documentsSection(state.documents)}
${confidence(state)}
${timeSection(state, timeZone)}
<section id="methods">
<h2>Methods</h2>
<p class="note">To paste into a paper; it names everything that decides the text.</p>
<p class="methods">${describeMethods(record, state)}</p>
</section>
<section id="files">
<h2>Files</h2>
<p>Beside this page, for a spreadsheet or a script: <a href="documents.csv">documents.csv</a> has a row a document,
<a href="files.csv">files.csv</a> every scan and every result with its place, bytes and SHA-1.</p>
</section>
</main>
<script>${new Html(REPORT_SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

/** Where the page's parts are, those that need a person first. */
function contents(state: RunState, failures: number, lookAt: Attention): Html {
  const links: readonly (readonly [id: string, text: string] | undefined)[] = [
    failures > 0 ? ['failed', `Failed (${formatNumber(failures)})`] : undefined,
    ['look-at', lookAt.total > 0 ? `Look at (${plural(lookAt.total, 'page')})` : 'Look at'],
    state.leftOut.length > 0 ? ['left-out', `Left out (${formatNumber(state.leftOut.length)})`] : undefined,
    ['numbers', 'In numbers'],
    ['documents', `Documents (${formatNumber(state.documents.size)})`],
    ['confidence', 'Confidence'],
    ['time', 'Time'],
    ['methods', 'Methods'],
    ['files', 'Files'],
  ];
  const items = links.flatMap((link) => (link ? [html`<li><a href="#${link[0]}">${link[1]}</a></li>`] : []));
  return html`<nav aria-label="Contents"><ul>${items}</ul></nav>`;
}

/** When the work began and ended, in words and in the reader's own time. */
function whenOf(sessions: readonly SessionRecord[], timeZone: string | undefined): Html {
  const [first, last] = [sessions[0], sessions.at(-1)];
  if (!first) return html``;
  const began = localTime(first.startedAt, timeZone);
  const ended = last?.endedAt === undefined ? '' : `, ended ${localTime(last.endedAt, timeZone)}`;
  return html`Began <time datetime="${first.startedAt}">${began}</time>${ended}.<br>`;
}

/** Where the results lie, for one click. */
function placeOf({ destination }: RunRecord, { placed }: RunState): Html {
  if (placed?.link !== undefined) return html` Results: <a href="${placed.link}">${placed.name}</a> on Box.`;
  const folder = destination.ids[0];
  if (destination.kind !== 'local' || folder === undefined) return html``;
  return html` Results: <a href="${addressOf({ id: folder }) ?? ''}">${folder}</a>.`;
}

/** The whole run in one sentence, as the summary on the terminal has it. */
function verdict(state: RunState): string {
  const { counts, complete, lookAt } = judgeRun(state);
  const { documents, pages } = counts;
  if (documents.listed === 0) return 'No documents were found.';
  const toLookAt = lookAt.length;
  const all = complete === documents.listed;
  const parts = [
    all
      ? documents.listed === 1
        ? `The document with its ${plural(pages.known, 'page')} is complete`
        : `All ${plural(documents.listed, 'document')} with ${plural(pages.known, 'page')} are complete`
      : `${formatNumber(complete)} of ${plural(documents.listed, 'document')} ${complete === 1 || documents.listed === 1 ? 'is' : 'are'} complete`,
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
  const { counts, complete, damaged } = judgeRun(state);
  const { documents, pages } = counts;
  const partial = documents.done - complete - damaged;
  return html`<section id="numbers"><h2>In numbers</h2><table><caption>Every document and page has exactly one of these ends.</caption>
<tbody>
${row('Documents found', documents.listed + documents.leftOut, 'complete + failed + not finished + left out')}
${part('complete', complete, '')}${damaged > 0 ? part('of damaged files', damaged, 'all that was found is read; parts are or may be lost') : html``}
${part('failed', documents.failed + partial, 'wholly or in part; tried again by the same command')}
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
    [...pages.values()].flatMap(({ pageNumber, state, confidence }) =>
      confidence === null || state !== 'done' ? [] : [{ path: source.path, pageNumber, value: confidence }],
    ),
  );
  if (all.length === 0) return html`<section id="confidence"></section>`;
  const worst = all.toSorted((a, b) => a.value - b.value).slice(0, WORST_PAGES);
  const rows = worst.map(
    ({ path, pageNumber, value }) =>
      html`<tr><th scope="row">${path}</th><td class="n">${pageNumber}</td><td class="n">${value.toFixed(0)}</td></tr>`,
  );
  const columns = heading([
    ['Document', 'text'],
    ['Page', 'number'],
    ['Confidence', 'number'],
  ]);
  return html`<section id="confidence"><h2>Confidence of pages</h2>
<p class="note">The engine's own guess, 0 to 100, not a measured accuracy. Under ${FAINT_CONFIDENCE} a page is called faint.</p>
${drawHistogram(countBins(all.map(({ value }) => value)))}
${drawPages(state.documents.values())}
<details><summary>The ${worst.length} least sure pages</summary>${scrolling('The least sure pages', html`<table>${columns}<tbody>${rows}</tbody></table>`)}</details></section>`;
}
