import type { BigIntStats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import type { ListedEntry, SourceDocument } from '../../core/document.ts';
import { AccessError, NoInputError, PipelineError, throwIfStopped, TransientError } from '../../core/errors.ts';
import { explainErrno, isErrnoOf, readErrno } from '../../core/errno.ts';
import { OUR_RESULT, whyFileIsNotRead, whyFolderIsNotRead } from '../../core/not-a-scan.ts';
import { isOurResult } from './is-our-result.ts';

/** File system calls under way at once while listing. */
const STATS_AT_ONCE = 32;
/** Folders below folders that are followed; deeper ones are an error of the file system or of somebody. */
const MAX_DEPTH = 64;
/** What every run folder holds. */
const RUN_FILES = ['run.json', 'ledger.ndjson'];

/** What is listed. Paths are absolute. */
export interface ListingRules {
  /** A directory, or files and directories. */
  readonly roots: readonly string[];
  readonly recursive: boolean;
  /** Folders that are passed over wherever they lie. */
  readonly exclude: readonly string[];
}

/** Lists all documents below the roots, and what is left out with its reason; links to files are followed, to folders not. */
export async function* listFolders(rules: ListingRules, signal: AbortSignal): AsyncGenerator<ListedEntry> {
  const { roots } = rules;
  const single = roots.length === 1;
  const limit = pLimit(STATS_AT_ONCE);
  for (const root of roots) {
    const facts = await stat(root, { bigint: true }).catch((error: unknown) => {
      throw unreadable(root, error);
    });
    if (facts.isDirectory()) yield* walk(rules, root, single ? '' : `${basename(root)}/`, 0, limit, signal);
    else if (!facts.isFile()) yield leftOut(basename(root), 'NOT_A_FILE', 'Not a file.');
    // A file named by the person is taken at its word, whatever its extension.
    else yield { kind: 'document', document: documentOf(root, basename(root), facts) };
  }
}

async function* walk(
  { exclude, recursive }: Omit<ListingRules, 'roots'>,
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
    else if (exclude.includes(path)) {
      yield leftOut(prefix + name, 'OUR_OUTPUT', 'Results of this program are kept there.');
    } else if (!recursive) {
      yield leftOut(prefix + name, 'SUBFOLDER', 'A folder; --no-recursive was given.');
    } else if (depth >= MAX_DEPTH) {
      yield leftOut(prefix + name, 'TOO_DEEP', `More than ${MAX_DEPTH} folders deep.`);
    } else yield* walk({ exclude, recursive }, path, `${prefix}${name}/`, depth + 1, limit, signal);
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

/** A file's version: it changes whenever the file is written or replaced. */
export function versionOf(facts: BigIntStats): string {
  return `${facts.size}-${facts.mtimeNs}-${facts.ino}`;
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
