import type { PageResult } from './page.ts';
import type { RunProgress } from './progress.ts';
import { isFaint } from './faint-page.ts';

/** The speed shown is that of the last minutes, so that it follows what the machine does now. */
const RATE_WINDOW_MS = 180_000;
/** No guess of the time left before this many pages were read in this session. */
const PAGES_BEFORE_GUESS = 8;
/** The range around the guess: pages of one folder differ in time by about this much. */
const GUESS_SPREAD = 0.12;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts a session as it goes and gives moments of it. Times come from outside, in milliseconds. */
export class ProgressMeter {
  readonly documents: Mutable<RunProgress['documents']> = {
    total: 0,
    fetched: 0,
    assembled: 0,
    delivered: 0,
    failed: 0,
    leftOut: 0,
  };
  readonly bytes: Mutable<RunProgress['bytes']> = { total: 0, fetched: 0, delivered: 0 };
  readonly #pages = { total: 0, done: 0, failed: 0, faint: 0 };
  /** Documents whose pages are known, or that turned out to have none. */
  readonly #opened = new Set<string>();
  #bytesOpened = 0;
  readonly #lookAt = new Set<string>();
  readonly #startedMs: number;
  #readInSession = 0;
  #readElsewhere = 0;
  /** Times of the last pages read, oldest first. */
  #recentMs: number[] = [];

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  /** A document was opened; some of its pages may have been read by an earlier session. */
  opened(document: string, pageCount: number, sizeBytes: number): void {
    this.#pages.total += pageCount;
    this.#settle(document, sizeBytes);
  }

  #settle(document: string, sizeBytes: number): void {
    if (this.#opened.has(document)) return;
    this.#opened.add(document);
    this.#bytesOpened += sizeBytes;
  }

  /** Pages whose results were there already. */
  foundPages(count: number): void {
    this.#pages.done += count;
  }

  /** Pages in results of a cluster that are not complete yet: done, and counted one by one when their chunk is. */
  readElsewhere(count: number): void {
    this.#readElsewhere = count;
  }

  pageRead(document: string, page: PageResult, nowMs: number): void {
    this.#readInSession++;
    this.#recentMs.push(nowMs);
    if (page.state === 'failed') this.#pages.failed++;
    else this.#pages.done++;
    const faint = isFaint(page.confidence);
    if (faint) this.#pages.faint++;
    if (faint || page.state === 'failed') this.#lookAt.add(document);
  }

  /** A person should look at a document, whoever read its pages. */
  needsEyes(document: string): void {
    this.#lookAt.add(document);
  }

  documentFailed(document: string, sizeBytes: number): void {
    this.documents.failed++;
    this.#settle(document, sizeBytes);
    this.#lookAt.add(document);
  }

  /** The counts of this moment. */
  read(
    nowMs: number,
  ): Pick<RunProgress, 'documents' | 'pages' | 'bytes' | 'pagesPerMinute' | 'secondsLeft' | 'lookAt'> {
    const estimatedTotal = this.#estimateTotal();
    const pagesPerMinute = this.#rate(nowMs);
    const { total, failed } = this.#pages;
    const done = Math.max(this.#pages.done, Math.min(total - failed, this.#pages.done + this.#readElsewhere));
    const left = Math.max(0, estimatedTotal - done - failed);
    const guess = pagesPerMinute ? (left / pagesPerMinute) * 60 : undefined;
    return {
      documents: { ...this.documents },
      pages: { ...this.#pages, done, estimatedTotal },
      bytes: { ...this.bytes },
      pagesPerMinute,
      secondsLeft: guess === undefined ? undefined : [guess * (1 - GUESS_SPREAD), guess * (1 + GUESS_SPREAD)],
      lookAt: this.#lookAt.size,
    };
  }

  /** Documents not yet opened are taken to have as many pages a byte as the opened ones. */
  #estimateTotal(): number {
    const { total } = this.#pages;
    if (this.#bytesOpened === 0 || this.bytes.total <= this.#bytesOpened) return total;
    return Math.round((total * this.bytes.total) / this.#bytesOpened);
  }

  #rate(nowMs: number): number | undefined {
    if (this.#readInSession < PAGES_BEFORE_GUESS) return undefined;
    const from = Math.max(this.#startedMs, nowMs - RATE_WINDOW_MS);
    const first = this.#recentMs.findIndex((time) => time >= from);
    this.#recentMs = first < 0 ? [] : this.#recentMs.slice(first);
    const minutes = (nowMs - from) / 60_000;
    return minutes <= 0 || this.#recentMs.length === 0 ? undefined : this.#recentMs.length / minutes;
  }
}
