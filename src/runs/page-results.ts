import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isChunkTrailer, isPageResult, isPagesHeader } from '../core/check-shape.ts';
import type { Recipe } from '../core/chunk.ts';
import type { FileRepair } from '../core/describe-damage.ts';
import { compareNatural } from '../core/natural-order.ts';
import type { PageEntry } from '../core/ledger.ts';
import { DocumentError } from '../core/errors.ts';
import { wordsOf, type PageResult } from '../core/page.ts';
import type { Disk } from '../files/disk.ts';
import { parseLine, readLines, sealLine } from '../files/ndjson.ts';
import { openRegular, UnfitFileError } from '../files/open-regular.ts';
import { hasErrno } from '../core/errno.ts';

/** A line of a chunk's result file. */
export interface ChunkResultLine {
  readonly sha1: string;
  /** The recipe's digest. */
  readonly recipe: string;
  readonly page: PageResult;
}

/** Parses a line of a chunk's result file; undefined for any other, and for one that is damaged. */
export function parseResultLine(text: string): ChunkResultLine | undefined {
  const line = parseLine<Partial<ChunkResultLine>>(text);
  const isWhole = typeof line?.sha1 === 'string' && typeof line.recipe === 'string' && isPageResult(line.page);
  return isWhole ? (line as ChunkResultLine) : undefined;
}

/** The last line of a chunk's result file: the proof that it is whole, and what its pages cost. */
export interface ChunkTrailer {
  readonly chunk: string;
  /** Pages with a result in the file. */
  readonly pages: number;
  /** Pages that this try read itself; the others were taken over from earlier tries. */
  readonly pagesRead: number;
  /** Time of workers for those, in milliseconds. */
  readonly busyMs: number;
  /** Workers beside each other while it was read. */
  readonly workers: number;
}

/** Where a trailer is looked for: the last bytes of a result file. */
const TRAILER_BYTES = 1_024;

/** Reads the last line of a chunk's result file; undefined where there is no such file, or it is not whole. */
export async function readTrailer(file: string): Promise<ChunkTrailer | undefined> {
  let opened: Awaited<ReturnType<typeof openRegular>>;
  try {
    opened = await openRegular(file);
  } catch (error) {
    if (error instanceof UnfitFileError || hasErrno(error, 'ENOENT', 'ESTALE')) return undefined;
    throw error;
  }
  const { handle, facts } = opened;
  try {
    const { size } = facts;
    const tail = Buffer.alloc(Math.min(size, TRAILER_BYTES));
    await handle.read(tail, 0, tail.length, size - tail.length);
    const line = tail.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    const trailer = parseLine<{ trailer?: ChunkTrailer }>(line)?.trailer;
    return isChunkTrailer(trailer) ? trailer : undefined;
  } finally {
    await handle.close();
  }
}

/** The first line of a document's page results; the pages follow, one a line, from 1 to `pageCount`. */
export interface PagesHeader {
  readonly sha1: string;
  readonly recipe: string;
  readonly pageCount: number;
  readonly repaired: boolean;
  /** What the pages were read with, where no run says it. */
  readonly readWith?: Recipe | undefined;
  /** Only where it was repaired; absent in older files. */
  readonly repair?: FileRepair | undefined;
  /** Which pages are the same object, as of an open document; absent where none is listed twice. */
  readonly firstListings?: readonly number[] | undefined;
}

interface Place {
  /** As the line has it. */
  readonly pageNumber: number;
  readonly file: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** What is known of one unfinished document. */
interface KnownDocument {
  readonly pages: Map<number, Place>;
  /** All files that hold pages of it, also such as later ones replaced. */
  readonly files: Set<string>;
}

/** Knows where the result of each page of unfinished documents lies: in files of chunks, complete or not. */
export class PageResultIndex {
  readonly #recipe: string;
  readonly #documents = new Map<string, KnownDocument>();
  /** Unfinished documents with pages in a file. */
  readonly #users = new Map<string, Set<string>>();

  constructor(recipeDigest: string) {
    this.#recipe = recipeDigest;
  }

  /**
   * Takes in what earlier sessions left. Failed pages are not taken: they are to be read again. What is still being written,
   * `isUnderWay`, is left to be taken when it is complete.
   */
  async scan(chunksFolder: string, isUnderWay: (chunkId: string) => boolean): Promise<void> {
    const names = await readdir(chunksFolder).catch(() => []);
    for (const name of names.toSorted(compareNatural)) {
      const complete = name.endsWith('.ndjson');
      if (!complete && (!name.endsWith('.partial') || isUnderWay(name.slice(0, name.indexOf('.'))))) continue;
      await this.add(join(chunksFolder, name), false);
    }
  }

  /** Takes in the results of one file; later ones win. `onPage` hears of each. */
  async add(file: string, withFailed: boolean, onPage?: (sha1: string, page: PageResult) => void): Promise<void> {
    for await (const { text, offset, lengthBytes } of readLines(file)) {
      const line = parseResultLine(text);
      if (line?.recipe !== this.#recipe) continue;
      if (line.page.state === 'failed' && !withFailed) continue;
      this.#place(line.sha1, line.page.pageNumber, { file, offset, lengthBytes });
      onPage?.(line.sha1, line.page);
    }
  }

  /** Takes in a document's earlier page results, but for the failed pages. */
  async addPagesFile(sha1: string, file: string): Promise<void> {
    for await (const { text, offset, lengthBytes } of readLines(file)) {
      const page = parseLine<unknown>(text);
      if (!isPageResult(page) || page.state === 'failed') continue;
      this.#place(sha1, page.pageNumber, { file, offset, lengthBytes });
    }
  }

  #place(sha1: string, pageNumber: number, place: Omit<Place, 'pageNumber'>): void {
    let document = this.#documents.get(sha1);
    if (!document) this.#documents.set(sha1, (document = { pages: new Map(), files: new Set() }));
    document.pages.set(pageNumber, { ...place, pageNumber });
    if (document.files.has(place.file)) return;
    document.files.add(place.file);
    const users = this.#users.get(place.file);
    if (users) users.add(sha1);
    else this.#users.set(place.file, new Set([sha1]));
  }

  /** Takes the result of a page object for all pages that list it; `firstListings` as of an open document. */
  repeat(sha1: string, firstListings: readonly number[]): void {
    const pages = this.#documents.get(sha1)?.pages;
    for (const [index, first] of firstListings.entries()) {
      const place = pages?.get(first);
      if (place && !pages?.has(index + 1)) pages?.set(index + 1, place);
    }
  }

  /** Page numbers from 1 to `pageCount` that have no result, ascending. */
  missing(sha1: string, pageCount: number): number[] {
    const pages = this.#documents.get(sha1)?.pages;
    const numbers: number[] = [];
    for (let n = 1; n <= pageCount; n++) if (!pages?.has(n)) numbers.push(n);
    return numbers;
  }

  /** Forgets a document and names the files its results were in, but for those that hold pages of other unfinished ones. */
  forget(sha1: string): string[] {
    const document = this.#documents.get(sha1);
    this.#documents.delete(sha1);
    const free: string[] = [];
    for (const file of document?.files ?? []) {
      const users = this.#users.get(file);
      users?.delete(sha1);
      if (users && users.size > 0) continue;
      this.#users.delete(file);
      free.push(file);
    }
    return free;
  }

  /** The results of a document in page order. @throws {DocumentError} `RESULTS_DAMAGED`: one is missing, or was changed. */
  async *read(sha1: string, pageCount: number): AsyncGenerator<PageResult> {
    const pages = this.#documents.get(sha1)?.pages;
    const files = new Map<string, FileHandle>();
    try {
      for (let n = 1; n <= pageCount; n++) {
        const place = pages?.get(n);
        if (!place) throw damagedResults('The run folder', `has no sound result of page ${n}`);
        let file = files.get(place.file);
        if (!file) {
          // Pages of one chunk lie in one file and chunks are in page order: few files are open at once.
          if (files.size >= 16) await closeAll(files);
          files.set(place.file, (file = await open(place.file, 'r')));
        }
        const bytes = Buffer.allocUnsafe(place.lengthBytes);
        const { bytesRead } = await file.read(bytes, 0, place.lengthBytes, place.offset);
        const line = parseLine<ChunkResultLine | PageResult>(bytes.toString('utf8', 0, bytesRead));
        const page = line && ('page' in line ? line.page : line);
        const isOurs = line && (!('page' in line) || line.sha1 === sha1) && page?.pageNumber === place.pageNumber;
        if (!page || !isOurs || !isPageResult(page))
          throw damagedResults(place.file, `has no sound result of page ${n}`);
        yield page.pageNumber === n ? page : { ...page, pageNumber: n };
      }
    } finally {
      await closeAll(files);
    }
  }
}

/** Said of page results that are not what was written: they were whole then. */
export function damagedResults(what: string, problem: string): DocumentError {
  return new DocumentError('RESULTS_DAMAGED', `${what} ${problem}.`, {
    why: 'A disk failed, or something else wrote there.',
    safe: 'Nothing was delivered of this document; the others go on.',
    remedy: 'The same command again: it reads those pages anew.',
  });
}

async function closeAll(files: Map<string, FileHandle>): Promise<void> {
  const handles = [...files.values()];
  files.clear();
  for (const handle of handles) await handle.close();
}

/**
 * Writes a document's page results in page order to one file, in one step, and answers with their ledger entries.
 * Memory does not grow with the number of pages' words.
 */
export async function writePagesFile(
  file: string,
  header: PagesHeader,
  pages: AsyncIterable<PageResult>,
  disk: Disk,
): Promise<PageEntry[]> {
  const aside = `${file}.tmp`;
  await disk.remove(aside);
  const entries: PageEntry[] = [];
  const out = await disk.openAppend(aside);
  try {
    let lines = sealLine(header);
    for await (const page of pages) {
      entries.push(entryOf(page));
      lines += sealLine(page);
      if (lines.length > 1 << 20) {
        await out.append(lines);
        lines = '';
      }
    }
    await out.append(lines);
    await out.sync();
  } catch (error) {
    await out.close().catch(() => undefined);
    await disk.remove(aside).catch(() => undefined);
    throw error;
  }
  await out.close();
  await disk.rename(aside, file);
  return entries;
}

/** Reads a file made by {@link writePagesFile}: its header, then its pages, but for damaged ones; undefined where it is none. */
export async function openPagesFile(
  file: string,
): Promise<{ header: PagesHeader; pages: AsyncGenerator<PageResult> } | undefined> {
  const lines = readLines(file);
  const first = await lines.next();
  if (first.done) return undefined;
  const header = parseLine<PagesHeader>(first.value.text);
  if (!header || !isPagesHeader(header)) {
    await lines.return(undefined);
    return undefined;
  }
  async function* pages(): AsyncGenerator<PageResult> {
    for await (const { text } of lines) {
      const page = parseLine<unknown>(text);
      if (isPageResult(page)) yield page;
    }
  }
  return { header, pages: pages() };
}

/** A page's line in the ledger. */
export function entryOf(page: PageResult): PageEntry {
  let words = 0;
  for (const _ of wordsOf(page)) words++;
  const confidence = page.confidence === undefined ? null : Math.round(page.confidence * 10) / 10;
  return page.error
    ? [page.pageNumber, page.state, confidence, words, page.error]
    : [page.pageNumber, page.state, confidence, words];
}
