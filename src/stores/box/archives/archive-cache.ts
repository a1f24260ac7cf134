import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoxConnection } from '../transport/connect.ts';
import { download, type DownloadSource } from '../transfer/download.ts';
import { ZipArchive } from './zip-archive.ts';

/** Archives kept open at a time. Documents are read in the order of their paths, so one after the other is used. */
const MAX_OPEN = 2;

interface Held {
  readonly archive: Promise<ZipArchive>;
  readonly file: string;
  users: number;
}

/** Fetches archives to this machine when they are needed and keeps the last ones. Close it. */
export class ArchiveCache {
  readonly #connection: BoxConnection;
  readonly #scratch: string;
  #folder: Promise<string> | undefined;
  /** By file and version, the one used last at the end. */
  readonly #held = new Map<string, Held>();

  /** `scratch`: where archives lie while they are used, a folder of this machine with room for them. */
  constructor(connection: BoxConnection, scratch: string) {
    this.#connection = connection;
    this.#scratch = scratch;
  }

  /** Runs `use` with the archive open. @throws {DocumentError} it cannot be fetched or opened. */
  async with<T>(source: DownloadSource, signal: AbortSignal, use: (archive: ZipArchive) => Promise<T>): Promise<T> {
    const held = await this.#openArchive(source, signal);
    held.users++;
    try {
      return await use(await held.archive);
    } finally {
      held.users--;
      await this.#evict();
    }
  }

  async close(): Promise<void> {
    for (const [key, held] of this.#held) await this.#drop(key, held);
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true });
  }

  async #openArchive(source: DownloadSource, signal: AbortSignal): Promise<Held> {
    this.#folder ??= mkdir(this.#scratch, { recursive: true }).then(() => mkdtemp(join(this.#scratch, 'archives-')));
    const folder = await this.#folder;
    const key = `${source.fileId}-${source.versionId}`;
    const known = this.#held.get(key);
    if (known) {
      this.#held.delete(key);
      this.#held.set(key, known);
      return known;
    }
    const file = join(folder, `${key}.zip`);
    const held: Held = { file, users: 0, archive: this.#fetch(source, file, signal) };
    this.#held.set(key, held);
    held.archive.catch(() => {
      if (this.#held.get(key) === held) this.#held.delete(key);
    });
    return held;
  }

  async #fetch(source: DownloadSource, file: string, signal: AbortSignal): Promise<ZipArchive> {
    await download(this.#connection, source, file, signal);
    return ZipArchive.open(file, source.path);
  }

  async #evict(): Promise<void> {
    for (const [key, held] of this.#held) {
      if (this.#held.size <= MAX_OPEN) return;
      if (held.users === 0) await this.#drop(key, held);
    }
  }

  async #drop(key: string, held: Held): Promise<void> {
    this.#held.delete(key);
    const archive = await held.archive.catch(() => undefined);
    archive?.[Symbol.dispose]();
    await rm(held.file, { force: true });
  }
}
