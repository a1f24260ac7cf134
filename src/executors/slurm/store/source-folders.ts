import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ChunkOrder } from './wave-store.ts';

/**
 * Knows under which folders the documents of a run really lie, behind symbolic links: a container sees only what is bound,
 * and a link that leads out of it leads nowhere there.
 */
export class SourceFolders {
  readonly #runFolder: string;
  readonly #named: readonly string[];
  #roots: Promise<readonly string[]> | undefined;

  /** `named` are the folders and files that a person gave as input. */
  constructor(runFolder: string, named: readonly string[]) {
    this.#runFolder = runFolder;
    this.#named = named;
  }

  /** The same orders with the real path of each document; those in the run folder stay as they are. */
  async withRealFiles(chunks: readonly ChunkOrder[]): Promise<ChunkOrder[]> {
    const orders: ChunkOrder[] = [];
    for (const chunk of chunks) {
      const ranges = [];
      for (const range of chunk.ranges) ranges.push({ ...range, file: await this.#realFile(range.file) });
      orders.push({ ...chunk, ranges });
    }
    return orders;
  }

  /**
   * The folders that hold documents of these orders outside the run folder: of those named only the folder itself, of a
   * document elsewhere its own. None lies in another.
   */
  async foldersOf(chunks: readonly ChunkOrder[]): Promise<string[]> {
    this.#roots ??= this.#findRoots();
    const roots = await this.#roots;
    const folders = new Set(roots);
    for (const { file } of chunks.flatMap(({ ranges }) => ranges)) {
      if (isIn(file, this.#runFolder) || roots.some((root) => isIn(file, root))) continue;
      const folder = dirname(file);
      // A container does not start where a folder that it should bind is not there.
      if (!folders.has(folder) && (await isThere(folder))) folders.add(folder);
    }
    return [...folders].filter((folder) => ![...folders].some((other) => other !== folder && isIn(folder, other)));
  }

  async #findRoots(): Promise<readonly string[]> {
    const roots = new Set<string>();
    for (const path of this.#named) {
      const real = await realpath(path).catch(() => undefined);
      const facts = real === undefined ? undefined : await stat(real).catch(() => undefined);
      if (real !== undefined && facts) roots.add(facts.isDirectory() ? real : dirname(real));
    }
    return [...roots];
  }

  async #realFile(file: string): Promise<string> {
    if (isIn(file, this.#runFolder)) return file;
    const real = await realpath(file).catch(() => undefined);
    if (real !== undefined) return real;
    // It is gone; its folder may tell the node where it was.
    const folder = await realpath(dirname(file)).catch(() => undefined);
    return folder === undefined ? file : join(folder, basename(file));
  }
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

async function isThere(folder: string): Promise<boolean> {
  return await stat(folder).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}
