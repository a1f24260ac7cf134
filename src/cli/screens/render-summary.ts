import { FAINT_CONFIDENCE } from '../../core/faint-page.ts';
import { formatPages } from '../../core/format-pages.ts';
import { cleanText, padEnd, truncateMiddle, wrap } from './display-text.ts';
import { countOf, formatCount, formatDuration } from './format-numbers.ts';
import type { AttentionItem } from '../../core/verdict.ts';
import type { RunSummary } from './run-summary.ts';

const LABEL_WIDTH = 13;
/** Documents named here; all are in the report. */
const NAMED = 8;

/** What is known of a finished run beside its state. */
export interface SummaryPlaces {
  readonly durationMs: number;
  /** As people would write it. */
  readonly destination: string;
  readonly report?: string | undefined;
  readonly width: number;
}

/** The last words of a run: is all complete, where is it, what needs a person. */
export function renderSummary(summary: RunSummary, places: SummaryPlaces): string {
  const { width } = places;
  const lines = [...wrap(verdictOf(summary, places.durationMs), width), ''];
  const add = (label: string, text: string): void => {
    for (const [index, line] of wrap(text, width - LABEL_WIDTH).entries()) {
      lines.push(padEnd(index === 0 ? ` ${label}` : '', LABEL_WIDTH) + line);
    }
  };
  add('Documents', documentsLine(summary));
  add('Pages', pagesLine(summary));
  const { confidence, outputs, counts } = summary;
  if (confidence) {
    const { faint } = counts.pages;
    const low = faint > 0 ? countOf(faint, 'page') : 'no page';
    add(
      'Confidence',
      `median ${confidence.median} of 100; ${low} under ${FAINT_CONFIDENCE}. The engine's guess, not accuracy`,
    );
  }
  const files = outputs.map(
    ({ format, files }) => `${formatCount(files)} ${format === 'pdf' ? 'searchable .pdf' : `.${format}`}`,
  );
  add(
    summary.placed ? 'On Box' : 'Output',
    `${cleanText(places.destination)}${files.length > 0 ? `: ${files.join(', ')}` : ''}`,
  );
  if (summary.placed?.link !== undefined) add('', cleanText(summary.placed.link));
  addNamed(
    add,
    'Look at',
    summary.lookAt.map((item) => `${shortName(item.path, width)}  ${attentionText(item)}`),
  );
  addNamed(
    add,
    'Failed',
    summary.failed.map(({ path, message, code }) => `${shortName(path, width)}  ${cleanText(message)} [${code}]`),
  );
  addNamed(
    add,
    'Changed',
    summary.changed.map(({ path, text }) => `${shortName(path, width)}  ${cleanText(text)}`),
  );
  if (summary.added > 0)
    add(
      'New',
      `${countOf(summary.added, 'PDF')} came into the folder meanwhile; the next run reads ${summary.added === 1 ? 'it' : 'them'}`,
    );
  addNamed(
    add,
    'Left out',
    summary.leftOut.map(({ reason, paths }) => leftOutText(reason, paths, width)),
  );
  if (places.report !== undefined) add('Report', cleanText(places.report));
  if (summary.counts.documents.waiting > 0) add('Next', 'the same command again goes on where it stopped');
  else if (summary.exitCode !== 0)
    add('Next', `the same command again tries what failed, and only that${namesAdvice(summary)}`);
  else if (summary.changed.length + summary.added > 0)
    add('Next', 'the same command again takes in what has changed, and only that');
  return lines.join('\n');
}

/** The same command would find the name taken again. */
function namesAdvice({ failed }: RunSummary): string {
  return failed.some(({ code }) => code === 'NAME_TAKEN')
    ? '; where a name is taken, add --on-conflict rename, version or skip'
    : '';
}

/** The whole run in one sentence. */
export function verdictOf({ counts, complete, lookAt, failed }: RunSummary, durationMs: number): string {
  const { listed } = counts.documents;
  const whole =
    complete === listed
      ? listed === 1
        ? 'The document is complete'
        : `All ${formatCount(listed)} documents are complete`
      : `${formatCount(complete)} of ${countOf(listed, 'document')} ${complete === 1 || listed === 1 ? 'is' : 'are'} complete`;
  const eyes =
    lookAt.length > 0 ? `; ${formatCount(lookAt.length)} ${lookAt.length === 1 ? 'wants' : 'want'} your eyes` : '';
  const bad = failed.length > 0 ? `; ${formatCount(failed.length)} failed` : '';
  return `Finished in ${formatDuration(durationMs / 1000)}. ${whole}${bad}${eyes}.`;
}

function documentsLine({ counts: { documents }, complete, damaged }: RunSummary): string {
  const withFailedPages = documents.done - complete - damaged;
  const parts = [
    `${formatCount(complete)} complete`,
    damaged > 0 ? `${formatCount(damaged)} read from damaged files` : '',
    withFailedPages > 0 ? `${formatCount(withFailedPages)} with failed pages` : '',
    documents.failed > 0 ? `${formatCount(documents.failed)} failed` : '',
    documents.waiting > 0 ? `${formatCount(documents.waiting)} waiting` : '',
    documents.leftOut > 0 ? `${formatCount(documents.leftOut)} left out` : '',
  ].filter((part) => part !== '');
  return `${formatCount(documents.listed + documents.leftOut)} found: ${parts.join(', ')}`;
}

function pagesLine({ counts: { pages } }: RunSummary): string {
  const parts = [
    `${formatCount(pages.done)} read`,
    pages.keptText > 0 ? `${formatCount(pages.keptText)} had text (kept)` : '',
    pages.blank > 0 ? `${formatCount(pages.blank)} blank (kept in place)` : '',
    pages.faint > 0 ? `${formatCount(pages.faint)} faint (read, marked)` : '',
    pages.failed > 0 ? `${formatCount(pages.failed)} failed` : '',
    pages.elsewhere > 0 ? `${formatCount(pages.elsewhere)} done before on another computer` : '',
    pages.waiting > 0 ? `${formatCount(pages.waiting)} waiting` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function addNamed(add: (label: string, text: string) => void, label: string, items: readonly string[]): void {
  for (const [index, item] of items.slice(0, NAMED).entries()) add(index === 0 ? label : '', item);
  if (items.length > NAMED) add('', `and ${formatCount(items.length - NAMED)} more; the report names them all`);
}

function attentionText({ faintPages, failedPages, problem, language, damage }: AttentionItem): string {
  const parts = [
    language ?? '',
    damage ?? '',
    failedPages.length > 0 ? `${countOf(failedPages.length, 'failed page')} (${shortPages(failedPages)})` : '',
    problem === undefined ? '' : `${cleanText(problem.message)} [${problem.code}]`,
    faintPages.length > 0 ? `${countOf(faintPages.length, 'faint page')} (${shortPages(faintPages)})` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

function shortPages(pages: readonly number[]): string {
  const text = formatPages(pages);
  return text.length <= 40 ? text : `${text.slice(0, text.lastIndexOf(',', 36))},...`;
}

function leftOutText(reason: string, paths: readonly string[], width: number): string {
  const [first = ''] = paths;
  return paths.length === 1
    ? `${shortName(first, width)}  ${cleanText(reason)}`
    : `${formatCount(paths.length)} entries, such as ${shortName(first, width)}: ${cleanText(reason)}`;
}

function shortName(path: string, width: number): string {
  return truncateMiddle(cleanText(path), Math.max(20, width - LABEL_WIDTH - 30));
}
