import { openRegular } from '../../../files/open-regular.ts';

const BLOCK_BYTES = 1 << 20;
const LINE_FEED = 10;

/** Counts the pages that unfinished result files hold, a line a page; each byte is read once, as the files grow. */
export class PartialPages {
  readonly #files = new Map<string, { offset: number; lines: number }>();

  /** Pages in the fullest of a chunk's files: a new try copies what the earlier had. What cannot be read counts as before. */
  async count(files: readonly string[]): Promise<number> {
    let most = 0;
    for (const file of files)
      most = Math.max(most, await this.#countOne(file).catch(() => this.#files.get(file)?.lines ?? 0));
    return most;
  }

  /** Forgets files that are no more. */
  forget(isThere: (file: string) => boolean): void {
    for (const file of this.#files.keys()) if (!isThere(file)) this.#files.delete(file);
  }

  async #countOne(file: string): Promise<number> {
    const seen = this.#files.get(file) ?? { offset: 0, lines: 0 };
    this.#files.set(file, seen);
    const { handle } = await openRegular(file);
    try {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, seen.offset);
        if (bytesRead === 0) return seen.lines;
        for (let at = block.indexOf(LINE_FEED); at >= 0 && at < bytesRead; at = block.indexOf(LINE_FEED, at + 1))
          seen.lines++;
        seen.offset += bytesRead;
      }
    } finally {
      await handle.close();
    }
  }
}
