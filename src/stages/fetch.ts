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
  return await store.read(document, run.fetchedFile(digestOf([document.id, document.version]).slice(0, 24)), signal);
}
