import type { PageRange } from './chunk.ts';
import type { SourceDocument } from './document.ts';
import type { DocumentState, RunState } from './run-state.ts';

/** How pages become chunks. */
export interface ChunkRule {
  /** Pages of a chunk, at most: some minutes of one core, so that a lost one costs little. */
  readonly maxPages: number;
  /** Documents too small to fill a chunk share one; otherwise each has its own. */
  readonly shared: boolean;
}

/** Where pages are read beside the coordinator, each document is done as soon as its own pages are. */
export const LOCAL_CHUNKS: ChunkRule = { maxPages: 50, shared: false };
/** Where a chunk is a file on a shared file system, few of them: 50 to 100 pages each. */
export const CLUSTER_CHUNKS: ChunkRule = { maxPages: 100, shared: true };

/** Cuts pages of documents into chunks, in page order and in the order of the documents. Each page is in exactly one. */
export function packChunks(ranges: readonly PageRange[], { maxPages, shared }: ChunkRule): PageRange[][] {
  const chunks: PageRange[][] = [];
  let open: PageRange[] = [];
  let openPages = 0;
  const close = (): void => {
    if (open.length > 0) chunks.push(open);
    open = [];
    openPages = 0;
  };
  for (const range of ranges) {
    for (const pageNumbers of cutEvenly(range.pageNumbers, maxPages)) {
      if (openPages + pageNumbers.length > maxPages) close();
      open.push({ ...range, pageNumbers });
      openPages += pageNumbers.length;
      if (!shared) close();
    }
  }
  close();
  return chunks;
}

/** Pieces of equal length, as few as the limit allows: of 101 pages 51 and 50, not 100 and 1. */
function cutEvenly(pageNumbers: readonly number[], maxPages: number): (readonly number[])[] {
  const count = Math.ceil(pageNumbers.length / maxPages);
  return Array.from({ length: count }, (_, index) =>
    pageNumbers.slice(
      Math.floor((index * pageNumbers.length) / count),
      Math.floor(((index + 1) * pageNumbers.length) / count),
    ),
  );
}

/** Pages of chunks or of parts of them. */
export function countPages(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, { pageNumbers }) => sum + pageNumbers.length, 0);
}

/** What a session does with the documents of a listing. */
export interface SessionPlan {
  /** To be worked on, in listing order, each with what is known of it; all that did not end well before. */
  readonly todo: readonly { readonly document: SourceDocument; readonly known: DocumentState | undefined }[];
  /** Done by an earlier session, and unchanged since. */
  readonly done: readonly DocumentState[];
}

/**
 * Compares a listing with what the ledger knows. Failed is never done; a changed version is new work; a document that was
 * renamed or moved with its identity is delivered to its new place, its pages known.
 */
export function planSession(documents: readonly SourceDocument[], state: RunState): SessionPlan {
  const todo: { document: SourceDocument; known: DocumentState | undefined }[] = [];
  const done: DocumentState[] = [];
  for (const document of documents) {
    const before = state.documents.get(document.id);
    const known = before?.source.version === document.version ? before : undefined;
    if (known?.stage === 'done' && known.source.path === document.path) done.push({ ...known, source: document });
    else todo.push({ document, known });
  }
  return { todo, done };
}
