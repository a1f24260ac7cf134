import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { compareNatural } from '../core/natural-order.ts';
import type { PageEntry } from '../core/ledger.ts';
import { wordsOf, type PageResult } from '../core/page.ts';
import type { Disk } from './disk.ts';
import { parseLine, readLines } from './ndjson.ts';

/** A line of a chunk's result file. */
export interface ChunkResultLine {
  readonly sha1: string;
  /** The recipe's digest. */
  readonly recipe: string;
  readonly page: PageResult;
}

/** The first line of a document's page results; the pages follow, one a line, from 1 to `pageCount`. */
export interface PagesHeader {
  readonly sha1: string;
  readonly recipe: string;
  readonly pageCount: number;
  readonly repaired: boolean;
}

interface Place {
  readonly file: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Knows where the result of each page of unfinished documents lies: in files of chunks, complete or not. */
export class PageResultIndex {
  readonly #recipe: string;
  readonly #documents = new Map<string, Map<number, Place>>();

  constructor(recipeDigest: string) {
    this.#recipe = recipeDigest;
  }

  /** Takes in what earlier sessions left. Failed pages are not taken: they are to be read again. */
  async scan(chunksFolder: string): Promise<void> {
    const names = await readdir(chunksFolder).catch(() => []);
    for (const name of names.toSorted(compareNatural)) {
      if (name.endsWith('.ndjson') || name.endsWith('.partial')) await this.add(join(chunksFolder, name), false);
    }
  }

  /** Takes in the results of one file; later ones win. */
  async add(file: string, withFailed: boolean): Promise<void> {
    for await (const { text, offset, lengthBytes } of readLines(file)) {
      const line = parseLine<ChunkResultLine>(text);
      if (!line || line.recipe !== this.#recipe || (line.page.state === 'failed' && !withFailed)) continue;
      this.#place(line.sha1, line.page.pageNumber, { file, offset, lengthBytes });
    }
  }

  /** Takes in a document's earlier page results, but for the failed pages. */
  async addPagesFile(sha1: string, file: string): Promise<void> {
    for await (const { text, offset, lengthBytes } of readLines(file)) {
      const page = parseLine<Partial<PageResult>>(text);
      if (page?.pageNumber === undefined || page.state === 'failed') continue;
      this.#place(sha1, page.pageNumber, { file, offset, lengthBytes });
    }
  }

  #place(sha1: string, pageNumber: number, place: Place): void {
    let pages = this.#documents.get(sha1);
    if (!pages) this.#documents.set(sha1, (pages = new Map()));
    pages.set(pageNumber, place);
  }

  /** Page numbers from 1 to `pageCount` that have no result, ascending. */
  missing(sha1: string, pageCount: number): number[] {
    const pages = this.#documents.get(sha1);
    const numbers: number[] = [];
    for (let n = 1; n <= pageCount; n++) if (!pages?.has(n)) numbers.push(n);
    return numbers;
  }

  /** Forgets a document and names the files its results were in. */
  forget(sha1: string): string[] {
    const files = new Set([...(this.#documents.get(sha1)?.values() ?? [])].map((place) => place.file));
    this.#documents.delete(sha1);
    return [...files];
  }

  /** The results of a document in page order. @throws {Error} one is missing. */
  async *read(sha1: string, pageCount: number): AsyncGenerator<PageResult> {
    const pages = this.#documents.get(sha1);
    const files = new Map<string, FileHandle>();
    try {
      for (let n = 1; n <= pageCount; n++) {
        const place = pages?.get(n);
        if (!place) throw new Error(`no result of page ${n}`);
        let file = files.get(place.file);
        if (!file) {
          // Pages of one chunk lie in one file and chunks are in page order: few files are open at once.
          if (files.size >= 16) await closeAll(files);
          files.set(place.file, (file = await open(place.file, 'r')));
        }
        const bytes = Buffer.allocUnsafe(place.lengthBytes);
        const { bytesRead } = await file.read(bytes, 0, place.lengthBytes, place.offset);
        const line = parseLine<ChunkResultLine | PageResult>(bytes.toString('utf8', 0, bytesRead));
        if (!line) throw new Error(`result of page ${n} in ${place.file} is unreadable`);
        yield 'page' in line ? line.page : line;
      }
    } finally {
      await closeAll(files);
    }
  }
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
    let lines = `${JSON.stringify(header)}\n`;
    for await (const page of pages) {
      entries.push(entryOf(page));
      lines += `${JSON.stringify(page)}\n`;
      if (lines.length > 1 << 20) {
        await out.append(lines);
        lines = '';
      }
    }
    await out.append(lines);
    await out.sync();
  } finally {
    await out.close();
  }
  await disk.rename(aside, file);
  return entries;
}

/** Reads a file made by {@link writePagesFile}: its header, then its pages. @throws {Error} it is not one. */
export async function openPagesFile(
  file: string,
): Promise<{ header: PagesHeader; pages: AsyncGenerator<PageResult> } | undefined> {
  const lines = readLines(file);
  const first = await lines.next();
  if (first.done) return undefined;
  const header = parseLine<PagesHeader>(first.value.text);
  if (!header || typeof header.pageCount !== 'number') {
    await lines.return(undefined);
    return undefined;
  }
  async function* pages(): AsyncGenerator<PageResult> {
    for await (const { text } of lines) {
      const page = parseLine<PageResult>(text);
      if (page) yield page;
    }
  }
  return { header, pages: pages() };
}

/** A page's line in the ledger. */
export function entryOf(page: PageResult): PageEntry {
  let words = 0;
  for (const _ of wordsOf(page)) words++;
  const confidence = page.confidence === undefined ? null : Math.round(page.confidence * 10) / 10;
  return page.error ? [page.pageNumber, page.state, confidence, words, page.error] : [page.pageNumber, page.state, confidence, words];
}
