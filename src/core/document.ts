/** One PDF as its store lists it. */
export interface SourceDocument {
  /** The store's own stable identity: a Box file ID, or the absolute path of a local file. */
  readonly id: string;
  /** Path below the listed folder, `/` between parts, exactly as the store spells it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Changes whenever the bytes may have changed: a Box file version, or size and times of a local file. */
  readonly version: string;
  /** Lower-case hex SHA-1 of the content, where the store knows it without reading. */
  readonly sha1?: string | undefined;
}

/** Something in the folder that is not worked on, with the reason a person reads. */
export interface LeftOutEntry {
  readonly path: string;
  /** Stable: `NOT_A_PDF_NAME`, `NOT_MATCHED`, `LINK`, `OUR_OUTPUT`, ... */
  readonly code: string;
  readonly reason: string;
}

export type ListedEntry =
  | { readonly kind: 'document'; readonly document: SourceDocument }
  | { readonly kind: 'left-out'; readonly entry: LeftOutEntry };
