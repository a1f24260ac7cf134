import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { ListedEntry, SourceDocument } from '../core/document.ts';
import { DocumentError, throwIfStopped, TransientError } from '../core/errors.ts';
import { explainErrno } from '../core/errno.ts';
import { asSourceError } from '../core/read-failure.ts';
import { realFileSystem, type FileSystem } from '../files/file-system.ts';
import { readRegular, UnfitFileError } from '../files/open-regular.ts';
import { tryAgain } from '../files/try-again.ts';
import type { DocumentStore, FetchedDocument, FolderLabel, WriteRequest, WrittenFile } from './document-store.ts';
import { listFolders, versionOf } from './local/list-folders.ts';
import { LocalResults } from './local/local-results.ts';

export interface LocalFolderOptions {
  /** A directory, or files and directories. Absolute. The first directory is where results are written. */
  readonly roots: readonly string[];
  readonly recursive: boolean;
  /** Folders that are passed over wherever they lie: where results and run folders go. Absolute. */
  readonly exclude: readonly string[];
  /** Paths that are never written over, whatever the policy: the scans themselves. Absolute. */
  readonly isProtected?: ((path: string) => boolean) | undefined;
  /** Replaced by tests only, which make it fail. */
  readonly fileSystem?: FileSystem | undefined;
}

/** Documents in directories of this machine. Reads them in place. */
export class LocalFolder implements DocumentStore {
  readonly #options: LocalFolderOptions;
  readonly #results: LocalResults;

  constructor(options: LocalFolderOptions) {
    this.#options = {
      ...options,
      roots: options.roots.map((root) => resolve(root)),
      exclude: options.exclude.map((path) => resolve(path)),
    };
    this.#results = new LocalResults(this.#root, options.isProtected, options.fileSystem ?? realFileSystem);
  }

  get #root(): string {
    return this.#options.roots[0] ?? '.';
  }

  describe(): Promise<FolderLabel> {
    const [first, ...others] = this.#options.roots;
    const name = basename(first ?? '') || String(first);
    return Promise.resolve({ name: others.length === 0 ? name : `${name} and ${others.length} more`, id: this.#root });
  }

  list(signal: AbortSignal): AsyncIterable<ListedEntry> {
    return listFolders(this.#options, signal);
  }

  async read(document: SourceDocument, _toFile: string, signal: AbortSignal): Promise<FetchedDocument> {
    await this.#checkUnchanged(document);
    const { sizeBytes: listedBytes, sha1: known } = document;
    if (known !== undefined) return { file: document.id, sizeBytes: listedBytes, sha1: known, inPlace: true };
    try {
      const { sizeBytes, sha1 } = await tryAgain(() => measure(document.id, listedBytes, signal));
      await this.#checkUnchanged(document);
      return { file: document.id, sizeBytes, sha1, inPlace: true };
    } catch (error) {
      throwIfStopped(signal);
      // Something else has taken its place.
      if (error instanceof UnfitFileError) throw changed(document);
      throw asSourceError(error, document.path);
    }
  }

  /** @throws {DocumentError} the document is no longer what was listed. @throws {TransientError} nor is the folder there. */
  async #checkUnchanged(document: SourceDocument): Promise<void> {
    const facts = await tryAgain(() => stat(document.id, { bigint: true })).catch(async (error: unknown) => {
      await this.#requireRoot(document.id);
      throw asSourceError(error, document.path);
    });
    if (versionOf(facts) !== document.version) throw changed(document);
  }

  /** One file that has gone is its own affair; not so where the folder has, as when a disk was taken away. */
  async #requireRoot(file: string): Promise<void> {
    const root = this.#options.roots.find((each) => file.startsWith(`${each}/`));
    if (root === undefined) return;
    try {
      await stat(root);
    } catch (error) {
      throw new TransientError(
        'INPUT_GONE',
        `The folder of the scans, ${root}, is no longer there: ${explainErrno(error)}.`,
        { safe: 'All that is finished is kept.', remedy: 'Bring its disk back, then the same command.' },
        { cause: error },
      );
    }
  }

  write(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    return this.#results.write(request, signal);
  }

  async stillHas(file: { readonly path: string; readonly sizeBytes: number }): Promise<boolean> {
    const facts = await stat(join(this.#root, file.path)).catch(() => undefined);
    return facts?.isFile() === true && facts.size === file.sizeBytes;
  }

  checkWritable(): Promise<void> {
    return this.#results.checkWritable();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function changed({ path }: SourceDocument): DocumentError {
  return new DocumentError('SOURCE_CHANGED', `${path} was changed while it was being worked on.`, {
    safe: 'The file itself was not touched.',
    remedy: 'Run the same command again when it is finished; it is read anew.',
  });
}

async function measure(
  file: string,
  listedBytes: number,
  signal: AbortSignal,
): Promise<{ sizeBytes: number; sha1: string }> {
  const hash = createHash('sha1');
  let sizeBytes = 0;
  // A byte more than is there, so that a small file comes in one piece and its end with it.
  const partBytes = Math.min(1 << 20, listedBytes + 1);
  for await (const part of readRegular(file, { partBytes, signal })) {
    hash.update(part);
    sizeBytes += part.length;
  }
  return { sizeBytes, sha1: hash.digest('hex') };
}
