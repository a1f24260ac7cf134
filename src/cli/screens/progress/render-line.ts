import type { RunNotice, RunProgress } from '../../../core/progress.ts';
import { cleanText } from '../display-text.ts';
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
      : `ocr ${read}/${total} pages ${percentOf(read, total)}%`,
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
