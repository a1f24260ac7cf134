import type { FileRepair } from './describe-damage.ts';
import type { SourceDocument, LeftOutEntry } from './document.ts';
import type { ErrorRecord } from './errors.ts';
import type { ReadLanguage } from './guess-language.ts';
import type { PageDamage, PageState } from './page.ts';
import type { OutputFormat } from './settings.ts';
import type { WorkHandleRecord } from './work-handle.ts';

/** What became of one page. */
export interface PageOutcome {
  readonly pageNumber: number;
  readonly state: PageState;
  /** Mean over its words, 0 to 100; null where nothing was read with one. */
  readonly confidence: number | null;
  readonly wordCount: number;
  /** Why it failed. */
  readonly error?: ErrorRecord | undefined;
}

/** A {@link PageOutcome} as a line of the ledger holds it, which has thousands of them: see {@link outcomeOf}. */
export type PageEntry = readonly [
  pageNumber: number,
  state: PageState,
  confidence: number | null,
  wordCount: number,
  error?: ErrorRecord,
];

/** Reads a page's entry. */
export function outcomeOf([pageNumber, state, confidence, wordCount, error]: PageEntry): PageOutcome {
  return { pageNumber, state, confidence, wordCount, error };
}

/** A page of which parts could not be decoded whole. */
export interface DamagedPage {
  readonly pageNumber: number;
  readonly damage: readonly PageDamage[];
}

export interface DeliveredOutput {
  readonly format: OutputFormat;
  readonly path: string;
  readonly id: string;
  readonly sha1: string;
  readonly sizeBytes: number;
  readonly outcome: 'created' | 'replaced' | 'unchanged' | 'skipped';
  readonly link?: string | undefined;
}

/** What became of a document's source after it was listed. */
export type SourceChange =
  /** Deleted, moved away or unshared: no longer in the folder. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'renamed'; /** Its path now. */ readonly path: string }
  | { readonly kind: 'new-version' };

/** Cores that were allocated or asked for, times the seconds they were, and what they cost by the site's rates. */
export interface CoreTime {
  readonly coreSeconds: number;
  readonly cost?: { readonly unit: string; readonly amount: number } | undefined;
}

/** What a run's jobs took on a cluster, all of them together, as the scheduler's accounting tells. */
export interface ClusterUse {
  readonly jobs: number;
  /** Different nodes. */
  readonly nodes: number;
  readonly used: CoreTime;
  /** What their time limits came to: what was asked for, and the most it could have been. */
  readonly asked: CoreTime;
}

/**
 * What happened in a run, in order; the ledger is a list of these, one JSON line each. `at` is an ISO 8601 time in UTC.
 * `document` is the SourceDocument's `id`. Readers ignore types they do not know, so that old programs read new ledgers.
 */
export type LedgerEvent = { readonly at: string } & (
  | {
      readonly type: 'session-started';
      readonly host: string;
      readonly pid: number;
      readonly programVersion: string;
      /** Of the run folder's files; absent in those of older versions. */
      readonly format?: number | undefined;
    }
  | { readonly type: 'listed'; readonly source: SourceDocument }
  | { readonly type: 'left-out'; readonly entry: LeftOutEntry }
  | { readonly type: 'listing-complete'; readonly documents: number; readonly leftOut: number }
  | { readonly type: 'fetched'; readonly document: string; readonly sha1: string; readonly sizeBytes: number }
  | {
      readonly type: 'inspected';
      readonly document: string;
      readonly pageCount: number;
      readonly repaired: boolean;
      readonly repair?: FileRepair | undefined;
    }
  | { readonly type: 'submitted'; readonly handles: readonly WorkHandleRecord[] }
  | {
      readonly type: 'pages';
      readonly document: string;
      readonly pages: readonly PageEntry[];
      /** Absent where its words do not tell. */
      readonly language?: ReadLanguage | undefined;
      /** Pages of which parts could not be decoded; absent where there are none. */
      readonly damaged?: readonly DamagedPage[] | undefined;
    }
  | { readonly type: 'delivered'; readonly document: string; readonly outputs: readonly DeliveredOutput[] }
  | {
      readonly type: 'document-done';
      readonly document: string;
      /** How many outputs were told of before; absent in ledgers of older versions. */
      readonly outputs?: number | undefined;
      /** And how many pages; absent, too, where another machine read them. */
      readonly pages?: number | undefined;
    }
  | { readonly type: 'document-failed'; readonly document: string; readonly error: ErrorRecord }
  /** At the end of a session whose pages were read on a cluster. */
  | ({ readonly type: 'cluster-use' } & ClusterUse)
  /** The folder that results went to, where it is one with an address. */
  | {
      readonly type: 'placed';
      readonly folder: { readonly name: string; readonly id: string; readonly link?: string | undefined };
    }
  /** The source was listed again at the end of the work: what differs, and how many documents were added. */
  | {
      readonly type: 'listed-again';
      readonly changes: readonly { readonly document: string; readonly change: SourceChange }[];
      readonly added: number;
    }
  | {
      readonly type: 'session-ended';
      readonly exitCode: number;
      readonly error?: ErrorRecord | undefined;
      /** Wall-clock milliseconds of this session. */
      readonly durationMs: number;
    }
);
