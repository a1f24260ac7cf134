import type { LeftOutEntry, ListedEntry, SourceDocument } from '../../core/document.ts';
import { DocumentError, PipelineError } from '../../core/errors.ts';
import { OUR_RESULT, whyFileIsNotRead } from '../../core/not-a-scan.ts';
import type { FoundResult } from '../../core/done-elsewhere.ts';
import type { DocumentStore, FetchedDocument, FolderLabel, WriteRequest, WrittenFile } from '../document-store.ts';
import { ArchiveDocuments, isInArchive } from './archives/archive-documents.ts';
import { BoxCallError } from './transport/box-call-error.ts';
import { ODD_TYPE, type BoxItem } from './listing/box-item.ts';
import { classifyCall, noWrite, type CallSubject } from './transport/classify.ts';
import type { BoxConnection } from './transport/connect.ts';
import { download } from './transfer/download.ts';
import type { BoxFolder } from './listing/folder-address.ts';
import { FolderIndex } from './listing/folder-index.ts';
import { explainHidden } from './listing/hidden-name.ts';
import { listItems } from './listing/list-items.ts';
import { nameKey, splitPath, toBoxName } from './listing/names.ts';
import { isResult, isUnchangedResult } from './transfer/result-properties.ts';
import { checkUpload } from './transfer/upload-target.ts';
import { walk, type Visit } from './listing/walk.ts';
import { mayBeOneFiles, RefusalCount } from './whose-refusal.ts';
import { ResultWriter } from './transfer/write-result.ts';

export interface BoxStoreOptions {
  /** The folder, as found by `findFolder`. */
  readonly folder: BoxFolder;
  /** Folders below it that the store really means, made at the first write: `['OCR']`. */
  readonly below: readonly string[];
  readonly recursive: boolean;
  /** IDs of folders that listings pass over: where results go. */
  readonly exclude: readonly string[];
  /** Where `.zip` archives lie while they are read; made when needed. */
  readonly scratch: string;
}

/** Documents in a Box folder. */
export class BoxStore implements DocumentStore {
  readonly #connection: BoxConnection;
  readonly #options: BoxStoreOptions;
  readonly #archives: ArchiveDocuments;
  readonly #index: FolderIndex;
  readonly #writer: ResultWriter;
  readonly #refusedReads = new RefusalCount();
  readonly #refusedWrites = new RefusalCount();

  constructor(connection: BoxConnection, options: BoxStoreOptions) {
    this.#connection = connection;
    this.#options = { ...options, below: options.below.map(toBoxName) };
    this.#archives = new ArchiveDocuments(connection, options.scratch);
    this.#index = new FolderIndex(connection, options.folder.id);
    this.#writer = new ResultWriter(connection, this.#index, this.#options.below);
  }

  async describe(signal: AbortSignal): Promise<FolderLabel> {
    const { folder, below } = this.#options;
    const id = await this.#guard({ doing: 'folder', name: folder.path }, signal, () => this.#findBelow(signal));
    const known = id ?? folder.id;
    return {
      name: [folder.path, ...below].filter((part) => part !== '').join('/'),
      id: known,
      link: `${this.#connection.network.settings.webUrl}/folder/${known}`,
    };
  }

  async *list(signal: AbortSignal): AsyncGenerator<ListedEntry, void, undefined> {
    for await (const visit of this.#walk(signal)) {
      if (visit.kind === 'left-out') {
        yield visit;
        continue;
      }
      for (const item of visit.items) {
        if (item.type === 'folder') continue;
        const path = [...visit.names, item.name].join('/');
        if (isArchive(item)) yield* await this.#listArchive(item, path, signal);
        else yield entryOf(item, path);
        signal.throwIfAborted();
      }
    }
  }

  /** Results of this program in the folder, whichever machine wrote them. Costs listing calls only. */
  async *listResults(signal: AbortSignal): AsyncGenerator<FoundResult, void, undefined> {
    for await (const visit of this.#walk(signal)) {
      if (visit.kind === 'left-out') continue;
      this.#index.adopt([...this.#options.below, ...visit.names], visit.id, visit.items);
      for (const item of visit.items) {
        if (item.type !== 'file' || !isResult(item) || item.sha1 === undefined || item.properties === undefined)
          continue;
        const { id, sha1, sizeBytes, properties } = item;
        const path = [...visit.names, item.name].join('/');
        yield { path, id, sha1, sizeBytes, properties, unchanged: isUnchangedResult(item), link: this.#linkOf(id) };
      }
    }
  }

  async read(document: SourceDocument, toFile: string, signal: AbortSignal): Promise<FetchedDocument> {
    const { id: fileId, version: versionId, path, sizeBytes, sha1 } = document;
    const fetched = await this.#readOne(path, signal, () =>
      isInArchive(document)
        ? this.#archives.read(document, toFile, signal)
        : download(this.#connection, { fileId, versionId, path, sizeBytes, sha1 }, toFile, signal),
    );
    return { file: toFile, ...fetched, inPlace: false };
  }

  async write(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    try {
      signal.throwIfAborted();
      const written = await this.#writer.write(request, signal);
      this.#refusedWrites.recordSuccess();
      return { ...written, link: this.#linkOf(written.id) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BoxCallError)) throw error;
      const refusal = classifyCall(error, { doing: 'write', name: request.path });
      const folderTakes = mayBeOneFiles(error) && (await this.#mayWrite(signal));
      throw folderTakes ? this.#refusedWrites.note(refusal) : refusal;
    }
  }

  async stillHas(file: Parameters<DocumentStore['stillHas']>[0], signal: AbortSignal): Promise<boolean> {
    const { folders, name } = splitPath(file.path);
    return this.#guard({ doing: 'folder', name: file.path }, signal, async () => {
      const folder = await this.#index.find([...this.#options.below, ...folders], signal);
      const there = folder?.items.get(nameKey(name));
      return there !== undefined && there.id === file.id && there.sha1 === file.sha1;
    });
  }

  async checkWritable(signal: AbortSignal): Promise<void> {
    const { folder } = this.#options;
    try {
      const { id, missing: name, isShown } = await this.#followBelow(signal);
      const missing = isShown === true ? undefined : name;
      // A name that is not listed may be taken all the same, by what this account is not shown.
      const [taken] = await checkUpload(this.#connection, id, missing ?? '.ocr-pipeline-check', 1, signal);
      if (taken && missing !== undefined) throw await explainHidden(this.#connection, id, missing, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BoxCallError)) throw error;
      if (error.status === 403 && error.code !== 'storage_limit_exceeded' && error.code !== 'insufficient_scope')
        throw noWrite(folder.path);
      throw classifyCall(error, { doing: 'folder', name: `"${folder.path}"` });
    }
  }

  /** Makes the folder that is meant, where it is not there yet. @throws {AccessError} that is not allowed. @throws {OutputError} */
  async createFolder(signal: AbortSignal): Promise<FolderLabel> {
    const { folder, below } = this.#options;
    await this.checkWritable(signal);
    await this.#guard({ doing: 'write', name: [folder.path, ...below].join('/') }, signal, () =>
      this.#index.open(below, signal),
    );
    return this.describe(signal);
  }

  async close(): Promise<void> {
    await this.#archives.close();
  }

  /** Brings bytes of one file; what Box refuses of it is that file's fault, unless the folder itself can no longer be seen. */
  async #readOne<T>(path: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      const result = await run();
      this.#refusedReads.recordSuccess();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      // A folder that is no longer shared looks like a folder of deleted files: they must not all be told as gone.
      if (error instanceof DocumentError && error.code === 'SOURCE_GONE') await this.#requireFolder(signal);
      if (!(error instanceof BoxCallError)) throw error;
      const refusal = classifyCall(error, { doing: 'read', name: path });
      if (!mayBeOneFiles(error)) throw refusal;
      await this.#requireFolder(signal);
      throw this.#refusedReads.note(refusal);
    }
  }

  /** What is in an archive; one that cannot be had is left out as a whole. */
  async #listArchive(item: BoxItem, path: string, signal: AbortSignal): Promise<ListedEntry[]> {
    try {
      return await this.#readOne(path, signal, () => this.#archives.list(item, path, signal));
    } catch (error) {
      if (!(error instanceof PipelineError) || error.scope !== 'document') throw error;
      return [{ kind: 'left-out', entry: { path, code: error.code, reason: error.message } }];
    }
  }

  /** Whether the folder still takes files. */
  async #mayWrite(signal: AbortSignal): Promise<boolean> {
    try {
      await this.checkWritable(signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PipelineError) return false;
      throw error;
    }
  }

  /** The folder that is really meant, or undefined where it is still to be made. @throws {BoxCallError} */
  async #findBelow(signal: AbortSignal): Promise<string | undefined> {
    const { id, missing } = await this.#followBelow(signal);
    return missing === undefined ? id : undefined;
  }

  /** The folder that is really meant, or the last above it that is there and the name missing in that. @throws {BoxCallError} */
  async #followBelow(signal: AbortSignal): Promise<{
    readonly id: string;
    readonly missing?: string;
    /** Something else than a folder has that name, for all to see. */
    readonly isShown?: boolean;
  }> {
    let id = this.#options.folder.id;
    for (const name of this.#options.below) {
      let found: BoxItem | undefined;
      for await (const item of listItems(this.#connection, id, signal))
        if (nameKey(item.name) === nameKey(name)) found = item;
      if (found?.type !== 'folder') return { id, missing: name, isShown: found !== undefined };
      id = found.id;
    }
    return { id };
  }

  /** Nothing where the folder is still to be made. */
  async *#walk(signal: AbortSignal): AsyncGenerator<Visit, void, undefined> {
    const { folder, below, recursive, exclude } = this.#options;
    try {
      signal.throwIfAborted();
      const rootId = await this.#findBelow(signal);
      if (rootId !== undefined) yield* walk(this.#connection, { rootId, recursive, exclude: new Set(exclude) }, signal);
    } catch (error) {
      signal.throwIfAborted();
      const name = [folder.path, ...below].join('/');
      throw error instanceof BoxCallError ? classifyCall(error, { doing: 'folder', name: `"${name}"` }) : error;
    }
  }

  /** @throws {AccessError} the folder itself can no longer be seen. */
  async #requireFolder(signal: AbortSignal): Promise<void> {
    const { id, path } = this.#options.folder;
    const url = `${this.#connection.network.settings.apiUrl}/2.0/folders/${encodeURIComponent(id)}`;
    const ask = { url, method: 'GET', params: { fields: 'id' }, cancellationToken: signal };
    await this.#guard({ doing: 'folder', name: `"${path}"` }, signal, () => this.#connection.client.makeRequest(ask));
  }

  #linkOf(fileId: string): string {
    return `${this.#connection.network.settings.webUrl}/file/${fileId}`;
  }

  /** Runs calls and turns what Box answers into the program's errors; nothing of the call itself gets through. */
  async #guard<T>(subject: CallSubject, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    try {
      signal.throwIfAborted();
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof BoxCallError ? classifyCall(error, subject) : error;
    }
  }
}

function isArchive(item: BoxItem): boolean {
  const { type, name, versionId } = item;
  return type === 'file' && /\.zip$/i.test(name) && !/^(?:\._|~\$)/.test(name) && versionId !== undefined;
}

function entryOf(item: BoxItem, path: string): ListedEntry {
  const problem = whyLeftOut(item);
  if (problem) return { kind: 'left-out', entry: { path, ...problem } };
  const { id, sizeBytes, sha1 } = item;
  return { kind: 'document', document: { id, path, sizeBytes, version: item.versionId ?? '', sha1 } };
}

function whyLeftOut(item: BoxItem): Omit<LeftOutEntry, 'path'> | undefined {
  if (item.type === 'web_link') return { code: 'LINK', reason: 'A web link, not a file.' };
  if (item.type === ODD_TYPE)
    return { code: 'BOX_ODD_ENTRY', reason: 'Box says of it what cannot be: its number, name or size.' };
  if (item.type !== 'file') return { code: 'NOT_A_FILE', reason: 'An entry of a kind this program does not know.' };
  if (isResult(item)) return OUR_RESULT;
  const problem = whyFileIsNotRead(item.name);
  if (problem) return problem;
  if (item.versionId === undefined)
    return { code: 'NO_VERSION', reason: 'Box does not say which version of the file it has.' };
  return undefined;
}
