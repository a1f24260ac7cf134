import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import type { ListedEntry, SourceDocument } from '../../src/core/document.ts';
import { DocumentError, OutputError, StoppedError } from '../../src/core/errors.ts';
import type {
  DocumentStore,
  FetchedDocument,
  FolderLabel,
  WriteRequest,
  WrittenFile,
} from '../../src/stores/document-store.ts';
import type { StoreHarness } from './document-store.ts';

/** Ways real stores have been seen to break their promises; the suite must notice each. */
export const FLAWS = [
  'lists one page only',
  'lists sub-folders twice',
  'cleans names',
  'hides what is no PDF',
  'accepts a short artifact',
  'accepts wrong bytes',
  'leaves a half-written file',
  'writes a second version of the same bytes',
  'overwrites what is not ours',
  'renames ours',
  'accepts a cut transfer',
  'accepts a corrupt transfer',
  'passes the new bytes off as the old',
  'ignores the stop',
  'follows paths out of the folder',
  'leaves a trace of checking',
  'remembers what has gone',
] as const;
export type Flaw = (typeof FLAWS)[number];

interface StoredFile {
  readonly bytes: Uint8Array;
  readonly version: number;
}

/** A working store in memory that keeps every promise, but for the one flaw it is told to have. */
class MemoryStore implements DocumentStore {
  readonly files = new Map<string, StoredFile>();
  transfer: 'true' | 'cut' | 'corrupt' = 'true';
  #versions = 0;
  readonly #flaw: Flaw | undefined;

  constructor(flaw: Flaw | undefined) {
    this.#flaw = flaw;
  }

  put(path: string, bytes: Uint8Array): void {
    this.files.set(path, { bytes: Uint8Array.from(bytes), version: ++this.#versions });
  }

  async describe(): Promise<FolderLabel> {
    return { name: 'memory', id: 'memory' };
  }

  async *list(signal: AbortSignal): AsyncIterable<ListedEntry> {
    let listed = 0;
    for (const [path, file] of this.files) {
      this.#checkStop(signal);
      if (this.#flaw === 'lists one page only' && ++listed > 1000) return;
      if (!path.endsWith('.pdf')) {
        if (this.#flaw === 'hides what is no PDF') continue;
        yield { kind: 'left-out', entry: { path, code: 'NOT_A_PDF_NAME', reason: 'Not a PDF.' } };
        continue;
      }
      const shown = this.#flaw === 'cleans names' ? path.replace(/[$'"\s]/g, '_') : path;
      const document = {
        id: path,
        path: shown,
        sizeBytes: file.bytes.length,
        version: String(file.version),
        sha1: sha1(file.bytes),
      };
      yield { kind: 'document', document };
      if (this.#flaw === 'lists sub-folders twice' && path.includes('/')) yield { kind: 'document', document };
    }
  }

  async read(document: SourceDocument, toFile: string, signal: AbortSignal): Promise<FetchedDocument> {
    this.#checkStop(signal);
    const file = this.files.get(document.id);
    if (!file) throw new DocumentError('SOURCE_GONE', `${document.path} is no longer there.`);
    const changed = String(file.version) !== document.version;
    if (changed && this.#flaw !== 'passes the new bytes off as the old')
      throw new DocumentError('SOURCE_CHANGED', `${document.path} has changed.`);
    const bytes = Buffer.from(this.transfer === 'cut' ? file.bytes.subarray(0, -9) : file.bytes);
    if (this.transfer === 'corrupt') bytes[0] = 0;
    const accepts =
      (this.transfer === 'cut' && this.#flaw === 'accepts a cut transfer') ||
      (this.transfer === 'corrupt' && this.#flaw === 'accepts a corrupt transfer');
    if (!accepts && !changed && sha1(bytes) !== document.sha1)
      throw new DocumentError('DIGEST_DIFFERS', `${document.path} did not arrive whole.`);
    await writeFile(toFile, bytes);
    return { file: toFile, sizeBytes: bytes.length, sha1: sha1(bytes), inPlace: false };
  }

  async write(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    if (this.#flaw === 'ignores the stop' && signal.aborted) return new Promise(() => undefined);
    this.#checkStop(signal);
    const path = this.#checkPath(request.path);
    const bytes = await this.#readArtifact(request, path);
    const taken = [...this.files.keys()].some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`));
    if (taken) throw new OutputError('NAME_TAKEN', `${path} is a folder or below a file.`);
    const there = this.files.get(path);
    if (!there) return this.#store('created', path, bytes);
    if (sha1(there.bytes) === request.artifact.sha1) {
      if (this.#flaw === 'writes a second version of the same bytes') return this.#store('replaced', path, bytes);
      return { outcome: 'unchanged', path, id: path, sha1: request.artifact.sha1 };
    }
    const ours = request.isOurs(sha1(there.bytes)) && this.#flaw !== 'renames ours';
    if (ours || request.onConflict === 'version' || this.#flaw === 'overwrites what is not ours')
      return this.#store('replaced', path, bytes);
    if (request.onConflict === 'skip') return { outcome: 'skipped', path, id: path, sha1: sha1(there.bytes) };
    if (request.onConflict === 'stop') throw new OutputError('NAME_TAKEN', `${path} is there already.`);
    const { dir, name, ext } = posix.parse(path);
    return this.write({ ...request, path: posix.join(dir, `${name} again${ext}`) }, signal);
  }

  async stillHas(file: { readonly path: string; readonly sha1: string }): Promise<boolean> {
    const there = this.files.get(file.path);
    if (this.#flaw === 'remembers what has gone') return true;
    return there !== undefined && sha1(there.bytes) === file.sha1;
  }

  async checkWritable(signal: AbortSignal): Promise<void> {
    this.#checkStop(signal);
    if (this.#flaw === 'leaves a trace of checking') this.put('.check', new Uint8Array());
  }

  async close(): Promise<void> {
    this.files.clear();
  }

  #store(outcome: 'created' | 'replaced', path: string, bytes: Uint8Array): WrittenFile {
    this.put(path, bytes);
    return { outcome, path, id: path, sha1: sha1(bytes) };
  }

  #checkPath(path: string): string {
    const parts = path.split('/');
    if (parts.every((part) => part !== '' && part !== '.' && part !== '..')) return path;
    if (this.#flaw === 'follows paths out of the folder') return posix.normalize(path);
    throw new OutputError('BAD_PATH', `${path} is no path below the folder.`);
  }

  async #readArtifact(request: WriteRequest, path: string): Promise<Uint8Array> {
    const { artifact } = request;
    const bytes = await readFile(artifact.file).catch(() => undefined);
    if (bytes && bytes.length === artifact.sizeBytes && sha1(bytes) === artifact.sha1) return bytes;
    if (bytes && this.#flaw === 'accepts a short artifact' && bytes.length < artifact.sizeBytes) return bytes;
    if (bytes && this.#flaw === 'accepts wrong bytes' && bytes.length === artifact.sizeBytes) return bytes;
    if (bytes && this.#flaw === 'leaves a half-written file') this.put(`${path}.part`, bytes);
    throw new OutputError('DIGEST_DIFFERS', `${artifact.file} is not what it was said to be.`);
  }

  #checkStop(signal: AbortSignal): void {
    if (signal.aborted && this.#flaw !== 'ignores the stop') throw new StoppedError('STOPPED', 'Told to stop.');
  }
}

function sha1(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** A harness over a store in memory; with a flaw, one that the suite must reject. */
export async function makeMemoryHarness(flaw?: Flaw): Promise<StoreHarness> {
  const store = new MemoryStore(flaw);
  const scratch = await mkdtemp(join(tmpdir(), 'memory-store-'));
  return {
    store,
    scratch,
    seed: async (path, bytes) => store.put(path, bytes),
    replace: async (path, bytes) => store.put(path, bytes),
    remove: async (path) => void store.files.delete(path),
    readBack: async (path) => store.files.get(path)?.bytes,
    listVisible: async () => [...store.files.keys()],
    versionOf: async (path) => String(store.files.get(path)?.version),
    refusesName: () => undefined,
    cutReads: async () => void (store.transfer = 'cut'),
    corruptReads: async () => void (store.transfer = 'corrupt'),
    close: async () => {
      await store.close();
      // A case that was given up may still write there.
      await rm(scratch, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
