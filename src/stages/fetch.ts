import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SourceDocument } from '../core/document.ts';
import { digestOf } from '../core/recipe.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import type { DocumentStore, FetchedDocument } from '../stores/document-store.ts';

/**
 * Brings a document's bytes to this machine, their SHA-1 checked, or finds them in place.
 * @throws {DocumentError} it is no longer what was listed.
 */
export async function fetch(
  document: SourceDocument,
  store: DocumentStore,
  run: RunFolder,
  signal: AbortSignal,
): Promise<FetchedDocument> {
  return await store.read(document, fileOf(document, run), signal);
}

/** Removes what a session that was killed has brought here and nobody will use: its document is done, changed or gone. */
export async function dropUnused(wanted: Iterable<SourceDocument>, run: RunFolder): Promise<void> {
  const used = new Set([...wanted].map((document) => fileOf(document, run)));
  const folder = dirname(run.fetchedFile(''));
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const file = join(folder, entry.name);
    if (entry.isFile() && !used.has(file)) await run.disk.remove(file);
  }
}

function fileOf({ id, version }: SourceDocument, run: RunFolder): string {
  return run.fetchedFile(digestOf([id, version]).slice(0, 24));
}
