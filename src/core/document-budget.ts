import { PageError, type ErrorRecord } from './errors.ts';
import { DEFAULT_DOCUMENT_FAILURES, type PageLimits } from './settings.ts';

/**
 * Pages that fail alike, and at once, cost little: so many times as many are tried before the others are judged by them, or
 * fewer where they have cost a minute.
 */
const QUICK_FAILURES = 50;
const ALIKE_FAILURES = 3;
const ALIKE_MS = 60_000;
/** What the pages of a document may take together: a quarter of the page limit for each, and an hour at least. */
const SHARE_OF_PAGE_LIMIT = 1 / 4;
const LEAST_SECONDS = 3_600;

/** Ends that cost a page's whole limit, or a worker. */
const COSTLY = /_(?:TIMEOUT|MEMORY|CRASHED)$/;

/** The code of pages that were not tried since their document had used up what it may cost. */
export const NOT_TRIED = 'PAGE_NOT_TRIED';

/**
 * What one document may cost before the rest of its pages is left: failures in a row, and time of workers. So a file that was
 * made, or damaged, to take for ever ends, and the others have the workers.
 */
export class DocumentBudget {
  readonly #limits: PageLimits;
  #pages = 0;
  #costly = 0;
  #alike = 0;
  #alikeMs = 0;
  #code: string | undefined;
  #busyMs = 0;

  constructor(limits: PageLimits) {
    this.#limits = limits;
  }

  /** Notes that more of its pages are to be read. */
  expect(pages: number): void {
    this.#pages += pages;
  }

  get #maxSeconds(): number {
    const { documentSeconds, seconds } = this.#limits;
    return Math.ceil(documentSeconds ?? Math.max(LEAST_SECONDS, this.#pages * seconds * SHARE_OF_PAGE_LIMIT));
  }

  /** Takes note of a page and the time that workers had with it; answers why no other should be tried, where none should. */
  spend(error: ErrorRecord | undefined, busyMs: number): PageError | undefined {
    this.#busyMs += busyMs;
    if (error === undefined) this.#costly = this.#alike = this.#alikeMs = 0;
    else {
      if (error.code !== this.#code) this.#alike = this.#alikeMs = 0;
      this.#alike++;
      this.#alikeMs += busyMs;
      if (COSTLY.test(error.code)) this.#costly++;
    }
    this.#code = error?.code;
    const maxFailures = this.#limits.documentFailures ?? DEFAULT_DOCUMENT_FAILURES;
    if (this.#costly >= maxFailures) {
      const what = 'ran out of time or memory, or broke the program';
      return notTried(`${this.#costly} pages of this document in a row ${what}`, error, failuresRemedy(maxFailures));
    }
    const isDear = this.#alike >= maxFailures * ALIKE_FAILURES && this.#alikeMs >= ALIKE_MS;
    if (isDear || this.#alike >= maxFailures * QUICK_FAILURES) {
      const what = `${this.#alike} pages of this document in a row failed the same way`;
      return notTried(what, error, failuresRemedy(maxFailures));
    }
    if (this.#busyMs >= this.#maxSeconds * 1_000) {
      const remedy = `--document-timeout ${this.#maxSeconds * 10}   to give each document more time.`;
      return notTried(`the pages of this document have taken more than ${this.#maxSeconds} s`, error, remedy);
    }
    return undefined;
  }
}

function failuresRemedy(maxFailures: number): string {
  return `--document-failures ${maxFailures * 10}   to try more of them.`;
}

function notTried(reason: string, last: ErrorRecord | undefined, remedy: string): PageError {
  const why = last === undefined ? undefined : `The last one: ${last.message}`;
  return new PageError(NOT_TRIED, `Not tried: ${reason}.`, { why, safe: 'The other documents go on.', remedy });
}
