import type { ListedEntry } from '../../../core/document.ts';
import { whyFolderIsNotRead } from '../../../core/not-a-scan.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import type { BoxItem } from './box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { listItems } from './list-items.ts';

/** Folders listed at once. */
const FOLDERS_AT_ONCE = 6;
/** Folders in folders that are followed. */
const MAX_DEPTH = 64;

export interface WalkOptions {
  readonly rootId: string;
  readonly recursive: boolean;
  /** IDs of folders that are passed over: where our results go. */
  readonly exclude: ReadonlySet<string>;
}

interface FolderToVisit {
  readonly id: string;
  readonly names: readonly string[];
}

/** A folder with all that is in it, or what stood in the way of visiting one. */
export type Visit =
  | {
      readonly kind: 'folder';
      readonly names: readonly string[];
      readonly id: string;
      readonly items: readonly BoxItem[];
    }
  | { readonly kind: 'left-out'; readonly entry: Extract<ListedEntry, { kind: 'left-out' }>['entry'] };

/**
 * Visits a folder and all below it, each item once even when it is moved meanwhile. The folder itself must be readable;
 * below it, what cannot be opened or has gone is left out with its reason.
 * @throws {BoxCallError} as Box answers.
 */
export async function* walk(
  connection: BoxConnection,
  options: WalkOptions,
  signal: AbortSignal,
): AsyncGenerator<Visit, void, undefined> {
  const seen = new Set<string>([options.rootId]);
  const waiting: FolderToVisit[] = [{ id: options.rootId, names: [] }];
  while (waiting.length > 0) {
    signal.throwIfAborted();
    const visits = await Promise.all(
      waiting.splice(0, FOLDERS_AT_ONCE).map((folder) => visit(connection, folder, signal)),
    );
    for (const visited of visits) {
      if (visited.kind === 'left-out') {
        yield visited;
        continue;
      }
      const items = visited.items.filter((item) => !seen.has(`${item.type} ${item.id}`));
      for (const item of items) seen.add(`${item.type} ${item.id}`);
      yield { ...visited, items };
      for (const item of items) {
        if (item.type !== 'folder') continue;
        const names = [...visited.names, item.name];
        const problem = whyNotFollowed(item, names, options);
        if (problem) yield { kind: 'left-out', entry: { path: names.join('/'), ...problem } };
        else waiting.push({ id: item.id, names });
      }
    }
  }
}

function whyNotFollowed(
  folder: BoxItem,
  names: readonly string[],
  options: WalkOptions,
): { code: string; reason: string } | undefined {
  const problem = whyFolderIsNotRead(folder.name);
  if (problem) return problem;
  if (options.exclude.has(folder.id)) return { code: 'OUR_OUTPUT', reason: 'Results of this program are kept there.' };
  if (!options.recursive) return { code: 'SUBFOLDER', reason: 'A folder; --no-recursive was given.' };
  if (names.length > MAX_DEPTH) return { code: 'TOO_DEEP', reason: `More than ${MAX_DEPTH} folders deep.` };
  return undefined;
}

async function visit(connection: BoxConnection, folder: FolderToVisit, signal: AbortSignal): Promise<Visit> {
  try {
    const items: BoxItem[] = [];
    for await (const item of listItems(connection, folder.id, signal)) items.push(item);
    return { kind: 'folder', ...folder, items };
  } catch (error) {
    const below = folder.names.length > 0 && error instanceof BoxCallError;
    const path = folder.names.join('/');
    if (below && error.status === 403)
      return { kind: 'left-out', entry: { path, code: 'FOLDER_UNREADABLE', reason: 'You may not open this folder.' } };
    if (below && error.status === 404)
      return { kind: 'left-out', entry: { path, code: 'SOURCE_GONE', reason: 'It disappeared while listing.' } };
    throw error;
  }
}
