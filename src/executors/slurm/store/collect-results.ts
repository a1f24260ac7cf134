import type { ErrorRecord } from '../../../core/errors.ts';
import type { Disk } from '../../../files/disk.ts';
import { giveUpChunk } from '../../../work/give-up-chunk.ts';
import { ChunkResults } from './chunk-results.ts';
import type { LiveChunk, LiveWork } from '../live-work.ts';
import type { Measured, WaveStore } from './wave-store.ts';

/** Takes results in as they appear, and closes the books of what is done. */
export class ResultCollector {
  readonly results: ChunkResults;
  readonly #work: LiveWork;
  readonly #store: WaveStore;
  readonly #disk: Disk;
  /** What pages have cost so far, those of earlier coordinators included. */
  measured: Measured = { pagesRead: 0, busyMs: 0 };

  constructor(work: LiveWork, store: WaveStore, chunksFolder: string, disk: Disk) {
    this.#work = work;
    this.#store = store;
    this.#disk = disk;
    this.results = new ChunkResults(chunksFolder, disk);
  }

  /** Of one core, as measured; absent before any page was. */
  get secondsAPage(): number | undefined {
    const { pagesRead, busyMs } = this.measured;
    return pagesRead === 0 ? undefined : busyMs / pagesRead / 1_000;
  }

  /** Takes note of results that have come; answers with their number. */
  async collect(): Promise<number> {
    await this.results.list();
    const found: LiveChunk[] = [];
    let pagesRead = 0;
    let busyMs = 0;
    for (const live of this.#work.open) {
      const trailer = await this.results.trailerOf(live.chunk);
      if (!trailer) continue;
      found.push(live);
      pagesRead += trailer.pagesRead;
      busyMs += trailer.busyMs;
    }
    if (found.length === 0) return 0;
    const ids = found.map(({ chunk }) => chunk.id);
    await this.#store.collected(ids, { pagesRead, busyMs });
    this.measured = { pagesRead: this.measured.pagesRead + pagesRead, busyMs: this.measured.busyMs + busyMs };
    for (const live of found) await this.#finish(live);
    await this.tidy();
    return found.length;
  }

  async #finish(live: LiveChunk): Promise<void> {
    const { task } = live;
    this.#work.settle(live, 'done');
    // A log that cannot be removed harms nobody.
    if (task?.open.size === 0) await this.#store.dropLog(task.wave.wave, task.index).catch(() => undefined);
  }

  /** Closes the books of waves of which nothing is waited for any more. */
  async tidy(why = 'nothing of it is open'): Promise<void> {
    for (const { wave } of this.#work.takeEnded()) await this.#store.ended(wave, why);
  }

  /** Writes what is known of a chunk and gives the rest of its pages up, so that the run goes on; answers with how many. */
  async giveUp(live: LiveChunk, reason: ErrorRecord): Promise<number> {
    const { chunk } = live;
    const files = { known: this.results.partialsOf(chunk.id), result: this.results.fileOf(chunk.id) };
    const pages = await giveUpChunk(chunk, files, reason, this.#disk);
    await this.#store.collected([chunk.id], { pagesRead: 0, busyMs: 0 });
    this.#work.settle(live, 'done');
    return pages;
  }
}
