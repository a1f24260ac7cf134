import { access, readdir, writeFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../files/is-there.ts';
import { ConfigError } from '../core/errors.ts';
import { hideSecrets } from '../core/safe-json.ts';
import { isLedgerEvent, isRunProgress, isRunRecord } from '../core/check-shape.ts';
import type { LedgerEvent } from '../core/ledger.ts';
import type { RunProgress } from '../core/progress.ts';
import { digestOf } from '../core/recipe.ts';
import { foldLedger, type RunState } from '../core/run-state.ts';
import type { AppendFile, Disk } from '../files/disk.ts';
import { parseLine, readLines, sealLine } from '../files/ndjson.ts';
import { UnfitFileError } from '../files/open-regular.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import type { RunRecord, RunStore } from './run-store.ts';
import { hasErrno, isErrnoOf, readErrno } from '../core/errno.ts';
import { unreadableRun, unreadableWorkDir } from './unreadable-run.ts';

/**
 * The format of a run folder's files, raised where an older program would take them for something else. 1, which is not written:
 * lines without checksums, run.json without a digest.
 */
export const RUN_FORMAT = 2;

/** Hex digits of a digest that file names carry: enough for 10^9 documents. */
const DIGEST_DIGITS = 16;

/** Longest run.json: it names every file that was given as an input. */
const MAX_RECORD_BYTES = 1 << 26;

/** Below a run folder: results of chunks, and what was ordered from a cluster. */
export const CHUNKS_FOLDER = 'chunks';
export const WAVES_FOLDER = 'waves';

/**
 * One run on disk, and the only place that knows where its files are:
 *
 *     run.json  ledger.ndjson  lock.<n>.json  progress.json  log.ndjson  report.html  files.csv  documents.csv
 *     chunks/<id>.partial      results while they come in; renamed to <id>.ndjson when complete
 *     chunks/<id>.<job>.partial   the same, of work on a cluster: each try has its own
 *     waves/                   what was ordered from a cluster, and the logs of its tasks
 *     documents/<sha1>/pages-<recipe>.ndjson   a document's page results, in page order
 *     documents/<sha1>/work/   what is being made or waits to be delivered
 *     fetched/                 documents brought here, while needed
 */
export class RunFolder implements RunStore, AsyncDisposable {
  readonly path: string;
  readonly record: RunRecord;
  readonly disk: Disk;
  #ledger: AppendFile | undefined;
  #damagedEvents = 0;
  #begunAnew = false;
  #pending: Promise<void> = Promise.resolve();
  #queued: { lines: string; settled: PromiseWithResolvers<void> } | undefined;

  private constructor(path: string, record: RunRecord, disk: Disk) {
    this.path = path;
    this.record = record;
    this.disk = disk;
  }

  /**
   * Makes a run folder, or opens the one of the same name if it was started with the same things. Where its description is
   * damaged it is written anew, as the name says what the run was started with; the old one is kept beside it.
   * @throws {ConfigError} `RUN_DIFFERS`: it was started with others.
   */
  static async create(workDir: string, record: RunRecord, disk: Disk): Promise<RunFolder> {
    const path = join(workDir, record.name);
    const known = await RunFolder.open(path, disk).catch((error: unknown) => {
      if (error instanceof ConfigError && error.code === 'RUN_DAMAGED') return error;
      throw error;
    });
    if (known instanceof RunFolder) {
      if (whatItIs(known.record) !== whatItIs(record)) throw anotherRun(path);
      return known;
    }
    const run = new RunFolder(path, record, disk);
    run.#begunAnew = known !== undefined;
    await run.makeFolders();
    const file = join(path, 'run.json');
    if (known) await disk.rename(file, `${file}.damaged`);
    await disk.writeWhole(file, writeRecord(record));
    return run;
  }

  /** Makes the folders below it that are not there: a new run has none, and people remove what looks like scratch. */
  async makeFolders(): Promise<void> {
    for (const name of ['', CHUNKS_FOLDER, 'documents', 'fetched']) {
      const folder = join(this.path, name);
      if (!(await isThere(folder))) await this.disk.makeFolder(folder);
    }
  }

  /**
   * Opens a run folder; undefined where there is none.
   * @throws {ConfigError} `RUN_DAMAGED`: its run.json is no such file. @throws {AccessError} `RUN_NOT_READABLE`: it is not ours.
   */
  static async open(path: string, disk: Disk): Promise<RunFolder | undefined> {
    let text: string;
    try {
      ({ text } = await readSmallFile(join(path, 'run.json'), MAX_RECORD_BYTES));
    } catch (error) {
      if (error instanceof UnfitFileError) throw damaged(path, error.problem, error);
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      if (readErrno(error)) throw await unreadableRun(path, error);
      throw error;
    }
    return new RunFolder(path, parseRecord(path, text), disk);
  }

  /**
   * Names of the runs in a work folder, in alphabetical order, those that may not be read too; none where there is no folder.
   * @throws {AccessError} `WORK_DIR_NOT_READABLE`: this person may not see what is in it.
   */
  static async list(workDir: string): Promise<string[]> {
    const entries = await readdir(workDir, { withFileTypes: true }).catch(async (error: unknown) => {
      if (isErrnoOf(error, 'access')) throw await unreadableWorkDir(workDir, error);
      return [];
    });
    const names: string[] = [];
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      const isRun = await access(join(workDir, entry.name, 'run.json')).then(
        () => true,
        (error: unknown) => isErrnoOf(error, 'access'),
      );
      if (isRun) names.push(entry.name);
    }
    return names.sort();
  }

  get ledgerFile(): string {
    return join(this.path, 'ledger.ndjson');
  }

  get logFile(): string {
    return join(this.path, 'log.ndjson');
  }

  get reportFile(): string {
    return join(this.path, 'report.html');
  }

  /** Every scan and result, for spreadsheets and scripts. */
  get filesTable(): string {
    return join(this.path, 'files.csv');
  }

  get documentsTable(): string {
    return join(this.path, 'documents.csv');
  }

  get chunksFolder(): string {
    return join(this.path, CHUNKS_FOLDER);
  }

  chunkPartialFile(chunkId: string): string {
    return join(this.chunksFolder, `${chunkId}.partial`);
  }

  chunkResultFile(chunkId: string): string {
    return join(this.chunksFolder, `${chunkId}.ndjson`);
  }

  /** Work ordered from a cluster; see executors/slurm/store/wave-store.ts. */
  get wavesFolder(): string {
    return join(this.path, WAVES_FOLDER);
  }

  /** Removes results of chunks that nobody needs any more: every document has come to its end. */
  async clearChunks(): Promise<void> {
    for (const name of await readdir(this.chunksFolder).catch(() => []))
      await this.disk.remove(join(this.chunksFolder, name));
  }

  documentFolder(sha1: string): string {
    return join(this.path, 'documents', sha1);
  }

  /** Where a document's page results are, in page order, once all are known. */
  pagesFile(sha1: string): string {
    return join(this.documentFolder(sha1), `pages-${this.record.recipe.digest.slice(0, DIGEST_DIGITS)}.ndjson`);
  }

  /** What is made for a document and not yet delivered. */
  artifactsFolder(sha1: string): string {
    return join(this.documentFolder(sha1), 'work');
  }

  fetchedFile(key: string): string {
    return join(this.path, 'fetched', `${key}.pdf`);
  }

  append(events: readonly LedgerEvent[]): Promise<void> {
    if (events.length === 0) return Promise.resolve();
    const lines = events.map((event) => sealLine(withCleanError(event))).join('');
    // Events that arrive while a write is under way share the next one, and its sync.
    if (this.#queued) {
      this.#queued.lines += lines;
      return this.#queued.settled.promise;
    }
    const queued = { lines, settled: Promise.withResolvers<void>() };
    this.#queued = queued;
    this.#pending = this.#pending.then(async () => {
      this.#queued = undefined;
      try {
        this.#ledger ??= await this.disk.openAppend(this.ledgerFile);
        await this.#ledger.append(queued.lines);
        await this.#ledger.sync();
        queued.settled.resolve();
      } catch (error) {
        // Half a line may be there: opening anew closes it off before anything follows.
        await this.#ledger?.close().catch(() => undefined);
        this.#ledger = undefined;
        queued.settled.reject(error);
      }
    });
    return queued.settled.promise;
  }

  /** Its description was damaged, and was written anew. */
  get begunAnew(): boolean {
    return this.#begunAnew;
  }

  /** Lines of the ledger that were left out as damaged when it was last read; torn ends of killed runs do not count. */
  get damagedEvents(): number {
    return this.#damagedEvents;
  }

  async *load(): AsyncGenerator<LedgerEvent> {
    this.#damagedEvents = 0;
    for await (const { text } of readLines(this.ledgerFile, refuseUnfit)) {
      const event = parseLine<unknown>(text);
      if (isLedgerEvent(event)) {
        if (event.type === 'session-started') refuseNewer(this.path, event.format);
        yield event;
      } else if (text !== '' && !isTorn(text)) this.#damagedEvents++;
    }
  }

  /** Folds the whole ledger. */
  async readState(): Promise<RunState> {
    const events: LedgerEvent[] = [];
    for await (const event of this.load()) events.push(event);
    return foldLedger(events);
  }

  async writeProgress(progress: RunProgress): Promise<void> {
    const path = join(this.path, 'progress.json');
    try {
      // No fsync and not through `disk`: it is worth nothing after a crash.
      await writeFile(`${path}.tmp`, JSON.stringify(progress));
      await rename(`${path}.tmp`, path);
    } catch {
      // A full disk shows itself in the writes that matter.
    }
  }

  async readProgress(): Promise<RunProgress | undefined> {
    try {
      const progress: unknown = JSON.parse((await readSmallFile(join(this.path, 'progress.json'))).text);
      return isRunProgress(progress) ? (progress as RunProgress) : undefined;
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#pending;
    await this.#ledger?.close();
    this.#ledger = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function refuseUnfit(error: UnfitFileError): never {
  throw new ConfigError(
    'RUN_DAMAGED',
    `${error.message}.`,
    {
      why: 'It is where the run notes what it has done.',
      safe: 'Nothing was changed.',
      remedy: 'Move it away; then the same command. Pages that were read are not read again.',
    },
    { cause: error },
  );
}

function damaged(path: string, problem: string, cause: unknown): ConfigError {
  return new ConfigError(
    'RUN_DAMAGED',
    `${join(path, 'run.json')} ${problem}.`,
    {
      why: 'A disk failed, or something else wrote there.',
      safe: 'The pages that were read are kept.',
      remedy:
        'The same ocr-pipeline run command as before: it begins anew, and reads no page again whose result is sound.',
    },
    { cause },
  );
}

/** All that decides what a run reads and where results go. */
function whatItIs({ source, destination, settings, recipe }: RunRecord): string {
  return digestOf([source, destination, settings, recipe.digest]);
}

function anotherRun(path: string): ConfigError {
  return new ConfigError('RUN_DIFFERS', `The run folder ${path} was made for another run.`, {
    why: 'Its name fits, and its run.json has other documents, another destination or other settings.',
    safe: 'Nothing was started.',
    remedy: 'Take another work folder with --work-dir, or move that one away.',
  });
}

/** The file's text: the record, its format, and a digest of both. */
function writeRecord(record: RunRecord): string {
  const whole = { ...record, format: RUN_FORMAT };
  return `${JSON.stringify({ ...whole, digest: digestOf(whole) }, null, 2)}\n`;
}

/** Parses what {@link writeRecord}, or an older version, wrote. @throws {ConfigError} `RUN_DAMAGED`, `RUN_NEWER`. */
function parseRecord(path: string, text: string): RunRecord {
  let parsed: ({ readonly digest?: string } & Partial<RunRecord>) | null;
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (cause) {
    throw damaged(path, 'is not readable', cause);
  }
  if (typeof parsed !== 'object' || parsed === null) throw damaged(path, 'is not readable', undefined);
  const { digest, ...record } = parsed;
  const isOld = digest === undefined && record.format === undefined;
  // A newer version may make its digest in another way; ours, beside another number, means that the number was damaged.
  if (digestOf({ ...record, format: RUN_FORMAT }) !== digest) refuseNewer(path, record.format);
  if (!isOld && digestOf(record) !== digest) throw damaged(path, 'is not as it was written', undefined);
  if (!isRunRecord(record)) throw damaged(path, 'does not hold all that a run is made of', undefined);
  return record as RunRecord;
}

/** @throws {ConfigError} `RUN_NEWER`: a later version of the program wrote the folder. */
function refuseNewer(path: string, format: number | undefined): void {
  if (typeof format !== 'number' || format <= RUN_FORMAT) return;
  throw new ConfigError('RUN_NEWER', `The run in ${path} was written by a newer version of ocr-pipeline.`, {
    why: `Its files have format ${format}; this version knows formats up to ${RUN_FORMAT}.`,
    safe: 'Nothing was changed.',
    remedy: 'Use the newer version for it, or another work folder: --work-dir.',
  });
}

/** A line that a killed process left unfinished, rather than one that was damaged later. */
function isTorn(text: string): boolean {
  return !text.endsWith('}');
}

/** Errors may quote what came from outside; names of documents stay as they are. */
function withCleanError(event: LedgerEvent): LedgerEvent {
  return 'error' in event && event.error !== undefined ? { ...event, error: hideSecrets(event.error) } : event;
}
