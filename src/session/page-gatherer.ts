import type { PageRange } from '../core/chunk.ts';
import type { GatheredPages } from '../executors/executor.ts';

interface Entry<Wait> {
  /** What is left of it. */
  range: PageRange;
  readonly sinceMs: number;
  readonly signal: AbortSignal;
  readonly waits: Wait[];
  readonly whole: PromiseWithResolvers<readonly Wait[]>;
}

/** Pages on their way to an executor. Exactly one of the two must be called. */
export interface TakenPages<Wait> {
  readonly ranges: readonly PageRange[];
  readonly signal: AbortSignal;
  /** Tells what is to be waited for, and which pages it holds. */
  started(waits: readonly (readonly [wait: Wait, ranges: readonly PageRange[]])[]): void;
  failed(error: unknown): void;
}

/** Pages of many documents that wait to be submitted together, and which documents are still to come. */
export class PageGatherer<Wait> {
  readonly #clock: () => number;
  #entries: Entry<Wait>[] = [];
  #pages = 0;
  #expected = 0;
  /** Documents that have not asked for their pages yet. */
  readonly #coming = new Set<string>();
  /** Documents that have not ended. */
  readonly #inFlight = new Set<string>();
  /** Documents that do nothing but wait. */
  readonly #parked = new Set<string>();
  #askedPages = 0;
  #askedDocuments = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Names the documents of the session, by their ids. */
  expect(documentIds: readonly string[]): void {
    this.#expected += documentIds.length;
    for (const id of documentIds) {
      this.#coming.add(id);
      this.#inFlight.add(id);
    }
  }

  /** The document waits for pages, or for another one of the same content. */
  markWaiting(documentId: string): void {
    this.#coming.delete(documentId);
    if (this.#inFlight.has(documentId)) this.#parked.add(documentId);
  }

  markWorking(documentId: string): void {
    this.#parked.delete(documentId);
  }

  end(documentId: string): void {
    for (const documents of [this.#coming, this.#inFlight, this.#parked]) documents.delete(documentId);
  }

  /** Every document that has not ended waits for pages. */
  allWait(): boolean {
    return this.#coming.size === 0 && this.#parked.size === this.#inFlight.size;
  }

  /** Takes in pages; settles with what to wait for once all of them were submitted. */
  add(range: PageRange, signal: AbortSignal): Promise<readonly Wait[]> {
    this.#askedDocuments++;
    this.#askedPages += range.pageNumbers.length;
    if (range.pageNumbers.length === 0) return Promise.resolve([]);
    const whole = Promise.withResolvers<readonly Wait[]>();
    this.#entries.push({ range, sinceMs: this.#clock(), signal, waits: [], whole });
    this.#pages += range.pageNumbers.length;
    return whole.promise;
  }

  describe(): GatheredPages {
    const [first] = this.#entries;
    const share = this.#askedDocuments === 0 ? 1 : Math.max(1, this.#expected / this.#askedDocuments);
    return {
      pages: this.#pages,
      waitedMs: first ? this.#clock() - first.sinceMs : 0,
      allIn: this.#coming.size === 0,
      expectedPages: Math.round(this.#askedPages * share),
    };
  }

  /** Takes out about as many pages as wanted, those that wait longest first. A large document may be taken in parts. */
  take(wanted: number): TakenPages<Wait> {
    const taken: { readonly entry: Entry<Wait>; readonly range: PageRange }[] = [];
    let count = 0;
    let whole = 0;
    for (const entry of this.#entries) {
      if (count >= wanted) break;
      const { range } = entry;
      const pageNumbers = range.pageNumbers.slice(0, wanted - count);
      taken.push({ entry, range: { ...range, pageNumbers } });
      entry.range = { ...range, pageNumbers: range.pageNumbers.slice(pageNumbers.length) };
      count += pageNumbers.length;
      if (entry.range.pageNumbers.length === 0) whole++;
    }
    this.#entries.splice(0, whole);
    this.#pages -= count;
    const bySha1 = Map.groupBy(taken, ({ range }) => range.sha1);
    return {
      ranges: taken.map(({ range }) => range),
      signal: taken[0]?.entry.signal ?? new AbortController().signal,
      started(waits) {
        for (const [wait, ranges] of waits) {
          for (const { sha1 } of ranges) for (const { entry } of bySha1.get(sha1) ?? []) entry.waits.push(wait);
        }
        for (const { entry } of taken) if (entry.range.pageNumbers.length === 0) entry.whole.resolve(entry.waits);
      },
      failed(error) {
        for (const { entry } of taken) entry.whole.reject(error);
      },
    };
  }

  /** Gives up all that waits. */
  fail(error: unknown): void {
    for (const { whole } of this.#entries.splice(0)) whole.reject(error);
    this.#pages = 0;
  }
}
