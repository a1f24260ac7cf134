import type { SourceDocument } from '../core/document.ts';
import { throwIfStopped } from '../core/errors.ts';
import type { DocumentState } from '../core/run-state.ts';
import { fetch } from '../stages/fetch.ts';
import type { FetchedDocument } from '../stores/document-store.ts';
import type { Session } from './session.ts';

/**
 * Stage fetch: the document's bytes on this machine. What the ledger knows of an unchanged version is not asked again.
 * @throws {PipelineError} the store's trouble, also where an earlier document met it.
 */
export async function fetchDocument(
  session: Session,
  document: SourceDocument,
  known: DocumentState | undefined,
  signal: AbortSignal,
): Promise<FetchedDocument> {
  throwIfStopped(signal);
  const { source, run, meter, documents } = session.parts;
  if (session.storeTrouble) throw session.storeTrouble;
  const sha1 = known?.sha1 ?? document.sha1;
  const fetched = await fetch(sha1 === undefined ? document : { ...document, sha1 }, source, run, signal);
  if (known?.sha1 !== fetched.sha1) {
    await session.journal({ type: 'fetched', document: document.id, sha1: fetched.sha1, sizeBytes: fetched.sizeBytes });
  }
  documents.set(fetched.sha1, document);
  meter.documents.fetched++;
  meter.bytes.fetched += fetched.sizeBytes;
  return fetched;
}
