import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Chunk } from '../../../core/chunk.ts';
import { countPages } from '../../../core/pack-chunks.ts';
import type { Disk } from '../../../files/disk.ts';
import { readTrailer, type ChunkTrailer } from '../../../runs/page-results.ts';
import { PartialPages } from './partial-pages.ts';
import { WaveStore } from './wave-store.ts';

/** The results of chunks as the file system tells of them: one listing, whatever the number. */
export class ChunkResults {
  readonly #folder: string;
  readonly #disk: Disk;
  #names: ReadonlySet<string> = new Set();
  readonly #partialPages = new PartialPages();
  readonly #kept = new Map<string, number>();

  constructor(chunksFolder: string, disk: Disk) {
    this.#folder = chunksFolder;
    this.#disk = disk;
  }

  fileOf(chunkId: string): string {
    return join(this.#folder, `${chunkId}.ndjson`);
  }

  /** Looks at the folder anew. */
  async list(): Promise<void> {
    this.#names = new Set(await WaveStore.names(this.#folder));
  }

  /** The trailer of a chunk whose result is there and whole, as last listed. One that is not whole is removed. */
  async trailerOf(chunk: Chunk): Promise<ChunkTrailer | undefined> {
    if (!this.#names.has(`${chunk.id}.ndjson`)) return undefined;
    const file = this.fileOf(chunk.id);
    const trailer = await readTrailer(file);
    if (trailer?.chunk === chunk.id && trailer.pages >= countPages(chunk.ranges)) return trailer;
    await this.#disk.remove(file);
    return undefined;
  }

  /** Files that tries of a chunk have left unfinished, as last listed. */
  partialsOf(chunkId: string): string[] {
    const names = [...this.#names].filter((name) => name.startsWith(`${chunkId}.`) && name.endsWith('.partial'));
    return names.map((name) => join(this.#folder, name));
  }

  /** Counts the pages in unfinished files of these chunks, as last listed; answers with whether there are more than before. */
  async countPartial(chunks: readonly Chunk[]): Promise<boolean> {
    const byChunk = Map.groupBy(
      [...this.#names].filter((name) => name.endsWith('.partial')),
      (name) => name.slice(0, name.indexOf('.')),
    );
    this.#partialPages.forget((file) => this.#names.has(basename(file)));
    const before = [...this.#kept.values()].reduce((sum, pages) => sum + pages, 0);
    this.#kept.clear();
    for (const { id, ranges } of chunks) {
      const names = byChunk.get(id);
      if (!names) continue;
      const pages = await this.#partialPages.count(names.map((name) => join(this.#folder, name)));
      this.#kept.set(id, Math.min(pages, countPages(ranges)));
    }
    return [...this.#kept.values()].reduce((sum, pages) => sum + pages, 0) > before;
  }

  /** Pages in unfinished files of a chunk, as last counted. */
  partialPagesOf(chunkId: string): number {
    return this.#kept.get(chunkId) ?? 0;
  }

  /** Bytes of the largest unfinished file of a chunk. A new try copies what the earlier had, so that more is progress. */
  async keptBytes(chunkId: string): Promise<number> {
    let most = 0;
    for (const file of this.partialsOf(chunkId)) {
      const size = await stat(file).then(
        (facts) => facts.size,
        () => 0,
      );
      most = Math.max(most, size);
    }
    return most;
  }
}
