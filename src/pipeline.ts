import pLimit from 'p-limit';
import type { SourceDocument } from './core/document.ts';
import { throwIfStopped } from './core/errors.ts';
import { assembleOutputs } from './session/assemble-outputs.ts';
import { deliverOutcome } from './session/deliver-outcome.ts';
import { fetchDocument } from './session/fetch-document.ts';
import { planWork, recordDoneElsewhere, type WorkPlan } from './session/plan-work.ts';
import { readPages } from './session/read-pages.ts';
import { recordSourceChanges } from './session/record-source-changes.ts';
import type { Session } from './session/session.ts';
import { dropUnused } from './stages/fetch.ts';
import { list, nothingToRead } from './stages/list.ts';
import type { FetchedDocument } from './stores/document-store.ts';

/** Documents that are fetched at once; more only share the same line. */
const FETCHES_AT_ONCE = 4;

/**
 * Runs the stages over a folder: list, plan, each document, finish. Of each document: fetch, rasterize, recognize, assemble,
 * deliver. Documents flow: while pages of one are read the next is fetched and the last is delivered. Pages are rasterized
 * and recognized wherever the executor works.
 * @throws {PipelineError} whatever stops a run. All that is finished is kept, and the same call goes on from there.
 */
export async function runPipeline(session: Session, signal: AbortSignal): Promise<void> {
  const { run, source } = session.parts;
  const listing = await list(source, run.record.settings.match, signal);
  if (listing.documents.length === 0) throw nothingToRead(listing);

  const plan = await planWork(session, listing.documents, signal);
  await session.recordListing(listing);
  await recordDoneElsewhere(session, plan.elsewhere.values());
  const wanted = plan.todo.map(({ document }) => document);
  await dropUnused(wanted, run);

  await workOnAll(session, plan, signal);

  if (session.storeTrouble) throw session.storeTrouble;
  if (!session.leave.signal.aborted) {
    await recordSourceChanges(session, plan.todo.length > 0 ? listing : undefined, signal);
  }
}

/** Each document, as many at once as the executor takes. @throws {PipelineError} what stops the run. */
async function workOnAll(session: Session, { todo }: WorkPlan, signal: AbortSignal): Promise<void> {
  const { run, executor } = session.parts;
  const fatal = new AbortController();
  const stop = AbortSignal.any([signal, fatal.signal, session.leave.signal]);
  for (const each of [signal, fatal.signal]) {
    each.addEventListener('abort', () => session.progress.enter('stopping'), { once: true });
  }
  if (todo.length > 0) executor.prepare(todo.reduce((sum, { document }) => sum + document.sizeBytes, 0));
  session.chunks.documents.expect(todo.map(({ document }) => document.id));
  const inFlight = pLimit(executor.documentsInFlight);
  const fetching = pLimit(FETCHES_AT_ONCE);
  const works = todo.map(({ document, known }) =>
    inFlight(async () => {
      if (stop.aborted) return;
      let fetched: FetchedDocument | undefined;
      try {
        fetched = await fetching(() => fetchDocument(session, document, known, stop));
        await workOn(session, document, fetched, stop);
        session.recordSuccess();
      } catch (error) {
        if (stop.aborted) return;
        const reason = await session.recordFailure(document, error);
        if (reason) fatal.abort(reason);
        else if (fetched && !fetched.inPlace && !session.storeTrouble) await run.disk.remove(fetched.file);
      } finally {
        session.chunks.end(document.id);
      }
    }),
  );
  // A journal that cannot be written rejects here: that is the run's end, too.
  for (const work of works) work.catch((error: unknown) => fatal.abort(error));
  await Promise.allSettled(works);
  const isComplete = !stop.aborted && !session.storeTrouble;
  await session.chunks.close(isComplete);
  if (isComplete) await run.clearChunks();
  if (fatal.signal.aborted) throw fatal.signal.reason;
  throwIfStopped(signal);
}

/** One document, from its bytes to its end state. A document that is there twice is worked on one after the other. */
async function workOn(
  session: Session,
  document: SourceDocument,
  fetched: FetchedDocument,
  signal: AbortSignal,
): Promise<void> {
  const { ownership, chunks } = session;
  if (ownership.isWorkedOn(fetched.sha1)) chunks.documents.markWaiting(document.id);
  await ownership.alone(fetched.sha1, async () => {
    chunks.documents.markWorking(document.id);
    const pages = await readPages(session, document, fetched, signal);
    const files = await assembleOutputs(session, document, fetched, pages, signal);
    await deliverOutcome(session, document, fetched, pages, files, signal);
  });
}
