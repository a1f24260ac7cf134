import type { RecognitionSettings, PageLimits } from './settings.ts';

/** Pages of one document that are to be read. */
export interface PageRange {
  /** Lower-case hex SHA-1 of the document. */
  readonly sha1: string;
  /** Where its bytes are, on a file system every worker sees. */
  readonly file: string;
  /** 1-based, ascending. */
  readonly pageNumbers: readonly number[];
}

/** A work order: pages that are read together and whose results go to one file. Plain JSON, kept in the run folder. */
export interface Chunk {
  /** Unique in the run; also the base name of its files. */
  readonly id: string;
  readonly ranges: readonly PageRange[];
  readonly recipe: Recipe;
  readonly limits: PageLimits;
}

/** All that decides what a page's result is, beside the document's bytes and the page number. */
export interface Recipe extends RecognitionSettings {
  readonly engineVersion: string;
  /** SHA-256 of each model, by language. */
  readonly models: Readonly<Record<string, string>>;
  readonly rendererVersion: string;
  /** Raised by us whenever our own page preparation changes what is read. */
  readonly preparation: number;
  /** Hex digest of all the above. Keys the page results. */
  readonly digest: string;
}
