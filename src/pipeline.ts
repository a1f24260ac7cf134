import pLimit from 'p-limit';
import type { SourceDocument } from './core/document.ts';
import { findDoneElsewhere, type DoneElsewhere, type FoundResult } from './core/done-elsewhere.ts';
import { DocumentError, NoInputError, throwIfStopped } from './core/errors.ts';
import type { PageEntry } from './core/ledger.ts';
import { planSession, type SessionPlan } from './core/plan-session.ts';
import type { DocumentState } from './core/run-state.ts';
import { recordSourceChanges } from './session/record-source-changes.ts';
import { readPages } from './session/read-pages.ts';
import type { Session } from './session/session.ts';
import { deliver } from './stages/deliver.ts';
import { dropUnused, fetch } from './stages/fetch.ts';
import { list, type Listing } from './stages/list.ts';
import type { FetchedDocument } from './stores/document-store.ts';
import type { AssembledFile } from './stages/assemble.ts';

/** Documents that are brought here at once; more only share the same line. */
const FETCHES_AT_ONCE = 4;

/**
 * Runs the stages over a folder: list, fetch, rasterize, recognize, assemble, deliver. Documents flow: while pages of one
 * are read the next is fetched and the last is delivered. Pages are rasterized and recognized wherever the executor works.
 * @throws {PipelineError} whatever stops a run. All that is finished is kept, and the same call goes on from there.
 */
export async function runPipeline(session: Session, signal: AbortSignal): Promise<void> {
  const { run, source, executor } = session.parts;
  const listing = await list(source, run.record.settings.match, signal);
  if (listing.documents.length === 0) throw nothingToDo(listing);
  const plan = await planWork(session, listing.documents, signal);
  await session.listed(listing);
  for (const {
    document: { id: document, sha1, sizeBytes },
    pageCount,
    outputs,
  } of plan.elsewhere.values()) {
    const inspected = { type: 'inspected' as const, document, pageCount, repaired: false };
    await session.journal(
      { type: 'fetched', document, sha1, sizeBytes },
      inspected,
      { type: 'delivered', document, outputs },
      { type: 'document-done', document },
    );
    await run.disk.remove(run.artifactsFolder(sha1));
  }
  await dropUnused(
    plan.todo.map(({ document }) => document),
    run,
  );

  const fatal = new AbortController();
  const stop = AbortSignal.any([signal, fatal.signal, session.leave.signal]);
  for (const asked of [signal, fatal.signal]) asked.addEventListener('abort', () => session.stopping(), { once: true });
  session.chunks.documents.expect(plan.todo.map(({ document }) => document.id));
  const inFlight = pLimit(executor.documentsInFlight);
  const fetching = pLimit(FETCHES_AT_ONCE);
  const works = plan.todo.map(({ document, known }) =>
    inFlight(async () => {
      if (stop.aborted) return;
      let fetched: FetchedDocument | undefined;
      try {
        fetched = await fetching(() => bring(session, document, known, stop));
        await workOn(session, document, fetched, stop);
      } catch (error) {
        if (stop.aborted) return;
        if (!(await session.recordFailure(document, error))) fatal.abort(error);
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
  if (session.storeTrouble) throw session.storeTrouble;
  if (isComplete) await recordSourceChanges(session, plan.todo.length > 0 ? listing : undefined, signal);
}

/** One document, from its bytes to its end state. A document that is there twice is worked on one after the other. */
async function workOn(
  session: Session,
  document: SourceDocument,
  fetched: FetchedDocument,
  signal: AbortSignal,
): Promise<void> {
  const { documents } = session.chunks;
  if (session.isWorkedOn(fetched.sha1)) documents.park(document.id);
  await session.alone(fetched.sha1, async () => {
    documents.unpark(document.id);
    const pages = await readPages(session, document, fetched, signal);
    const files = await assemble(session, document, fetched, pages, signal);
    await handOver(session, document, fetched, pages, files, signal);
  });
}

/** What is to be done: all but what is done already, unchanged, and still where it was put. */
async function planWork(
  session: Session,
  documents: readonly SourceDocument[],
  signal: AbortSignal,
): Promise<SessionPlan & { readonly elsewhere: ReadonlyMap<string, DoneElsewhere> }> {
  const { destination, meter } = session.parts;
  const plan = planSession(documents, session.state);
  const elsewhere = await lookElsewhere(session, documents, signal);
  const looking = pLimit(16);
  const gone = new Set<string>();
  const look = async (state: DocumentState): Promise<void> => {
    for (const output of state.outputs) if (!(await destination.stillHas(output, signal))) gone.add(state.source.id);
  };
  await Promise.all(plan.done.map((state) => looking(() => look(state))));
  const done = plan.done.filter(({ source }) => !gone.has(source.id));
  for (const { source, pageCount } of done) {
    meter.opened(source.id, pageCount ?? 0, source.sizeBytes);
    meter.foundPages(pageCount ?? 0);
    for (const step of ['fetched', 'assembled', 'delivered'] as const) meter.documents[step]++;
  }
  const again = new Map(plan.done.filter(({ source }) => gone.has(source.id)).map((state) => [state.source.id, state]));
  const known = new Map(plan.todo.map((entry) => [entry.document.id, entry.known]));
  const todo = documents
    .filter(({ id }) => (known.has(id) || again.has(id)) && !elsewhere.has(id))
    .map((document) => ({ document, known: known.get(document.id) ?? again.get(document.id) }));
  return { todo, done, elsewhere };
}

/** Documents that another machine has done, by ID. One listing of the destination tells. */
async function lookElsewhere(
  session: Session,
  documents: readonly SourceDocument[],
  signal: AbortSignal,
): Promise<Map<string, DoneElsewhere>> {
  const { findResults, run, meter } = session.parts;
  const results: FoundResult[] = [];
  for await (const result of findResults?.(signal) ?? []) {
    results.push(result);
    if (result.unchanged) session.delivered([result.sha1]);
  }
  const { recipe, settings } = run.record;
  const all = findDoneElsewhere(documents, results, { formats: settings.formats, recipeDigest: recipe.digest });
  const done = all.filter(({ document }) => session.state.documents.get(document.id)?.stage !== 'done');
  for (const { document, pageCount } of done) {
    meter.opened(document.id, pageCount, document.sizeBytes);
    meter.foundPages(pageCount);
    for (const step of ['fetched', 'assembled', 'delivered'] as const) meter.documents[step]++;
  }
  return new Map(done.map((each) => [each.document.id, each]));
}

/** Stage fetch: the document's bytes on this machine. What the ledger knows of an unchanged version is not asked again. */
async function bring(
  session: Session,
  document: SourceDocument,
  known: DocumentState | undefined,
  signal: AbortSignal,
): Promise<FetchedDocument> {
  throwIfStopped(signal);
  const { source, run, meter } = session.parts;
  if (session.storeTrouble) throw session.storeTrouble;
  const sha1 = known?.sha1 ?? document.sha1;
  const fetched = await fetch(sha1 === undefined ? document : { ...document, sha1 }, source, run, signal);
  if (known?.sha1 !== fetched.sha1) {
    await session.journal({ type: 'fetched', document: document.id, sha1: fetched.sha1, sizeBytes: fetched.sizeBytes });
  }
  session.parts.names.set(fetched.sha1, document.path);
  meter.documents.fetched++;
  meter.bytes.fetched += fetched.sizeBytes;
  return fetched;
}

/** Stage assemble: the document's outputs, made in the run folder from its page results. */
async function assemble(
  session: Session,
  document: SourceDocument,
  { file, sha1, sizeBytes }: FetchedDocument,
  pages: readonly PageEntry[],
  signal: AbortSignal,
): Promise<readonly AssembledFile[]> {
  const { run, pool, meter, programVersion } = session.parts;
  const { settings } = run.record;
  if (pages.every(([, state]) => state === 'failed')) return [];
  const folder = run.artifactsFolder(sha1);
  await run.disk.makeFolder(folder);
  const files = await pool.run(
    {
      call: 'assemble',
      request: {
        sourceFile: file,
        sourceSha1: sha1,
        documentPath: document.path,
        pagesFile: run.pagesFile(sha1),
        folder,
        baseName: 'output',
        formats: settings.formats,
        recipe: run.record.recipe,
        programVersion,
      },
      // Half a second a page and a hundred MB in ten seconds: far beyond what is usual.
      timeoutMs: settings.limits.seconds * 1_000 + pages.length * 500 + sizeBytes / 10_000,
      subject: { document: document.path },
      urgent: true,
    },
    signal,
  );
  meter.documents.assembled++;
  return files;
}

/** Stage deliver: outputs to their destination; then the document has its end state. */
async function handOver(
  session: Session,
  document: SourceDocument,
  fetched: FetchedDocument,
  pages: readonly PageEntry[],
  files: readonly AssembledFile[],
  signal: AbortSignal,
): Promise<void> {
  const { run, source, destination, meter } = session.parts;
  const { recipe, settings } = run.record;
  // The results must be those of the file that is there, not of one changed in between.
  if (fetched.inPlace) await source.read({ ...document, sha1: fetched.sha1 }, fetched.file, signal);
  const confidences = pages.flatMap(([, , confidence]) => (confidence === null ? [] : [confidence]));
  const mean = confidences.reduce((sum, value) => sum + value, 0) / Math.max(1, confidences.length);
  session.delivered(files.map(({ sha1 }) => sha1));
  const outputs = await deliver(
    files,
    destination,
    {
      stem: session.stems.get(document.path) ?? document.path,
      onConflict: settings.onConflict,
      isOurs: (sha1) => session.isOurs(sha1),
      properties: {
        ocrStatus: pages.some(([, state]) => state === 'failed') ? 'partial' : 'done',
        engine: recipe.engine,
        version: recipe.engineVersion,
        confidence: mean.toFixed(1),
        pages: String(pages.length),
        sourceFileId: document.id,
        sourceSha1: fetched.sha1,
        recipe: recipe.digest,
      },
    },
    signal,
  );
  await session.journal({ type: 'delivered', document: document.id, outputs });
  meter.documents.delivered++;
  meter.bytes.delivered += outputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await run.disk.remove(run.artifactsFolder(fetched.sha1));
  if (!fetched.inPlace) await run.disk.remove(fetched.file);
  const failed = pages.filter(([, state]) => state === 'failed');
  if (failed.length > 0) throw pagesFailed(failed, pages.length);
  await session.journal({ type: 'document-done', document: document.id });
}

function pagesFailed(failed: readonly PageEntry[], pageCount: number): DocumentError {
  const first = failed[0]?.[4];
  const message =
    failed.length === pageCount && first
      ? pageCount === 1
        ? first.message
        : `None of its ${pageCount} pages could be read. ${first.message}`
      : `${failed.length} of ${pageCount} pages could not be read.`;
  const codes = new Set(failed.map(([, , , , error]) => error?.code));
  const code = failed.length === pageCount && codes.size === 1 && first ? first.code : 'PAGES_FAILED';
  return new DocumentError(code, message, {
    why: first?.message,
    safe:
      failed.length === pageCount ? undefined : 'The other pages are delivered; the failed ones are empty in the text.',
    remedy: 'The same command tries the failed pages again, and only those.',
  });
}

function nothingToDo({ leftOut }: Listing): NoInputError {
  const reasons = new Map<string, number>();
  for (const { reason } of leftOut) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const counts = [...reasons].map(([reason, count]) => `${count}: ${reason}`).join(' ');
  return new NoInputError('NO_PDFS', 'There are no PDFs to read here.', {
    why: leftOut.length === 0 ? 'The folder is empty.' : `${leftOut.length} left out. ${counts}`,
    safe: 'Nothing was started.',
    remedy: 'Check the folder after --input, and --match if you gave it.',
  });
}
