import { matchesGlob } from 'node:path';
import type { LeftOutEntry, SourceDocument } from '../core/document.ts';
import { compareNatural } from '../core/natural-order.ts';
import type { DocumentStore } from '../stores/document-store.ts';

/** A folder's documents in natural order, and what was not taken. Together they are the whole listing. */
export interface Listing {
  readonly documents: readonly SourceDocument[];
  readonly leftOut: readonly LeftOutEntry[];
}

/** Lists a folder wholly. `match` holds globs of paths; a glob without `/` is held against the name alone; none takes all. */
export async function list(store: DocumentStore, match: readonly string[], signal: AbortSignal): Promise<Listing> {
  const documents: SourceDocument[] = [];
  const leftOut: LeftOutEntry[] = [];
  for await (const entry of store.list(signal)) {
    if (entry.kind === 'left-out') leftOut.push(entry.entry);
    else if (matches(entry.document.path, match)) documents.push(entry.document);
    else leftOut.push({ path: entry.document.path, code: 'NOT_MATCHED', reason: 'Not matched by --match.' });
  }
  documents.sort((a, b) => compareNatural(a.path, b.path));
  leftOut.sort((a, b) => compareNatural(a.path, b.path));
  return { documents, leftOut };
}

function matches(path: string, globs: readonly string[]): boolean {
  if (globs.length === 0) return true;
  const whole = path.normalize('NFC');
  const name = whole.slice(whole.lastIndexOf('/') + 1);
  return globs.some((glob) => matchesGlob(glob.includes('/') ? whole : name, glob.normalize('NFC')));
}
