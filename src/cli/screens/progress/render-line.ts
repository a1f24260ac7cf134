import type { RunNotice, RunProgress } from '../../../core/progress.ts';
import { cleanText, truncate, truncateMiddle } from '../display-text.ts';
import { countOf, formatDurationRange, percentOf } from '../format-numbers.ts';
import { roundRate } from './render-block.ts';

/** One moment of a run as a line for logs: `ocr 7212/12480 pages 58%; 160/min; left 31-36 min; look at 1 document`. */
export function renderProgressLine(progress: RunProgress): string {
  const { documents, pages, phase } = progress;
  if (phase === 'listing') return `listing: ${countOf(documents.total, 'PDF')} so far`;
  const read = pages.done + pages.failed;
  const total = Math.max(pages.total, pages.estimatedTotal);
  const parts = [
    // Until the first document is open there is nothing to say of pages.
    total === 0
      ? `${documents.fetched}/${documents.total} documents fetched`
      : `ocr ${read}/${pages.estimatedTotal > pages.total || documents.fetched + documents.failed < documents.total ? 'about ' : ''}${total} pages ${percentOf(read, total)}%`,
    `${documents.delivered}/${documents.total} documents delivered`,
    progress.pagesPerMinute === undefined ? '' : `${roundRate(progress.pagesPerMinute)}/min`,
    progress.secondsLeft === undefined || phase !== 'working'
      ? ''
      : `left ${formatDurationRange(progress.secondsLeft)}`,
    progress.lookAt > 0 ? `look at ${countOf(progress.lookAt, 'document')}` : '',
  ].filter((part) => part !== '');
  const prefix = phase === 'stopping' ? 'stopping; ' : phase === 'ended' ? 'ended; ' : '';
  return prefix + parts.join('; ');
}

/** `Run marduk-7f3a01: 212 PDFs, 12,480 pages from "Scans/Marduk" (163928374651)`: the first line of the live picture. */
export function renderRunLine({ run, source, documents, pages, phase }: RunProgress, width: number): string {
  const total = Math.max(pages.total, pages.estimatedTotal);
  const about = total > pages.total || documents.fetched + documents.failed < documents.total ? 'about ' : '';
  const counts = [
    documents.total === 0 ? '' : `${countOf(documents.total, 'PDF')}${phase === 'listing' ? ' so far' : ''}`,
    total === 0 ? '' : `${about}${countOf(total, 'page')}`,
  ].filter((part) => part !== '');
  const head = `Run ${run}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`;
  return truncate(`${head}${sourceText(source, width - head.length)}`, width);
}

/** ` from "Scans/Marduk" (163928374651)`, cut in the middles of both so that both are seen. */
function sourceText(source: RunProgress['source'], room: number): string {
  if (source === undefined) return '';
  const [name, id] = [cleanText(source.name), cleanText(source.id)];
  const left = Math.max(16, room - ` from "" ()`.length);
  const shownId = truncateMiddle(id, Math.max(12, left - Math.min(name.length, Math.floor(left / 2))));
  return ` from "${truncateMiddle(name, Math.max(8, left - shownId.length))}" (${shownId})`;
}

/** `run marduk-7f3a01 started, 16 at once, from "Scans/Marduk" (163928374651)` */
export function renderStartLine({ run, source, workers }: RunProgress): string {
  const from = source === undefined ? '' : `, from "${cleanText(source.name)}" (${cleanText(source.id)})`;
  return `run ${run} started${workers > 0 ? `, ${workers} at once` : ''}${from}`;
}

/** A notice as a line: `warn Reisner_1901.pdf p.77: faint, confidence 38 of 100; kept, marked`. */
export function renderNoticeLine({ level, text, document, pageNumber }: RunNotice): string {
  const place = [document, pageNumber === undefined ? undefined : `p.${pageNumber}`]
    .filter((part) => part !== undefined)
    .join(' ');
  return cleanText(`${level === 'info' ? '' : `${level} `}${place === '' ? '' : `${place}: `}${text}`);
}

/** A time of day for the beginning of a line: `14:09:02`. */
export function clockTime(timeMs: number, timeZone?: string): string {
  return new Date(timeMs).toLocaleTimeString('en-GB', { hour12: false, ...(timeZone ? { timeZone } : {}) });
}
