import { DocumentBudget } from '../core/document-budget.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { PageLimits } from '../core/settings.ts';

/** What the pages of one document may still cost, while any of them are to be read. */
export class OpenBudget {
  readonly #budget: DocumentBudget;
  readonly #usedUp = new AbortController();
  /** By the signal they are joined with: pages of a chunk share one. */
  readonly #joined = new WeakMap<AbortSignal, AbortSignal>();
  chunks = 0;

  constructor(limits: PageLimits) {
    this.#budget = new DocumentBudget(limits);
  }

  expect(pages: number): void {
    this.chunks++;
    this.#budget.expect(pages);
  }

  /** Notes what a page cost. When the budget is used up, pages that wait fail with that reason; those in hand are finished. */
  spend(error: ErrorRecord | undefined, busyMs: number): void {
    const reason = this.#budget.spend(error, busyMs);
    if (reason && !this.#usedUp.signal.aborted) this.#usedUp.abort(reason);
  }

  /** Aborts when the budget is used up, or with the other one. */
  signalWith(other: AbortSignal): AbortSignal {
    let joined = this.#joined.get(other);
    if (!joined) this.#joined.set(other, (joined = AbortSignal.any([this.#usedUp.signal, other])));
    return joined;
  }
}

/** The budgets of the documents that are being read on this machine, by their SHA-1. */
export class DocumentBudgets {
  readonly #open = new Map<string, OpenBudget>();

  /** Opens a document's budget, or adds pages to it; {@link leave} must follow. */
  enter(sha1: string, pages: number, limits: PageLimits): OpenBudget {
    let budget = this.#open.get(sha1);
    if (!budget) this.#open.set(sha1, (budget = new OpenBudget(limits)));
    budget.expect(pages);
    return budget;
  }

  /** Notes that all pages of one {@link enter} have ended. */
  leave(sha1: string): void {
    const budget = this.#open.get(sha1);
    if (budget && --budget.chunks <= 0) this.#open.delete(sha1);
  }
}
