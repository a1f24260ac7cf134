import { createHash } from 'node:crypto';
import { createReadStream, type BigIntStats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import type { ListedEntry, SourceDocument } from '../core/document.ts';
import {
  AccessError,
  DocumentError,
  NoInputError,
  OutputError,
  PipelineError,
  throwIfStopped,
  TransientError,
} from '../core/errors.ts';
import { OUR_RESULT, whyFileIsNotRead, whyFolderIsNotRead } from '../core/not-a-scan.ts';
import { explainErrno, hasErrno, isErrnoOf, readErrno } from '../core/errno.ts';
import { asSourceError } from '../core/read-failure.ts';
import { explainWrite } from '../files/explain-write.ts';
import { realFileSystem, type FileSystem } from '../files/file-system.ts';
import { removeLeftovers, temporaryName } from '../files/leftovers.ts';
import { makeFolder } from '../files/make-folder.ts';
import { deliveredMode } from '../files/own-umask.ts';
import { placeCopy } from '../files/place-once.ts';
import { tryAgain } from '../files/try-again.ts';
import { isOurResult } from './local/is-our-result.ts';
import { requireBelow } from './local/require-below.ts';
import type { DocumentStore, FetchedDocument, FolderLabel, WriteRequest, WrittenFile } from './document-store.ts';

/** File system calls under way at once while listing. */
const STATS_AT_ONCE = 32;
/** Folders below folders that are followed; deeper ones are an error of the file system or of somebody. */
const MAX_DEPTH = 64;
/** What every run folder holds. */
const RUN_FILES = ['run.json', 'ledger.ndjson'];
/** Times a name may be taken by somebody between our look and our write. */
const MAX_RACES = 5;

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
  readonly #fs: FileSystem;
  /** Folders that hold nothing any more of what killed processes were writing. */
  readonly #cleared = new Set<string>();

  constructor(options: LocalFolderOptions) {
    this.#options = {
      ...options,
      roots: options.roots.map((root) => resolve(root)),
      exclude: options.exclude.map((path) => resolve(path)),
    };
    this.#fs = options.fileSystem ?? realFileSystem;
  }

  get #root(): string {
    return this.#options.roots[0] ?? '.';
  }

  describe(): Promise<FolderLabel> {
    const [first, ...others] = this.#options.roots;
    const name = basename(first ?? '') || String(first);
    return Promise.resolve({ name: others.length === 0 ? name : `${name} and ${others.length} more`, id: this.#root });
  }

  async *list(signal: AbortSignal): AsyncGenerator<ListedEntry> {
    const single = this.#options.roots.length === 1;
    const limit = pLimit(STATS_AT_ONCE);
    for (const root of this.#options.roots) {
      const facts = await stat(root, { bigint: true }).catch((error: unknown) => {
        throw unreadable(root, error);
      });
      if (facts.isDirectory()) yield* this.#walk(root, single ? '' : `${basename(root)}/`, 0, limit, signal);
      // A file named by the person is taken at its word, whatever its extension.
      else yield { kind: 'document', document: documentOf(root, basename(root), facts) };
    }
  }

  async *#walk(
    folder: string,
    prefix: string,
    depth: number,
    limit: ReturnType<typeof pLimit>,
    signal: AbortSignal,
  ): AsyncGenerator<ListedEntry> {
    throwIfStopped(signal);
    const names: { name: string; isDirectory: boolean; isLink: boolean }[] = [];
    try {
      for await (const entry of await opendir(folder, { bufferSize: 256 })) {
        names.push({ name: entry.name, isDirectory: entry.isDirectory(), isLink: entry.isSymbolicLink() });
      }
    } catch (error) {
      if (depth === 0) throw unreadable(folder, error);
      yield leftOut(prefix.slice(0, -1), 'FOLDER_UNREADABLE', 'The folder cannot be opened.');
      return;
    }
    if (depth > 0 && RUN_FILES.every((file) => names.some(({ name }) => name === file))) {
      yield leftOut(prefix.slice(0, -1), OUR_RESULT.code, 'A run folder of this program.');
      return;
    }
    const files = names.filter((entry) => !entry.isDirectory);
    for (let start = 0; start < files.length; start += 1_000) {
      const batch = files.slice(start, start + 1_000);
      yield* await Promise.all(batch.map(({ name, isLink }) => limit(() => inspectFile(folder, prefix, name, isLink))));
      throwIfStopped(signal);
    }
    for (const { name, isDirectory } of names) {
      if (!isDirectory) continue;
      const path = join(folder, name);
      const problem = whyFolderIsNotRead(name);
      if (problem) yield leftOut(prefix + name, problem.code, problem.reason);
      else if (this.#options.exclude.includes(path)) {
        yield leftOut(prefix + name, 'OUR_OUTPUT', 'Results of this program are kept there.');
      } else if (!this.#options.recursive) {
        yield leftOut(prefix + name, 'SUBFOLDER', 'A folder; --no-recursive was given.');
      } else if (depth >= MAX_DEPTH) {
        yield leftOut(prefix + name, 'TOO_DEEP', `More than ${MAX_DEPTH} folders deep.`);
      } else yield* this.#walk(path, `${prefix}${name}/`, depth + 1, limit, signal);
    }
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
      throw asSourceError(error, document.path);
    }
  }

  /** @throws {DocumentError} the document is no longer what was listed. @throws {TransientError} nor is the folder there. */
  async #checkUnchanged(document: SourceDocument): Promise<void> {
    const facts = await tryAgain(() => stat(document.id, { bigint: true })).catch(async (error: unknown) => {
      await this.#requireRoot(document.id);
      throw asSourceError(error, document.path);
    });
    if (versionOf(facts) === document.version) return;
    throw new DocumentError('SOURCE_CHANGED', `${document.path} was changed while it was being worked on.`, {
      safe: 'The file itself was not touched.',
      remedy: 'Run the same command again when it is finished; it is read anew.',
    });
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

  async write(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    const parts = request.path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
      throw new OutputError(
        'NAME_UNSAFE',
        `"${request.path}" is not a name that can be written.`,
        {
          safe: 'Nothing was written.',
        },
        { scope: 'document' },
      );
    }
    try {
      return await this.#writeChecked(request, signal);
    } catch (error) {
      throwIfStopped(signal);
      // A folder has the name, or a file has the name of a folder on the way.
      if (isErrnoOf(error, 'taken') || hasErrno(error, 'ENOTDIR')) throw nameTaken(request.path);
      throw await this.#explainRefusal(error, request);
    }
  }

  /** What concerns one name or file costs that document; where the folder itself refuses, the run stops. */
  async #explainRefusal(error: unknown, { path, artifact }: WriteRequest): Promise<unknown> {
    const file = join(this.#root, path);
    const facts = { flag: '--output', neededBytes: artifact.sizeBytes, file } as const;
    if (isErrnoOf(error, 'limit') || hasErrno(error, 'ENOSPC', 'EDQUOT')) return await explainWrite(error, file, facts);
    if (readErrno(error)) await this.checkWritable();
    return await explainWrite(error, path, { ...facts, scope: 'document' });
  }

  async #writeChecked(request: WriteRequest, signal: AbortSignal): Promise<WrittenFile> {
    const { artifact } = request;
    let path = request.path;
    let races = 0;
    for (let n = 2; ; n++) {
      const target = join(this.#root, path);
      await requireBelow(this.#root, target, path);
      const there = await sha1Of(target, signal);
      const done = (outcome: WrittenFile['outcome']): WrittenFile => ({
        outcome,
        path,
        id: target,
        sha1: artifact.sha1,
      });
      if (there === artifact.sha1) return done('unchanged');
      const mayReplace = this.#options.isProtected?.(target) !== true;
      const replace = there !== undefined && mayReplace && (request.isOurs(there) || request.onConflict === 'version');
      if (there === undefined || replace) {
        await this.#clearLeftovers(dirname(target));
        if (await placeCopy({ from: artifact.file, target, sha1: artifact.sha1, replace }, signal, this.#fs))
          return done(replace ? 'replaced' : 'created');
        // Somebody took the name since we looked, or it is a link that leads nowhere: look again, not for ever.
        if (++races > MAX_RACES) throw nameTaken(path);
        n--;
        continue;
      }
      if (request.onConflict === 'skip') return { ...done('skipped'), sha1: there };
      if (request.onConflict === 'stop' || request.onConflict === 'version') throw nameTaken(request.path);
      path = numbered(request.path, n);
    }
  }

  async stillHas(file: { readonly path: string; readonly sizeBytes: number }): Promise<boolean> {
    const facts = await stat(join(this.#root, file.path)).catch(() => undefined);
    return facts?.isFile() === true && facts.size === file.sizeBytes;
  }

  async checkWritable(): Promise<void> {
    const probe = join(this.#root, await temporaryName());
    try {
      await makeFolder(this.#root, this.#fs, deliveredMode('folder'));
      await this.#clearLeftovers(this.#root);
      const file = await this.#fs.open(probe, 'wx');
      try {
        await file.writeFile('probe');
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isErrnoOf(error, 'access')) {
        throw new AccessError('OUTPUT_NOT_WRITABLE', `You may not write to ${this.#root}.`, {
          why: `${explainErrno(error)}.`,
          safe: 'Nothing was written there.',
          remedy: 'Give another folder with --output.',
        });
      }
      throw await explainWrite(error, this.#root, { flag: '--output' });
    } finally {
      await this.#fs.rm(probe, { force: true }).catch(() => undefined);
    }
  }

  async #clearLeftovers(folder: string): Promise<void> {
    if (this.#cleared.has(folder)) return;
    this.#cleared.add(folder);
    await removeLeftovers(folder);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function leftOut(path: string, code: string, reason: string): ListedEntry {
  return { kind: 'left-out', entry: { path, code, reason } };
}

async function inspectFile(folder: string, prefix: string, name: string, isLink: boolean): Promise<ListedEntry> {
  const path = prefix + name;
  const problem = whyFileIsNotRead(name);
  if (problem) return leftOut(path, problem.code, problem.reason);
  if (name.includes('\uFFFD')) return leftOut(path, 'NAME_NOT_UTF8', 'Its name is not valid UTF-8; rename it.');
  const file = join(folder, name);
  try {
    const facts = await stat(file, { bigint: true });
    if (facts.isFile()) {
      if (await isOurResult(file, Number(facts.size))) return leftOut(path, OUR_RESULT.code, OUR_RESULT.reason);
      return { kind: 'document', document: documentOf(file, path, facts) };
    }
    return leftOut(path, isLink ? 'LINK' : 'NOT_A_FILE', isLink ? 'A link to a folder; not followed.' : 'Not a file.');
  } catch {
    return leftOut(
      path,
      isLink ? 'LINK' : 'SOURCE_GONE',
      isLink ? 'A link that leads nowhere.' : 'It disappeared while listing.',
    );
  }
}

function documentOf(file: string, path: string, facts: BigIntStats): SourceDocument {
  return { id: file, path, sizeBytes: Number(facts.size), version: versionOf(facts) };
}

function versionOf(facts: BigIntStats): string {
  return `${facts.size}-${facts.mtimeNs}-${facts.ino}`;
}

async function measure(
  file: string,
  listedBytes: number,
  signal: AbortSignal,
): Promise<{ sizeBytes: number; sha1: string }> {
  const hash = createHash('sha1');
  let sizeBytes = 0;
  // A byte more than is there, so that a small file comes in one piece and its end with it.
  const highWaterMark = Math.min(1 << 20, listedBytes + 1);
  for await (const part of createReadStream(file, { highWaterMark, signal })) {
    hash.update(part as Buffer);
    sizeBytes += (part as Buffer).length;
  }
  return { sizeBytes, sha1: hash.digest('hex') };
}

async function sha1Of(file: string, signal: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha1');
  try {
    for await (const part of createReadStream(file, { highWaterMark: 1 << 20, signal })) hash.update(part as Buffer);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  return hash.digest('hex');
}

function numbered(path: string, n: number): string {
  const extension = /(?:\.alto\.xml|\.[^./]+)?$/.exec(path)?.[0] ?? '';
  return `${path.slice(0, path.length - extension.length)} (${n})${extension}`;
}

function nameTaken(path: string): OutputError {
  return new OutputError(
    'NAME_TAKEN',
    `"${path}" is already there, not made by this program.`,
    {
      safe: 'It was not touched. Our result waits in the run folder.',
      remedy: '--on-conflict rename | version | skip',
    },
    { scope: 'document' },
  );
}

function unreadable(path: string, error: unknown): unknown {
  if (error instanceof PipelineError || !readErrno(error)) return error;
  if (isErrnoOf(error, 'absent')) {
    return new NoInputError('INPUT_NOT_FOUND', `There is no ${path}.`, {
      safe: 'Nothing was started.',
      remedy: 'Check the name after --input.',
    });
  }
  if (isErrnoOf(error, 'access')) {
    return new AccessError('INPUT_NOT_READABLE', `You may not read ${path}.`, { safe: 'Nothing was started.' });
  }
  return new TransientError(
    'INPUT_UNREADABLE',
    `${path} cannot be read: ${explainErrno(error)}.`,
    { safe: 'Nothing was started.', remedy: 'The same command again, when its disk answers.' },
    { cause: error },
  );
}
