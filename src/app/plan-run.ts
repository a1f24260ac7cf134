import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceDocument } from '../core/document.ts';
import { findDoneElsewhere, type DoneElsewhere, type FoundResult } from '../core/done-elsewhere.ts';
import { ConfigError } from '../core/errors.ts';
import { planSession } from '../core/plan-session.ts';
import type { PlanEstimate, PlannedFailure, PlanProgress, RunPlan } from '../core/run-estimate.ts';
import type { RunRequest } from '../core/run-request.ts';
import { foldLedger } from '../core/run-state.ts';
import { realDisk } from '../files/disk.ts';
import { RunFolder } from '../runs/run-folder.ts';
import type { RunRecord } from '../runs/run-store.ts';
import { list, nothingToRead } from '../stages/list.ts';
import type { DocumentStore, FetchedDocument } from '../stores/document-store.ts';
import { checkOutput, freeBytes, planOutputs } from './plan-outputs.ts';
import {
  chooseEvenly,
  PAGES_TIMED,
  readSamplePages,
  sampleDocuments,
  shareWithText,
  type SampleReading,
} from './plan-samples.ts';
import { prepareRecord } from './prepare-record.ts';
import { openStores, type RunStores } from './run-stores.ts';
import { makeWorkerPool } from './wiring.ts';

/** Documents that are opened for a plan; a larger folder is judged by as many, evenly chosen. */
const DOCUMENTS_OPENED = 400;
/** As many where each must be downloaded first. */
const DOCUMENTS_DOWNLOADED = 5;
/** Pages differ: the range around the mean of the sample. */
const SPREAD = 0.25;
/** Page results of a printed page, on disk. Measured on the accuracy corpus: 20 to 60 kB. */
const RESULT_BYTES_PER_PAGE = 40_000;

/** Says what a run would do, from the listing and from samples; changes nothing. */
export async function planRun(
  request: RunRequest,
  signal: AbortSignal,
  tell: (progress: PlanProgress) => void = () => undefined,
): Promise<RunPlan> {
  tell({ step: 'looking', done: 0 });
  const record = await prepareRecord(request, false, signal);
  await using stores = await openStores(record, request.workDir, request.box, () => undefined, signal);
  const { source, destination } = stores;
  await checkOutput(record, destination, signal);
  const label = await source.describe(signal);
  const listing = await list(countListed(source, tell), request.settings.match, signal);
  if (listing.documents.length === 0) throw nothingToRead(listing);
  // A damaged one is begun anew by the run itself.
  const known = await RunFolder.open(`${request.workDir}/${record.name}`, realDisk).catch((error: unknown) => {
    if (error instanceof ConfigError && error.code === 'RUN_DAMAGED') return undefined;
    throw error;
  });
  const session = planSession(listing.documents, known ? await known.readState() : foldLedger([]));

  const elsewhere = await findElsewhere(stores, listing.documents, record, signal);
  const documents = session.todo.map((entry) => entry.document).filter(({ id }) => !elsewhere.has(id));
  const done = session.done.filter(({ source: { id } }) => !elsewhere.has(id));
  const { opened, failures, pages, keptPages, wholly, reading } = await sampleSource(
    source,
    documents,
    record,
    request,
    signal,
    tell,
  );
  const pagesToRead = Math.round(pages - keptPages);
  const sizeBytes = documents.reduce((sum, document) => sum + document.sizeBytes, 0);
  const byReason = Map.groupBy(listing.leftOut, ({ reason }) => reason);

  return {
    source: { name: label.name, id: label.id },
    destination:
      record.destination.kind === 'local' ? (record.destination.ids[0] ?? '') : `box:${record.destination.name}`,
    toDo: {
      documents: documents.length - failures.length,
      notOpened: documents.length - opened,
      pages: pagesToRead,
      sizeBytes,
    },
    alreadyDone: {
      documents: done.length + elsewhere.size,
      pages: [...done, ...elsewhere.values()].reduce((sum, { pageCount }) => sum + (pageCount ?? 0), 0),
    },
    skips:
      wholly === 0
        ? []
        : [
            {
              documents: wholly,
              pages: Math.round(keptPages),
              reason: wholly === 1 ? 'already has text' : 'already have text',
              hint: '--mode redo to OCR them too',
            },
          ],
    failures,
    leftOut: [...byReason].map(([reason, entries]) => ({
      reason,
      entries: entries.length,
      paths: entries.map(({ path }) => path),
    })),
    outputs: await planOutputs(record, destination, { documents, failures: failures.length, sizeBytes, pages }, signal),
    scratch: {
      neededBytes: Math.round(pages * RESULT_BYTES_PER_PAGE + largest(documents) * 2),
      freeBytes: await freeBytes(request.workDir),
    },
    samplePages: reading.secondsAPage === undefined ? 0 : Math.min(PAGES_TIMED, pagesToRead),
    samples: reading.samples,
    language: reading.language,
    ...(await estimateAll(
      request,
      { pages: pagesToRead, secondsAPage: reading.secondsAPage, workerMemoryMiB: record.settings.limits.memoryMiB },
      signal,
    )),
  };
}

/** What a source holds, as its samples tell: numbers are of all its documents. */
interface SourceSample {
  /** Documents that were opened. */
  readonly opened: number;
  readonly failures: readonly PlannedFailure[];
  readonly pages: number;
  /** Pages of them that have text of their own. */
  readonly keptPages: number;
  /** Documents of which all pages have. */
  readonly wholly: number;
  readonly reading: SampleReading;
}

/** Opens documents, evenly chosen, and reads some of their pages. */
async function sampleSource(
  source: DocumentStore,
  documents: readonly SourceDocument[],
  record: RunRecord,
  { tesseract, jobs }: Pick<RunRequest, 'tesseract' | 'jobs'>,
  signal: AbortSignal,
  tell: (progress: PlanProgress) => void,
): Promise<SourceSample> {
  const { recipe, settings } = record;
  await using scratch = await openScratch();
  await using pool = await makeWorkerPool({ recipe, limits: settings.limits, tesseract }, jobs);
  const isLocal = record.source.kind === 'local';
  const opened = chooseEvenly(documents, isLocal ? DOCUMENTS_OPENED : DOCUMENTS_DOWNLOADED);
  const fetch = (document: SourceDocument): Promise<FetchedDocument> =>
    // Of a local file only that it is there: its SHA-1 is of no use to a plan, and would cost reading it all.
    source.read(
      isLocal ? { ...document, sha1: 'unread' } : document,
      join(scratch.folder, `${documents.indexOf(document)}.pdf`),
      signal,
    );
  const { sampled, failures } = await sampleDocuments(opened, fetch, pool, settings.limits.seconds, signal, tell);
  const toRead = sampled.filter((each) => shareWithText(each) < 1);
  const reading = await readSamplePages(toRead, settings.language, pool, signal, tell);
  // What was not opened is taken to be like what was.
  const scale = documents.length / Math.max(1, opened.length);
  return {
    opened: opened.length,
    failures,
    pages: sampled.reduce((sum, { pageCount }) => sum + pageCount, 0) * scale,
    keptPages: sampled.reduce((sum, each) => sum + each.pageCount * shareWithText(each), 0) * scale,
    wholly: Math.round((sampled.length - toRead.length) * scale),
    reading,
  };
}

/** Documents whose results lie in Box already, whichever machine put them there. */
async function findElsewhere(
  { boxResults }: RunStores,
  documents: readonly SourceDocument[],
  { settings: { formats }, recipe }: Awaited<ReturnType<typeof prepareRecord>>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DoneElsewhere>> {
  if (!boxResults) return new Map();
  const results: FoundResult[] = [];
  for await (const result of boxResults.listResults(signal)) results.push(result);
  return new Map(
    findDoneElsewhere(documents, results, { formats, recipeDigest: recipe.digest }).map((each) => [
      each.document.id,
      each,
    ]),
  );
}

/** How long here, and on the cluster where one was asked for. */
async function estimateAll(
  { jobs, executor }: RunRequest,
  work: { readonly pages: number; readonly secondsAPage: number | undefined; readonly workerMemoryMiB: number },
  signal: AbortSignal,
): Promise<Pick<RunPlan, 'estimates' | 'notes'>> {
  const seconds = work.secondsAPage === undefined ? undefined : (work.pages * work.secondsAPage) / jobs;
  const here: PlanEstimate = {
    where: 'this computer',
    cores: jobs,
    seconds: seconds === undefined ? undefined : [seconds * (1 - SPREAD), seconds * (1 + SPREAD)],
    suggested: executor.kind === 'local',
  };
  if (executor.kind === 'local') return { estimates: [here], notes: [] };
  const { estimateOnSlurm } = await import('./estimate-on-slurm.ts');
  const { estimates, notes } = await estimateOnSlurm(executor.choices, work, signal);
  return { estimates: [here, ...estimates], notes };
}

/** The source, telling of each entry that it lists. */
function countListed(source: DocumentStore, tell: (progress: PlanProgress) => void): Pick<DocumentStore, 'list'> {
  return {
    async *list(signal) {
      let done = 0;
      for await (const entry of source.list(signal)) {
        if (entry.kind === 'document') tell({ step: 'listing', done: ++done });
        yield entry;
      }
    },
  };
}

function largest(documents: readonly SourceDocument[]): number {
  return documents.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0);
}

/** A folder for what must be downloaded to be looked at; gone when the plan is made. */
async function openScratch(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ocr-pipeline-plan-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
