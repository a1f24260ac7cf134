import type { LedgerEvent } from '../core/ledger.ts';
import type { RunProgress } from '../core/progress.ts';
import type { RunSettings } from '../core/settings.ts';
import type { Recipe } from '../core/chunk.ts';

/** What a run was started with. Written once, to `run.json`. */
export interface RunRecord {
  /** Of the folder's files; absent in those of versions that did not number them. */
  readonly format?: number | undefined;
  /** Also the folder's name: a word from the source's name and six hex digits, `marduk-7f3a01`. */
  readonly name: string;
  readonly createdAt: string;
  readonly programVersion: string;
  /** Where documents come from and results go, by name and identity, as typed and as found. */
  readonly source: StoreReference;
  readonly destination: StoreReference;
  readonly settings: RunSettings;
  readonly recipe: Recipe;
}

export interface StoreReference {
  readonly kind: 'local' | 'box';
  readonly name: string;
  /** Absolute paths of a directory or of files (`local`), or one folder ID (`box`). */
  readonly ids: readonly string[];
  /** Folders below it that are really meant, made at the first write (`box`): `['OCR']`. */
  readonly below?: readonly string[] | undefined;
  /** The name of the one document's results, without extension, where a person named a file (`local`). */
  readonly stem?: string | undefined;
  /** An address a person can open. */
  readonly link?: string | undefined;
}

/** One run's memory: what it was started with, and what happened since. Append-only. */
export interface RunStore {
  readonly record: RunRecord;
  /** Settles when the events are on disk for good, in order. After a crash at any write `load` gives all that settled. */
  append(events: readonly LedgerEvent[]): Promise<void>;
  /** Every acknowledged event, oldest first; a torn last line is ignored. */
  load(): AsyncIterable<LedgerEvent>;
  /** Replaces `progress.json`. Best effort: never throws, never on the critical path. */
  writeProgress(progress: RunProgress): Promise<void>;
  readProgress(): Promise<RunProgress | undefined>;
}
