import type { RunProgress } from '../../../core/progress.ts';
import { padEnd, truncate, truncateMiddle } from '../display-text.ts';
import {
  countOf,
  formatBytes,
  formatCount,
  formatDuration,
  formatDurationRange,
  percentOf,
} from '../format-numbers.ts';
import { groupReading } from './group-reading.ts';

export interface BlockStyle {
  /** Columns no line goes beyond. */
  readonly width: number;
  /** Draw bars with block characters; otherwise ASCII. */
  readonly unicode: boolean;
  /** IANA name for times of day; absent: the system's. */
  readonly timeZone?: string | undefined;
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const COUNT_COLUMN = 23;

/** The live picture of a run: a bar a stage, then what remains, what is read and what to look at. No line end at the end. */
export function renderProgressBlock(progress: RunProgress, style: BlockStyle): string {
  const { documents, pages, bytes, phase } = progress;
  const barWidth = style.width >= 76 ? 20 : style.width >= 56 ? 10 : 0;
  const readable = Math.max(0, documents.total - documents.failed);
  const read = pages.done + pages.failed;
  const pageTotal = Math.max(pages.total, pages.estimatedTotal);
  const listing = phase === 'listing';
  const bar = (name: string, done: number, total: number, noun: string, extra: string, guessed = false): string => {
    const left = ` ${padEnd(name, 10)}${drawBar(done, total, barWidth, style.unicode)}`;
    const count = `${formatCount(done)}/${guessed ? 'about ' : ''}${formatCount(total)} ${noun}`;
    return truncate(`${left}  ${extra === '' ? count : `${padEnd(count, COUNT_COLUMN)} ${extra}`}`, style.width);
  };
  const fetched = !listing && documents.fetched + documents.failed >= documents.total;
  const fetchedBytes = `${formatBytes(fetched ? bytes.total : bytes.fetched)}${fetched ? ', done' : ''}`;
  const lines = [
    bar('Fetch', documents.fetched, documents.total, listing ? 'PDFs so far' : 'PDFs', fetchedBytes),
    bar('OCR', read, pageTotal, 'pages', rate(progress), pages.estimatedTotal > pages.total || (read > 0 && !fetched)),
    bar('Assemble', documents.assembled, readable, 'documents', ''),
    bar('Deliver', documents.delivered, readable, 'documents', bytes.delivered > 0 ? formatBytes(bytes.delivered) : ''),
    '',
    ` ${timesLine(progress, percentOf(read, pageTotal), style)}`,
  ];
  if (phase === 'stopping') lines.push(` Stopping  finishing ${countOf(progress.reading.length, 'page')} in hand`);
  else if (progress.reading.length > 0) {
    lines.push(` Reading   ${truncateMiddle(groupReading(progress.reading), style.width - 11)}`);
  }
  const attention = attentionOf(progress);
  if (attention !== '') lines.push(` Look at   ${attention}`);
  return lines.map((line) => truncate(line, style.width)).join('\n');
}

/** `1 document, 41 faint pages, 2 failed pages`; empty when all is well. */
export function attentionOf({ lookAt, pages, documents }: RunProgress): string {
  const parts = [
    lookAt > 0 ? countOf(lookAt, 'document') : '',
    pages.faint > 0 ? countOf(pages.faint, 'faint page') : '',
    pages.failed > 0 ? countOf(pages.failed, 'failed page') : '',
    documents.failed > 0 ? countOf(documents.failed, 'failed document') : '',
  ].filter((part) => part !== '');
  const [first, ...rest] = parts;
  if (first === undefined) return '';
  return rest.length === 0 ? first : `${first} (${rest.join(', ')})`;
}

function rate({ pagesPerMinute, workers }: RunProgress): string {
  const speed = pagesPerMinute === undefined ? '' : `${formatCount(roundRate(pagesPerMinute))}/min, `;
  return `${speed}${workers} at once`;
}

/** Whole pages a minute, with one decimal where there are few. */
export function roundRate(pagesPerMinute: number): number {
  return pagesPerMinute < 10 ? Math.round(pagesPerMinute * 10) / 10 : Math.round(pagesPerMinute);
}

function timesLine(progress: RunProgress, percent: number, { timeZone }: BlockStyle): string {
  const { secondsLeft } = progress;
  const at = Date.parse(progress.at);
  const parts = [`${percent}%`, `${formatDuration((at - Date.parse(progress.startedAt)) / 1000)} gone`];
  if (secondsLeft !== undefined && progress.phase === 'working') {
    const end = new Date(at + (secondsLeft[0] + secondsLeft[1]) * 500);
    const clock = end.toLocaleTimeString('en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      ...(timeZone ? { timeZone } : {}),
    });
    parts.push(`${formatDurationRange(secondsLeft)} left`);
    if (secondsLeft[1] < 20 * 3600) parts.push(`done about ${clock}`);
  }
  return parts.join('   ');
}

function drawBar(done: number, total: number, width: number, unicode: boolean): string {
  if (width === 0) return '';
  // A full bar means that all is done, and a started one shows at least its first mark.
  const eighths =
    done >= total && total > 0
      ? width * 8
      : Math.min(width * 8 - 1, Math.floor((8 * width * done) / Math.max(1, total)));
  const whole = Math.floor(eighths / 8);
  if (!unicode) return '#'.repeat(whole).padEnd(width, '.');
  return ('█'.repeat(whole) + (EIGHTHS[eighths % 8] ?? '')).padEnd(width, '░');
}
