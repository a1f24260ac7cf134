import type { ListedEntry, SourceDocument } from '../core/document.ts';
import type { ConflictPolicy } from '../core/settings.ts';

/** A finished local file that is to be stored. */
export interface Artifact {
  /** Path on this machine; stays readable and unchanged until the write settles. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Lower-case hex SHA-1 of the file. */
  readonly sha1: string;
}

export interface WriteRequest {
  /** Path below the store's folder, `/` between parts. Folders are made as needed. */
  readonly path: string;
  readonly artifact: Artifact;
  /** Whether the bytes with this SHA-1, found under that name, were written by an earlier run of ours. */
  isOurs(sha1: string): boolean;
  readonly onConflict: ConflictPolicy;
  /** Facts kept with the result where the store can (Box metadata); keys and values are short text. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

export interface WrittenFile {
  /** `unchanged`: the same bytes were there already. `skipped`: the name was taken and the policy says skip. */
  readonly outcome: 'created' | 'replaced' | 'unchanged' | 'skipped';
  /** Where it is now: the path asked for, or another when renamed. */
  readonly path: string;
  /** The store's own identity of the file. */
  readonly id: string;
  readonly sha1: string;
  /** An address a person can open, where the store has one. */
  readonly link?: string | undefined;
}

/** A folder by name and identity, as shown to people: `"Scans/Marduk" (163928374651)`. */
export interface FolderLabel {
  readonly name: string;
  readonly id: string;
  readonly link?: string | undefined;
}

/** A document's bytes on this machine. */
export interface FetchedDocument {
  /** Path on this machine. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Lower-case hex SHA-1 of what arrived. */
  readonly sha1: string;
  /** True where `file` is the store's own and must be neither changed nor removed. */
  readonly inPlace: boolean;
}

/**
 * A folder that documents come from or results go to.
 *
 * Listings are complete or reject. What is read or written is there entirely, checked by SHA-1, or not at all: a source
 * that ends early rejects and leaves nothing visible. Writing the same bytes to the same path twice is one version.
 * Every call settles after `signal` aborts.
 */
export interface DocumentStore {
  /** Names the folder. @throws {AccessError} it cannot be seen. @throws {NoInputError} it does not exist. */
  describe(signal: AbortSignal): Promise<FolderLabel>;
  /** Every entry below the folder, in no promised order, each once. */
  list(signal: AbortSignal): AsyncIterable<ListedEntry>;
  /**
   * Brings a document's bytes to `toFile`, or answers with the file in place where the store is local.
   * @throws {DocumentError} `SOURCE_CHANGED`, `SOURCE_GONE`: it is no longer what was listed.
   */
  read(document: SourceDocument, toFile: string, signal: AbortSignal): Promise<FetchedDocument>;
  /**
   * Stores an artifact.
   * @throws {OutputError} `NAME_TAKEN` under policy `stop`; `DISK_FULL`; `DIGEST_DIFFERS`.
   * @throws {AccessError} writing is not allowed.
   */
  write(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile>;
  /** Whether a file written before is still there, as far as a cheap look (name and size, or a listing) can tell. */
  stillHas(
    file: Pick<WrittenFile, 'path' | 'id' | 'sha1'> & { readonly sizeBytes: number },
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Checks that results may be written here, without leaving a trace. @throws {AccessError | OutputError} they may not. */
  checkWritable(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
