import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceDocument } from '../core/document.ts';
import { ConfigError, asPipelineError, EXIT, StoppedError, UsageError, type PipelineError } from '../core/errors.ts';
import { isLedgerEvent } from '../core/check-shape.ts';
import type { PageResult } from '../core/page.ts';
import { outputPath } from '../core/output-names.ts';
import { ProgressMeter } from '../core/progress-meter.ts';
import type { RunObserver } from '../core/progress.ts';
import type { RunRequest } from '../core/run-request.ts';
import { judgeRun } from '../core/verdict.ts';
import { runPipeline } from '../pipeline.ts';
import { hasDocument, list, nothingToRead } from '../stages/list.ts';
import type { Disk } from '../files/disk.ts';
import { parseLine, readLines } from '../files/ndjson.ts';
import { readRegular, UnfitFileError } from '../files/open-regular.ts';
import { RunFolder } from '../runs/run-folder.ts';
import { lockRun } from '../runs/run-lock.ts';
import { RunLog } from '../runs/run-log.ts';
import { describeOpenFolder, keepPrivate, secureRunFolder } from '../runs/run-privacy.ts';
import type { RunRecord } from '../runs/run-store.ts';
import { watchForStop } from '../runs/stop-request.ts';
import type { SessionParts } from '../session/session-parts.ts';
import { Session } from '../session/session.ts';
import type { BoxStore } from '../stores/box/box-store.ts';
import { programVersion } from '../config/program-version.ts';
import type { RunOutcome } from './contract.ts';
import { checkNotOnSlurm, saveExecutorRequest } from './executor-request.ts';
import { prepareRecord } from './prepare-record.ts';
import { openStores } from './run-stores.ts';
import { refuseWholeAccount } from './resolve-places.ts';
import { saveReport } from './save-report.ts';
import { makeExecutor, makeWorkerPool, REAL_DEPENDENCIES, type RunDependencies } from './wiring.ts';

/** Other runs of a work folder that are looked at for results to reuse, in the order of their names. */
const OTHER_RUNS = 50;

/** Starts a run, or goes on with the one that was started with the same things. */
export async function startRun(
  request: RunRequest,
  observer: RunObserver,
  signal: AbortSignal,
  dependencies: RunDependencies = REAL_DEPENDENCIES,
): Promise<RunOutcome> {
  refuseWholeAccount(request.source);
  const record = await prepareRecord(request, true, signal);
  keepPrivate(request.share ?? 'none');
  // Somebody may have made the folder beforehand, with results that go elsewhere.
  await secureRunFolder(join(request.workDir, record.name), request.share);
  await checkFirstTime(record, request, signal, dependencies);
  await using run = await RunFolder.create(request.workDir, record, dependencies.disk);
  return await workOnRun(run, request, observer, signal, dependencies);
}

/**
 * Before a run folder is made: there is something to read, and results can be put down. A run that could not begin leaves
 * nothing behind.
 * @throws {NoInputError} `NO_PDFS`, `INPUT_NOT_FOUND`. @throws {PipelineError} a place cannot be used.
 */
async function checkFirstTime(
  record: RunRecord,
  { workDir, box }: Pick<RunRequest, 'workDir' | 'box'>,
  signal: AbortSignal,
  { disk }: RunDependencies,
): Promise<void> {
  const known = await RunFolder.open(join(workDir, record.name), disk).catch((error: unknown) => {
    if (error instanceof ConfigError && error.code === 'RUN_DAMAGED') return true;
    throw error;
  });
  if (known) return;
  await checkNamedFile(record, workDir, disk);
  // A name of its own: somebody else may make the run's folder at this moment.
  const name = `.first-look-${record.name}-${process.pid}`;
  try {
    await using stores = await openStores({ ...record, name }, workDir, box, () => undefined, signal);
    if (!(await hasDocument(stores.source, record.settings.match, signal)))
      throw nothingToRead(await list(stores.source, record.settings.match, signal));
    await stores.destination.checkWritable(signal);
  } finally {
    // What a store put there to look into archives.
    await rm(join(workDir, name), { recursive: true, force: true });
  }
}

/**
 * The one file that a person named for the result is free, or holds what an earlier run put there.
 * @throws {UsageError} `OUTPUT_EXISTS`: it is somebody's, and nothing was said of that.
 */
async function checkNamedFile(record: RunRecord, workDir: string, disk: Disk): Promise<void> {
  const { stem, ids } = record.destination;
  const [format] = record.settings.formats;
  if (stem === undefined || format === undefined || record.settings.onConflict !== 'stop') return;
  const file = join(ids[0] ?? '', outputPath(stem, format));
  const sha1 = await sha1Of(file);
  if (sha1 === undefined) return;
  const { delivered } = await otherRuns(record, workDir, disk, () => undefined);
  if (delivered.has(sha1)) return;
  throw new UsageError('OUTPUT_EXISTS', `${file} is already there, not made by this program.`, {
    safe: 'Nothing was started, and the file was not touched.',
    remedy: 'Another name after --output, or add --on-conflict rename | version | skip',
  });
}

/** Of what is there, a named pipe too; undefined where nothing is, or it cannot be read. */
async function sha1Of(file: string): Promise<string | undefined> {
  const hash = createHash('sha1');
  try {
    for await (const part of readRegular(file)) hash.update(part);
  } catch (error) {
    return error instanceof UnfitFileError ? 'no file' : undefined;
  }
  return hash.digest('hex');
}

/** Damage to the run's own files, which is mended. */
function reportMendedFiles(run: RunFolder, notice: (level: 'warn', code: string, text: string) => void): void {
  if (run.begunAnew)
    notice(
      'warn',
      'RUN_DAMAGED',
      'The description of the run, run.json, was damaged: it begins anew with the pages that are sound.',
    );
  if (run.damagedEvents > 0) {
    const lines = run.damagedEvents === 1 ? '1 line' : `${run.damagedEvents} lines`;
    notice(
      'warn',
      'LEDGER_DAMAGED',
      `${lines} of the run's ledger were damaged and left out; what they told is found out again.`,
    );
  }
}

interface RunReports {
  /** A page was read, here or on a cluster. */
  readonly onPage: (sha1: string, page: PageResult) => void;
  readonly notice: (level: 'info' | 'warn', code: string, text: string) => void;
  /** Of Box. */
  readonly tell: (text: string) => void;
}

/** What happens in a run, told to its log and to whoever watches. `documents` are known by SHA-1 as they come. */
function makeReports(
  log: RunLog,
  meter: ProgressMeter,
  observer: RunObserver,
  documents: ReadonlyMap<string, SourceDocument>,
): RunReports {
  return {
    onPage(sha1, page) {
      const source = documents.get(sha1);
      const document = source?.path ?? sha1;
      const { pageNumber, error } = page;
      meter.pageRead(source?.id ?? sha1, page, Date.now());
      const level = error ? 'warn' : 'debug';
      log.write({ level, event: 'page', document, pageNumber, text: error?.code ?? page.state });
      if (error) observer.notice({ level: 'warn', code: error.code, text: error.message, document, pageNumber });
    },
    notice(level, code, text) {
      log.write({ level, event: 'executor', text });
      observer.notice({ level, code, text });
    },
    tell(text) {
      log.write({ level: 'warn', event: 'box', text });
      observer.notice({ level: 'warn', code: 'BOX', text });
    },
  };
}

/** Documents are opened and put together here, and nothing is read: few workers do. */
const COORDINATOR_WORKERS = 4;

/** Works on a run until it ends or is stopped: whoever calls has opened its folder. @throws {PipelineError} what stopped it. */
export async function workOnRun(
  run: RunFolder,
  request: Pick<RunRequest, 'workDir' | 'share' | 'jobs' | 'tesseract' | 'box' | 'executor'>,
  observer: RunObserver,
  signal: AbortSignal,
  { disk, workerEntry }: RunDependencies,
): Promise<RunOutcome> {
  await secureRunFolder(run.path, request.share);
  await using lock = await lockRun(run.path);
  await run.makeFolders();
  const started = Date.now();
  const { recipe, settings } = run.record;
  const setup = { recipe, limits: settings.limits, tesseract: request.tesseract };
  const isLocal = request.executor.kind === 'local';
  if (isLocal) await checkNotOnSlurm(run);
  const workers = isLocal ? request.jobs : Math.min(request.jobs, COORDINATOR_WORKERS);
  await using pool = await makeWorkerPool(setup, workers, workerEntry);
  const log = new RunLog(run.record.name, run.logFile, disk);
  const meter = new ProgressMeter(started);
  const documents = new Map<string, SourceDocument>();
  const { onPage, notice, tell } = makeReports(log, meter, observer, documents);
  const open = await describeOpenFolder(request.workDir, request.share ?? 'none');
  if (open !== undefined) notice('warn', 'WORK_FOLDER_OPEN', open);
  const executor = await makeExecutor({ run, request, pool, disk, documents, onPage, notice });
  await using stores = await openStores(run.record, request.workDir, request.box, tell, signal);
  await stores.source.describe(signal);
  await stores.destination.checkWritable(signal);
  const others = await otherRuns(run.record, request.workDir, disk, ({ code, message }) =>
    notice('warn', code, `Left out: ${message}`),
  );
  const parts: SessionParts = {
    run,
    source: stores.source,
    destination: stores.destination,
    findResults: findResultsIn(stores.boxResults),
    executor,
    onPage,
    leaveEarly: request.executor.kind === 'slurm' && request.executor.detach,
    pool,
    meter,
    log,
    observer,
    documents,
    programVersion: programVersion(),
    get where() {
      return executor.where;
    },
    otherRunFolders: others.folders,
    deliveredByOthers: others.delivered,
  };
  let failure: PipelineError | undefined;
  await saveExecutorRequest(run, request.executor);
  const session = await Session.begin(parts, signal);
  reportMendedFiles(run, notice);
  const stopRequest = watchForStop(run.path);
  try {
    await runPipeline(session, AbortSignal.any([signal, stopRequest.signal, lock.lost]));
  } catch (error) {
    failure = asPipelineError(error);
    if (failure instanceof StoppedError && executor.outlivesUs && signal.aborted)
      failure = detachedError(failure, run.record.name);
    if (failure.exitCode === EXIT.bug) {
      const stack = failure.cause instanceof Error ? failure.cause.stack : failure.stack;
      log.write({ level: 'error', event: 'defect', text: failure.message, stack });
    }
  }
  // Whoever cancels a run wants its jobs ended, too.
  if (stopRequest.signal.aborted)
    await session.chunks
      .close(true)
      .catch((error: unknown) => notice('warn', 'SLURM_CANCEL', asPipelineError(error).message));
  await stopRequest.close();
  await executor.close();
  if (request.executor.kind === 'slurm') {
    const { recordClusterUse } = await import('./record-cluster-use.ts');
    await recordClusterUse(run, request.executor.choices);
  }
  const exitCode = failure?.exitCode ?? judgeRun(await run.readState()).exitCode;
  await session.end(exitCode, failure).catch((error: unknown) => (failure ??= asPipelineError(error)));
  await log.close();
  const state = await run.readState();
  const reportFile = await saveReport(run, state).catch(() => undefined);
  if (failure) throw failure;
  const detached = session.leave.signal.aborted;
  return { record: run.record, folder: run.path, state, reportFile, durationMs: Date.now() - started, detached };
}

/** Who stops following a run on a cluster does not stop the run. */
function detachedError({ message }: StoppedError, name: string): StoppedError {
  return new StoppedError('DETACHED', `${message} The jobs on Slurm go on.`, {
    safe: 'Their pages are collected when the run goes on.',
    remedy: `ocr-pipeline resume ${name}   collects and goes on\nocr-pipeline cancel ${name}   ends the jobs, too`,
  });
}

async function otherRuns(
  record: RunRecord,
  workDir: string,
  disk: Disk,
  tell: (problem: PipelineError) => void,
): Promise<{ folders: string[]; delivered: Set<string> }> {
  const folders: string[] = [];
  const delivered = new Set<string>();
  // Where they may not be seen, each document is read: a run of one's own is still possible.
  const names = await RunFolder.list(workDir).catch(() => []);
  for (const name of names.slice(0, OTHER_RUNS)) {
    if (name === record.name) continue;
    const other = await RunFolder.open(join(workDir, name), disk).catch((error: unknown) =>
      tell(asPipelineError(error)),
    );
    if (!other) continue;
    if (other.record.recipe.digest === record.recipe.digest) folders.push(other.path);
    const { destination } = other.record;
    if (JSON.stringify(destination) !== JSON.stringify(record.destination)) continue;
    for await (const { text } of readLines(other.ledgerFile)) {
      // Most lines are about pages: parse only those that matter.
      if (!text.includes('"delivered"')) continue;
      const event = parseLine<unknown>(text);
      if (!isLedgerEvent(event) || event.type !== 'delivered') continue;
      for (const { sha1 } of event.outputs) delivered.add(sha1);
    }
  }
  return { folders, delivered };
}

function findResultsIn(results: BoxStore | undefined): SessionParts['findResults'] {
  return results && ((signal) => results.listResults(signal));
}
