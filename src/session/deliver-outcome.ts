import type { SourceDocument } from '../core/document.ts';
import { NOT_TRIED } from '../core/document-budget.ts';
import { DocumentError } from '../core/errors.ts';
import type { PageOutcome } from '../core/ledger.ts';
import { deliver } from '../stages/deliver.ts';
import type { FetchedDocument } from '../stores/document-store.ts';
import type { AssembledFile } from '../stages/assemble.ts';
import type { Session } from './session.ts';

/**
 * Stage deliver: outputs to their destination, and the document's end state into the ledger.
 * @throws {DocumentError} some of its pages failed; the others are delivered.
 */
export async function deliverOutcome(
  session: Session,
  document: SourceDocument,
  fetched: FetchedDocument,
  pages: readonly PageOutcome[],
  files: readonly AssembledFile[],
  signal: AbortSignal,
): Promise<void> {
  const { run, source, destination, meter } = session.parts;
  const { onConflict } = run.record.settings;
  // The results must be those of the file that is there, not of one changed in between.
  if (fetched.inPlace) await source.read({ ...document, sha1: fetched.sha1 }, fetched.file, signal);
  session.ownership.add(files.map(({ sha1 }) => sha1));
  const outputs = await deliver(
    files,
    destination,
    {
      stem: session.stems.get(document.path) ?? document.path,
      onConflict,
      isOurs: (sha1) => session.ownership.isOurs(sha1),
      properties: describeResults(session, document, fetched, pages),
    },
    signal,
  );
  await session.journal({ type: 'delivered', document: document.id, outputs });
  meter.documents.delivered++;
  meter.bytes.delivered += outputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await run.disk.remove(run.artifactsFolder(fetched.sha1));
  if (!fetched.inPlace) await run.disk.remove(fetched.file);
  const failed = pages.filter(({ state }) => state === 'failed');
  if (failed.length > 0) throw pagesFailed(failed, pages.length);
  await session.journal({
    type: 'document-done',
    document: document.id,
    outputs: outputs.length,
    pages: pages.length,
  });
}

/** Facts that are kept with each result where the store can: what it is of, and how it was made. */
function describeResults(
  { parts: { run } }: Session,
  document: SourceDocument,
  { sha1 }: FetchedDocument,
  pages: readonly PageOutcome[],
): Readonly<Record<string, string>> {
  const { recipe } = run.record;
  const confidences = pages.flatMap(({ confidence }) => (confidence === null ? [] : [confidence]));
  const mean = confidences.reduce((sum, value) => sum + value, 0) / Math.max(1, confidences.length);
  return {
    ocrStatus: pages.some(({ state }) => state === 'failed') ? 'partial' : 'done',
    engine: recipe.engine,
    version: recipe.engineVersion,
    confidence: mean.toFixed(1),
    pages: String(pages.length),
    sourceFileId: document.id,
    sourceSha1: sha1,
    recipe: recipe.digest,
  };
}

function pagesFailed(failed: readonly PageOutcome[], pageCount: number): DocumentError {
  const first = failed[0]?.error;
  const message =
    failed.length === pageCount && first
      ? pageCount === 1
        ? first.message
        : `None of its ${pageCount} pages could be read. ${first.message}`
      : `${failed.length} of ${pageCount} pages could not be read.`;
  const left = failed.find(({ error }) => error?.code === NOT_TRIED)?.error;
  if (left) {
    const count = failed.filter(({ error }) => error?.code === NOT_TRIED).length;
    const message = `${failed.length} of ${pageCount} pages could not be read; ${count} of them were not tried.`;
    return new DocumentError('PAGES_FAILED', message, {
      why: left.message,
      safe: 'The other documents are not delayed by it.',
      remedy: left.remedy,
    });
  }
  const codes = new Set(failed.map(({ error }) => error?.code));
  const code = failed.length === pageCount && codes.size === 1 && first ? first.code : 'PAGES_FAILED';
  const safe =
    failed.length === pageCount ? undefined : 'The other pages are delivered; the failed ones are empty in the text.';
  const remedy = 'The same command tries the failed pages again, and only those.';
  const inARow = code === first?.code ? first.inARow : undefined;
  return new DocumentError(code, message, { why: first?.message, safe, remedy }, { inARow });
}
