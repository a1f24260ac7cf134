import { constants } from 'node:fs';
import { access, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import type { SourceDocument } from '../core/document.ts';
import { findDoneElsewhere, type DoneElsewhere, type FoundResult } from '../core/done-elsewhere.ts';
import { ConfigError, DocumentError, OutputError, PageError, PipelineError } from '../core/errors.ts';
import { explainErrno, hasErrno } from '../core/errno.ts';
import { describeLanguage, LanguageTally } from '../core/guess-language.ts';
import { wordsOf, type PageResult } from '../core/page.ts';
import type { OutputFormat } from '../core/settings.ts';
import type { RunRecord } from '../runs/run-store.ts';
import { outputPath, planOutputStems } from '../core/output-names.ts';
import { planSession } from '../core/plan-session.ts';
import type { PlanEstimate, PlannedFailure, PlanProgress, RunPlan } from '../core/run-estimate.ts';
import type { RunRequest } from '../core/run-request.ts';
import { foldLedger } from '../core/run-state.ts';
import { realDisk } from '../files/disk.ts';
import { RunFolder } from '../runs/run-folder.ts';
import { list, nothingToRead } from '../stages/list.ts';
import type { DocumentStore, FetchedDocument } from '../stores/document-store.ts';
import type { WorkerPool } from '../work/worker-pool.ts';
import { openStores, type RunStores } from './run-stores.ts';
import { prepareRecord } from './prepare-record.ts';
import { makeWorkerPool } from './wiring.ts';

/** Documents that are opened for a plan; a larger folder is judged by as many, evenly chosen. */
const DOCUMENTS_OPENED = 400;
/** As many where each must be downloaded first. */
const DOCUMENTS_DOWNLOADED = 5;
/** Pages a document that are looked at for text of their own. */
const PAGES_LOOKED_AT = 3;
/** Pages that are read to know how long one takes. */
const PAGES_TIMED = 6;
/** Of those, whose words are shown, and how many words. */
const SAMPLES_SHOWN = 2;
const WORDS_SHOWN = 16;
/** Names that are taken and named. */
const TAKEN_NAMED = 20;
/** Text of a page, plain or in a PDF, on disk: a printed page has some 3 kB. */
const TEXT_LAYER_BYTES_PER_PAGE = 5_000;
/** Pages differ: the range around the mean of the sample. */
const SPREAD = 0.25;
/** Page results of a printed page, on disk. Measured on the accuracy corpus: 20 to 60 kB. */
const RESULT_BYTES_PER_PAGE = 40_000;

interface Look {
  readonly document: SourceDocument;
  /** Where its bytes are. */
  readonly file: string;
  readonly pageCount: number;
  readonly sampled: number;
  readonly withText: number;
}

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
  await using scratch = await openScratch();
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

  const setup = { recipe: record.recipe, limits: record.settings.limits, tesseract: request.tesseract };
  await using pool = await makeWorkerPool(setup, request.jobs);
  const elsewhere = await findElsewhere(stores, listing.documents, record, signal);
  const documents = session.todo.map((entry) => entry.document).filter(({ id }) => !elsewhere.has(id));
  const done = session.done.filter(({ source: { id } }) => !elsewhere.has(id));
  const isLocal = record.source.kind === 'local';
  const opened = chooseEvenly(documents, isLocal ? DOCUMENTS_OPENED : DOCUMENTS_DOWNLOADED);
  const bring = (document: SourceDocument): Promise<FetchedDocument> =>
    // Of a local file only that it is there: its SHA-1 is of no use to a plan, and would cost reading it all.
    source.read(
      isLocal ? { ...document, sha1: 'unread' } : document,
      join(scratch.folder, `${documents.indexOf(document)}.pdf`),
      signal,
    );
  const { looks, failures } = await lookInto(opened, bring, pool, record.settings.limits.seconds, signal, tell);
  // What was not opened is taken to be like what was.
  const scale = documents.length / Math.max(1, opened.length);
  const pagesThere = looks.reduce((sum, look) => sum + look.pageCount, 0) * scale;
  const keptPages = looks.reduce((sum, look) => sum + look.pageCount * keptShare(look), 0) * scale;
  const { secondsAPage, samples, language } = await readSamples(
    looks.filter((look) => keptShare(look) < 1),
    record.settings.language,
    pool,
    signal,
    tell,
  );
  const pagesToRead = Math.round(pagesThere - keptPages);
  const wholly = looks.filter((look) => look.sampled > 0 && look.withText === look.sampled).length * scale;
  const sizeBytes = documents.reduce((sum, document) => sum + document.sizeBytes, 0);
  const byReason = Map.groupBy(listing.leftOut, ({ reason }) => reason);
  const { count: namesTaken, some: taken } = await findTaken(documents, record, destination, signal);
  const isLocalOutput = record.destination.kind === 'local';

  return {
    source: { name: label.name, id: label.id },
    destination:
      record.destination.kind === 'local' ? (record.destination.ids[0] ?? '') : `box:${record.destination.name}`,
    toDo: {
      documents: documents.length - failures.length,
      notOpened: documents.length - opened.length,
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
              documents: Math.round(wholly),
              pages: Math.round(keptPages),
              reason: Math.round(wholly) === 1 ? 'already has text' : 'already have text',
              hint: '--mode redo to OCR them too',
            },
          ],
    failures,
    leftOut: [...byReason].map(([reason, entries]) => ({
      reason,
      entries: entries.length,
      paths: entries.map(({ path }) => path),
    })),
    outputs: {
      formats: record.settings.formats,
      // Those that were opened and failed have none; of the others as many may fail, which nobody knows.
      perFormat: documents.length - failures.length,
      namesTaken,
      taken,
      ...(isLocalOutput
        ? {
            neededBytes: outputBytes(record.settings.formats, sizeBytes, pagesThere),
            freeBytes: await freeBytes(record.destination.ids[0] ?? ''),
          }
        : {}),
    },
    scratch: {
      neededBytes: Math.round(pagesThere * RESULT_BYTES_PER_PAGE + largest(documents) * 2),
      freeBytes: await freeBytes(request.workDir),
    },
    samplePages: secondsAPage === undefined ? 0 : Math.min(PAGES_TIMED, pagesToRead),
    samples,
    language,
    ...(await estimateAll(
      request,
      { pages: pagesToRead, secondsAPage, workerMemoryMiB: record.settings.limits.memoryMiB },
      signal,
    )),
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

/** Share of a document's pages that have text of their own, 0 to 1, by its sample. */
function keptShare(look: Look): number {
  return look.sampled === 0 ? 0 : look.withText / look.sampled;
}

function chooseEvenly<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}

async function lookInto(
  documents: readonly SourceDocument[],
  bring: (document: SourceDocument) => Promise<FetchedDocument>,
  pool: WorkerPool,
  limitSeconds: number,
  signal: AbortSignal,
  tell: (progress: PlanProgress) => void,
): Promise<{ looks: Look[]; failures: PlannedFailure[] }> {
  const looks: Look[] = [];
  const failures: PlannedFailure[] = [];
  await Promise.all(
    documents.map(async (document) => {
      const options = { timeoutMs: limitSeconds * 1_000, subject: { document: document.path } };
      try {
        const { file } = await bring(document);
        const { pageCount } = await pool.run({ call: 'inspect', request: { file }, ...options }, signal);
        const numbers = [
          ...new Set(
            chooseEvenly(
              Array.from({ length: pageCount }, (_, index) => index + 1),
              PAGES_LOOKED_AT,
            ),
          ),
        ];
        const sample = { call: 'sample' as const, request: { file, pageNumbers: numbers }, ...options };
        const { sampled, withText } = await pool.run(sample, signal).catch((error: unknown) => {
          if (error instanceof PageError) return { sampled: 0, withText: 0 };
          throw error;
        });
        looks.push({ document, file, pageCount, sampled, withText });
      } catch (error) {
        if (!(error instanceof DocumentError)) throw error;
        failures.push({ path: document.path, code: error.code, reason: error.message });
      }
      tell({ step: 'opening', done: looks.length + failures.length, total: documents.length });
    }),
  );
  return { looks, failures };
}

interface Samples {
  /** Mean seconds of one core for a page; undefined where none could be read. */
  readonly secondsAPage: number | undefined;
  readonly samples: NonNullable<RunPlan['samples']>;
  readonly language: string | undefined;
}

/** Reads a few pages out of the middle of documents: how long one takes, and what came of it. */
async function readSamples(
  looks: readonly Look[],
  asked: string,
  pool: WorkerPool,
  signal: AbortSignal,
  tell: (progress: PlanProgress) => void,
): Promise<Samples> {
  const chosen = chooseEvenly(looks, PAGES_TIMED);
  // As many at once as there are workers: with waiting in it a time would say nothing.
  const atOnce = pLimit(pool.size);
  const tally = new LanguageTally();
  let done = 0;
  tell({ step: 'reading', done, total: chosen.length });
  const read = await Promise.all(
    chosen.map(({ document, file, pageCount }) =>
      atOnce(async () => {
        const pageNumber = Math.ceil(pageCount / 2);
        const from = performance.now();
        try {
          const page = await pool.run(
            { call: 'read', request: { file, pageNumber }, timeoutMs: 600_000, subject: { document: document.path } },
            signal,
          );
          if (page.state !== 'done') return undefined;
          const elapsedMs = performance.now() - from;
          tally.addPage(page);
          return { elapsedMs, path: document.path, pageNumber, text: firstWords(page) };
        } catch (error) {
          if (error instanceof PageError || error instanceof DocumentError) return undefined;
          throw error;
        } finally {
          tell({ step: 'reading', done: ++done, total: chosen.length });
        }
      }),
    ),
  );
  const good = read.filter((each) => each !== undefined);
  const readsLike = tally.guess();
  return {
    secondsAPage:
      good.length === 0 ? undefined : good.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / good.length / 1_000,
    samples: good
      .filter(({ text }) => text !== '')
      .slice(0, SAMPLES_SHOWN)
      .map(({ path, pageNumber, text }) => ({ path, pageNumber, text })),
    language: readsLike === undefined ? undefined : describeLanguage({ readsLike, asked }),
  };
}

/** Some words from a page, as they were read. */
function firstWords(page: PageResult): string {
  const words: string[] = [];
  for (const { text } of wordsOf(page)) {
    words.push(text);
    if (words.length === WORDS_SHOWN) break;
  }
  return words.join(' ');
}

async function findTaken(
  documents: readonly SourceDocument[],
  record: Awaited<ReturnType<typeof prepareRecord>>,
  destination: DocumentStore,
  signal: AbortSignal,
): Promise<{ readonly count: number; readonly some: readonly string[] }> {
  const taken = new Set<string>();
  try {
    for await (const entry of destination.list(signal)) {
      taken.add((entry.kind === 'document' ? entry.document.path : entry.entry.path).normalize('NFC'));
    }
  } catch (error) {
    // Not there yet: nothing is taken.
    if (error instanceof PipelineError && error.family === 'NoInputError') return { count: 0, some: [] };
    throw error;
  }
  const stems = planOutputStems(
    documents.map(({ path }) => path),
    record.destination.stem,
  );
  const formats = record.settings.formats;
  const wanted = [...stems.values()].flatMap((stem) => formats.map((format) => outputPath(stem, format)));
  const found = wanted.filter((path) => taken.has(path.normalize('NFC')));
  return { count: found.length, some: found.slice(0, TAKEN_NAMED) };
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

/**
 * Whether results can be put down, without making anything.
 * @throws {OutputError} `OUTPUT_NOT_WRITABLE`. @throws {AccessError} Box would not take them.
 */
async function checkOutput(
  { destination: { kind, ids } }: RunRecord,
  destination: DocumentStore,
  signal: AbortSignal,
): Promise<void> {
  if (kind === 'box') return await destination.checkWritable(signal);
  for (let folder = ids[0] ?? '/'; ; folder = dirname(folder)) {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      if (hasErrno(error, 'ENOENT') && folder !== dirname(folder)) continue;
      throw new OutputError('OUTPUT_NOT_WRITABLE', `Results cannot be put into ${ids[0]}: ${explainErrno(error)}.`, {
        why: folder === ids[0] ? undefined : `It would be made in ${folder}.`,
        safe: 'Nothing was changed.',
        remedy: 'Another folder after --output.',
      });
    }
  }
}

/** Room for the results. A searchable PDF is its scan and some text. */
function outputBytes(formats: readonly OutputFormat[], sizeBytes: number, pages: number): number {
  return Math.round(
    (formats.includes('pdf') ? sizeBytes + pages * TEXT_LAYER_BYTES_PER_PAGE : 0) +
      formats.filter((format) => format !== 'pdf').length * pages * TEXT_LAYER_BYTES_PER_PAGE,
  );
}

function largest(documents: readonly SourceDocument[]): number {
  return documents.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0);
}

/** A folder for what must be downloaded to be looked at; gone when the plan is made. */
async function openScratch(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ocr-pipeline-plan-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Free space where the folder is or will be; undefined where the system does not tell. */
async function freeBytes(folder: string): Promise<number | undefined> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch {
      if (path === dirname(path)) return undefined;
    }
  }
}
