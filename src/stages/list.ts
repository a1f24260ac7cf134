import picomatch from 'picomatch';
import type { LeftOutEntry, SourceDocument } from '../core/document.ts';
import { NoInputError } from '../core/errors.ts';
import { compareNatural } from '../core/natural-order.ts';
import type { DocumentStore } from '../stores/document-store.ts';

/** A folder's documents in natural order, and what was not taken. Together they are the whole listing. */
export interface Listing {
  readonly documents: readonly SourceDocument[];
  readonly leftOut: readonly LeftOutEntry[];
}

/** Lists a folder wholly. `match` holds globs of paths; a glob without `/` is held against the name alone; none takes all. */
export async function list(
  store: Pick<DocumentStore, 'list'>,
  match: readonly string[],
  signal: AbortSignal,
): Promise<Listing> {
  const documents: SourceDocument[] = [];
  const leftOut: LeftOutEntry[] = [];
  const matches = pathMatcher(match);
  for await (const entry of store.list(signal)) {
    if (entry.kind === 'left-out') leftOut.push(entry.entry);
    else if (matches(entry.document.path)) documents.push(entry.document);
    else leftOut.push({ path: entry.document.path, code: 'NOT_MATCHED', reason: 'Not matched by --match.' });
  }
  documents.sort((a, b) => compareNatural(a.path, b.path));
  leftOut.sort((a, b) => compareNatural(a.path, b.path));
  return { documents, leftOut };
}

/** Whether a folder has a document to read. Looks no further than the first. */
export async function hasDocument(
  store: DocumentStore,
  match: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const matches = pathMatcher(match);
  for await (const entry of store.list(signal))
    if (entry.kind === 'document' && matches(entry.document.path)) return true;
  return false;
}

/** Says of a listing without documents why there are none. */
export function nothingToRead({ leftOut }: Listing): NoInputError {
  const reasons = new Map<string, number>();
  for (const { reason } of leftOut) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const counts = [...reasons].map(([reason, count]) => `${count}: ${reason}`).join(' ');
  return new NoInputError('NO_PDFS', 'There are no PDFs to read here.', {
    why: leftOut.length === 0 ? 'The folder is empty.' : `${leftOut.length} left out. ${counts}`,
    safe: 'Nothing was started.',
    remedy: 'Check which folder was named, and --match if you gave it.',
  });
}

function pathMatcher(globs: readonly string[]): (path: string) => boolean {
  const tests = globs.map((glob) => {
    const test = picomatch(glob.normalize('NFC'), { dot: true, nocase: true });
    return glob.includes('/') ? test : (path: string) => test(path.slice(path.lastIndexOf('/') + 1));
  });
  return (path) => tests.length === 0 || tests.some((test) => test(path.normalize('NFC')));
}
