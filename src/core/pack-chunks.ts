import type { PageRange } from './chunk.ts';

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
