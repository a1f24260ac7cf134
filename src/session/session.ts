import { hostname } from 'node:os';
import { asPipelineError, type PipelineError } from '../core/errors.ts';
import type { FoundResult } from '../core/done-elsewhere.ts';
import type { SourceDocument } from '../core/document.ts';
import type { LedgerEvent } from '../core/ledger.ts';
import { planOutputStems } from '../core/output-names.ts';
import type { PageResult } from '../core/page.ts';
import type { ProgressMeter } from '../core/progress-meter.ts';
import type { RunObserver, RunProgress } from '../core/progress.ts';
import type { RunState } from '../core/run-state.ts';
import type { Executor } from '../executors/executor.ts';
import { ChunkTracker } from './chunk-tracker.ts';
import { PageResultIndex } from '../runs/page-results.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import type { RunLog } from '../runs/run-log.ts';
import type { Listing } from '../stages/list.ts';
import type { DocumentStore } from '../stores/document-store.ts';
import type { WorkerPool } from '../work/worker-pool.ts';

/** How often observers hear of progress, and how often it is written as a sign of life. */
const OBSERVE_MS = 250;
const SIGN_OF_LIFE_MS = 2_000;

/** What a session works with; built by wiring. */
export interface SessionParts {
  readonly run: RunFolder;
  readonly source: DocumentStore;
  readonly destination: DocumentStore;
  /** Results that other machines have put there, where the destination can tell. */
  readonly findResults?: ((signal: AbortSignal) => AsyncIterable<FoundResult>) | undefined;
  readonly executor: Executor;
  /** Hears of each page whose result is here. */
  readonly onPage: (sha1: string, page: PageResult) => void;
  /** Submit all there is, collect what is done, and leave; another session goes on. */
  readonly leaveEarly: boolean;
  /** This machine's workers: they open documents and put outputs together, wherever pages are read. */
  readonly pool: WorkerPool;
  readonly meter: ProgressMeter;
  readonly log: RunLog;
  readonly observer: RunObserver;
  /** Paths of documents by their SHA-1, for what people see while pages are read. */
  readonly names: Map<string, string>;
  readonly programVersion: string;
  /** `this computer`, or the scheduler's job. */
  readonly where: string;
  /** Other runs of the same work folder: their page results are good here where the recipe is the same. */
  readonly otherRunFolders: readonly string[];
  /** SHA-1s of outputs that other runs into the same destination delivered. */
  readonly deliveredByOthers: ReadonlySet<string>;
}

/** The event without its time, which the session adds. */
type NewEvent = LedgerEvent extends infer E ? (E extends LedgerEvent ? Omit<E, 'at'> : never) : never;

/** One life of a run, from start to stop or end: its ledger, its progress, and whose fault a failure is. */
export class Session {
  readonly parts: SessionParts;
  readonly startedAt = new Date();
  readonly results: PageResultIndex;
  readonly chunks: ChunkTracker;
  /** Aborts when a session that leaves early has nothing more to do but to wait. */
  readonly leave = new AbortController();
  /** As the ledger told it when the session began. */
  state: RunState;
  stems: ReadonlyMap<string, string> = new Map();
  /** A store that cannot be reached: work that needs none goes on, then the run stops and can be resumed. */
  storeTrouble: PipelineError | undefined;
  #phase: RunProgress['phase'] = 'listing';
  readonly #ours: Set<string>;
  readonly #contents = new Map<string, Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];

  private constructor(parts: SessionParts, state: RunState, results: PageResultIndex) {
    this.parts = parts;
    this.state = state;
    this.results = results;
    const { run, executor } = parts;
    const { recipe, settings } = run.record;
    let chunksMade = 0;
    this.chunks = new ChunkTracker({
      executor,
      // No earlier session of the run had as many before it.
      makeChunk: (ranges) => ({
        id: `${state.sessions.length + 1}-${++chunksMade}`,
        ranges,
        recipe,
        limits: settings.limits,
      }),
      // Where pages are read elsewhere, this is the first that is heard of them.
      onDone: (chunk) =>
        results.add(run.chunkResultFile(chunk.id), true, executor.outlivesUs ? parts.onPage : undefined),
      onAllWaiting: parts.leaveEarly ? () => this.leave.abort() : undefined,
    });
    this.#ours = new Set(parts.deliveredByOthers);
    for (const document of state.documents.values()) for (const output of document.outputs) this.#ours.add(output.sha1);
  }

  /** Opens a session: reads the ledger and what earlier ones left, and notes its own beginning. */
  static async begin(parts: SessionParts, signal: AbortSignal): Promise<Session> {
    const results = new PageResultIndex(parts.run.record.recipe.digest);
    const session = new Session(parts, await parts.run.readState(), results);
    const underWay = await session.chunks.recover(signal);
    await results.scan(parts.run.chunksFolder, (chunkId) => underWay.has(chunkId));
    await session.journal({
      type: 'session-started',
      host: hostname(),
      pid: process.pid,
      programVersion: parts.programVersion,
    });
    session.#startTelling();
    return session;
  }

  journal(...events: NewEvent[]): Promise<void> {
    const at = new Date().toISOString();
    return this.parts.run.append(events.map((event) => ({ at, ...event })));
  }

  /** Notes a whole listing; what it no longer holds is no longer part of the run. */
  async listed(listing: Listing): Promise<void> {
    const { documents, leftOut } = listing;
    const { meter } = this.parts;
    this.stems = planOutputStems(documents.map(({ path }) => path));
    for (let start = 0; start < documents.length; start += 1_000) {
      await this.journal(
        ...documents.slice(start, start + 1_000).map((source) => ({ type: 'listed' as const, source })),
      );
    }
    for (let start = 0; start < leftOut.length; start += 1_000) {
      await this.journal(...leftOut.slice(start, start + 1_000).map((entry) => ({ type: 'left-out' as const, entry })));
    }
    await this.journal({ type: 'listing-complete', documents: documents.length, leftOut: leftOut.length });
    meter.documents.total = documents.length;
    meter.documents.leftOut = leftOut.length;
    meter.bytes.total = documents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#phase = 'working';
  }

  /** Runs `work` alone among those of the same content: a document that is there twice is read once. */
  async alone<T>(sha1: string, work: () => Promise<T>): Promise<T> {
    const before = this.#contents.get(sha1) ?? Promise.resolve();
    const mine = before.then(work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#contents.set(sha1, settled);
    try {
      return await mine;
    } finally {
      if (this.#contents.get(sha1) === settled) this.#contents.delete(sha1);
    }
  }

  /** A document of the same content is being worked on. */
  isWorkedOn(sha1: string): boolean {
    return this.#contents.has(sha1);
  }

  isOurs(sha1: string): boolean {
    return this.#ours.has(sha1);
  }

  delivered(sha1s: Iterable<string>): void {
    for (const sha1 of sha1s) this.#ours.add(sha1);
  }

  /**
   * Decides whose fault an error of one document's work is: its own (noted; true), a store's (kept for later; true), or the
   * run's (false: the run stops).
   */
  async recordFailure({ id: document, path: label, sizeBytes }: SourceDocument, error: unknown): Promise<boolean> {
    const failure = asPipelineError(error);
    const { log, meter, observer } = this.parts;
    if (failure.scope === 'document' || failure.scope === 'page') {
      await this.journal({ type: 'document-failed', document, error: failure.toRecord() });
      meter.documentFailed(document, sizeBytes);
      log.write({
        level: 'warn',
        event: 'document-failed',
        document: label,
        text: `${failure.message} [${failure.code}]`,
      });
      observer.notice({ level: 'warn', code: failure.code, text: failure.message, document: label });
      return true;
    }
    if (failure.scope === 'store') {
      if (!this.storeTrouble) observer.notice({ level: 'warn', code: failure.code, text: failure.message });
      this.storeTrouble ??= failure;
      return true;
    }
    return false;
  }

  #progress(): RunProgress {
    const { run, meter, pool, where, executor } = this.parts;
    return {
      run: run.record.name,
      at: new Date().toISOString(),
      startedAt: this.startedAt.toISOString(),
      host: hostname(),
      pid: process.pid,
      phase: this.#phase,
      where,
      workers: executor.pagesAtOnce,
      reading: pool.active,
      ...meter.read(Date.now()),
    };
  }

  #startTelling(): void {
    const { observer, run } = this.parts;
    const tell = setInterval(() => observer.progress(this.#progress()), OBSERVE_MS);
    const write = setInterval(() => void run.writeProgress(this.#progress()), SIGN_OF_LIFE_MS);
    for (const timer of [tell, write]) this.#timers.push(timer.unref());
    observer.progress(this.#progress());
    void run.writeProgress(this.#progress());
  }

  /** Shown while pages in hand are finished. */
  stopping(): void {
    this.#phase = 'stopping';
    this.parts.observer.progress(this.#progress());
  }

  /** Notes the end; the last word in the ledger. */
  async end(exitCode: number, error: PipelineError | undefined): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#phase = 'ended';
    const progress = this.#progress();
    this.parts.observer.progress(progress);
    await this.parts.run.writeProgress(progress);
    const durationMs = Date.now() - this.startedAt.getTime();
    await this.journal({ type: 'session-ended', exitCode, error: error?.toRecord(), durationMs });
  }
}
