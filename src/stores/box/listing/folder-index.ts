import { OutputError } from '../../../core/errors.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import { readItem, type BoxItem } from './box-item.ts';
import { explainHidden } from './hidden-name.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { listItems } from './list-items.ts';
import { nameKey } from './names.ts';

/** A folder that results go to, with what is known to be in it. */
export interface TargetFolder {
  readonly id: string;
  /** Below the store's folder, without a slash at the end; empty for the folder itself. */
  readonly path: string;
  /** By {@link nameKey}. */
  readonly items: Map<string, BoxItem>;
}

interface Opening {
  readonly folder: Promise<TargetFolder>;
  /** Of the one who began it. */
  readonly signal: AbortSignal;
}

const NEVER = new AbortController().signal;

/**
 * Knows the folders that results go to: each is listed once, made when it is missing, and kept up to date by what we
 * write. So a result costs no look-up of its own, and what is there already costs no call at all.
 */
export class FolderIndex {
  readonly #connection: BoxConnection;
  readonly #rootId: string;
  /** By path of keys. Promises, so that folders wanted by many at once are made once. */
  readonly #folders = new Map<string, Opening>();

  constructor(connection: BoxConnection, rootId: string) {
    this.#connection = connection;
    this.#rootId = rootId;
  }

  /** The folder under these names, made if need be. @throws {OutputError} `NAME_TAKEN` by a file. @throws {BoxCallError} */
  async open(names: readonly string[], signal: AbortSignal): Promise<TargetFolder> {
    const key = names.map(nameKey).join('/');
    for (;;) {
      const known = this.#folders.get(key);
      if (!known) return this.#start(key, names, signal);
      try {
        return await known.folder;
      } catch (error) {
        // Whoever began it was told to stop; we were not.
        if (!known.signal.aborted || signal.aborted) throw error;
      }
    }
  }

  #start(key: string, names: readonly string[], signal: AbortSignal): Promise<TargetFolder> {
    const folder = this.#openAnew(names, signal);
    const opening = { folder, signal };
    this.#folders.set(key, opening);
    folder.catch(() => {
      if (this.#folders.get(key) === opening) this.#folders.delete(key);
    });
    return folder;
  }

  /** As `open`, but makes nothing: undefined where a folder is missing. */
  async find(names: readonly string[], signal: AbortSignal): Promise<TargetFolder | undefined> {
    const name = names.at(-1);
    if (name === undefined) return this.open(names, signal);
    const parent = await this.find(names.slice(0, -1), signal);
    return parent?.items.get(nameKey(name))?.type === 'folder' ? this.open(names, signal) : undefined;
  }

  /** Takes in a folder that was listed anyway. */
  adopt(names: readonly string[], id: string, items: readonly BoxItem[]): void {
    const byKey = new Map(items.map((item) => [nameKey(item.name), item]));
    const folder = Promise.resolve({ id, path: names.join('/'), items: byKey });
    this.#folders.set(names.map(nameKey).join('/'), { folder, signal: NEVER });
  }

  /** Forgets all folders, so that they are looked at again: somebody else has changed them. */
  forget(): void {
    this.#folders.clear();
  }

  async #openAnew(names: readonly string[], signal: AbortSignal): Promise<TargetFolder> {
    const name = names.at(-1);
    if (name === undefined) return this.#list(this.#rootId, '', signal);
    const parent = await this.open(names.slice(0, -1), signal);
    const path = parent.path === '' ? name : `${parent.path}/${name}`;
    const there = parent.items.get(nameKey(name));
    if (there) return this.#list(requireFolder(there, path), path, signal);
    const made = await this.#createFolder(parent.id, name, path, signal);
    parent.items.set(nameKey(name), made.item);
    if (made.fresh) return { id: made.item.id, path, items: new Map() };
    try {
      return await this.#list(made.item.id, path, signal);
    } catch (error) {
      if (!(error instanceof BoxCallError) || (error.status !== 404 && error.status !== 403)) throw error;
      parent.items.delete(nameKey(name));
      throw await explainHidden(this.#connection, parent.id, name, signal);
    }
  }

  async #list(id: string, path: string, signal: AbortSignal): Promise<TargetFolder> {
    const items = new Map<string, BoxItem>();
    for await (const item of listItems(this.#connection, id, signal)) items.set(nameKey(item.name), item);
    return { id, path, items };
  }

  async #createFolder(
    parentId: string,
    name: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ item: BoxItem; fresh: boolean }> {
    try {
      const made = await this.#connection.client.folders.createFolder(
        { name, parent: { id: parentId } },
        { cancellationToken: signal },
      );
      const item = readItem(made.rawData);
      if (item?.type !== 'folder')
        throw new BoxCallError({ operation: 'POST /2.0/folders', status: 0, code: 'GARBLED' });
      return { item, fresh: true };
    } catch (error) {
      // Made by another since we looked, or by ourselves and the answer was lost.
      const there = error instanceof BoxCallError && error.status === 409 ? error.facts.conflicts?.[0] : undefined;
      if (!there) throw error;
      const item = { ...there, sizeBytes: 0 };
      requireFolder(item, path);
      return { item, fresh: false };
    }
  }
}

function requireFolder(item: BoxItem, path: string): string {
  if (item.type === 'folder') return item.id;
  throw new OutputError(
    'NAME_TAKEN',
    `"${path}" is a file in Box, and a folder of that name is needed.`,
    {
      safe: 'It was not touched. Our result waits in the run folder.',
      remedy: 'Rename it in Box, or give --box-output-folder.',
    },
    { scope: 'document' },
  );
}
