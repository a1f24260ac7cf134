import { hostname } from 'node:os';
import type { SourceDocument } from '../core/document.ts';
import { asPipelineError, type PipelineError } from '../core/errors.ts';
import type { LedgerEvent } from '../core/ledger.ts';
import { planOutputStems } from '../core/output-names.ts';
import type { RunState } from '../core/run-state.ts';
import { DocumentFailureWatch } from '../core/systemic-failure.ts';
import { RUN_FORMAT } from '../runs/run-folder.ts';
import { PageResultIndex } from '../runs/page-results.ts';
import type { Listing } from '../stages/list.ts';
import { ChunkTracker } from './chunk-tracker.ts';
import { Ownership } from './ownership.ts';
import { ProgressReports } from './progress-reports.ts';
import type { SessionParts } from './session-parts.ts';

/** The event without its time, which the session adds. */
type NewEvent = LedgerEvent extends infer E ? (E extends LedgerEvent ? Omit<E, 'at'> : never) : never;

/** One life of a run, from start to stop or end: its ledger, its progress, and whose fault a failure is. */
export class Session {
  readonly parts: SessionParts;
  readonly startedAt = new Date();
  readonly results: PageResultIndex;
  readonly chunks: ChunkTracker;
  readonly ownership: Ownership;
  readonly progress: ProgressReports;
  /** Aborts when a session that leaves early has nothing more to do but to wait. */
  readonly leave = new AbortController();
  /** As the ledger told it when the session began. */
  state: RunState;
  stems: ReadonlyMap<string, string> = new Map();
  /** A store that cannot be reached: work that needs none goes on, then the run stops and can be resumed. */
  storeTrouble: PipelineError | undefined;
  readonly #failuresInARow = new DocumentFailureWatch();

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
      onPartial: executor.outlivesUs ? (pages) => parts.meter.readElsewhere(pages) : undefined,
      onAllWaiting: parts.leaveEarly ? () => this.leave.abort() : undefined,
    });
    parts.pool.moreToCome = () => !this.chunks.documents.describe().allIn;
    const delivered = [...state.documents.values()].flatMap(({ outputs }) => outputs.map(({ sha1 }) => sha1));
    this.ownership = new Ownership([...parts.deliveredByOthers, ...delivered]);
    this.progress = new ProgressReports(parts, this.startedAt);
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
      format: RUN_FORMAT,
    });
    session.progress.start();
    return session;
  }

  journal(...events: NewEvent[]): Promise<void> {
    const at = new Date().toISOString();
    return this.parts.run.append(events.map((event) => ({ at, ...event })));
  }

  /** Notes a whole listing; what it no longer holds is no longer part of the run. */
  async recordListing(listing: Listing): Promise<void> {
    const { documents, leftOut } = listing;
    const { meter } = this.parts;
    const { stem } = this.parts.run.record.destination;
    this.stems = planOutputStems(
      documents.map(({ path }) => path),
      stem,
    );
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
    this.progress.enter('working');
  }

  /** A document came to its end: what failed before it was not the environment's fault. */
  recordSuccess(): void {
    this.#failuresInARow.recordSuccess();
  }

  /**
   * Decides whose fault an error of one document's work is: its own (noted), or a store's (kept for later), so that the others go
   * on; or the environment's or the run's.
   * @returns the error that stops the run; undefined where nothing does.
   */
  async recordFailure(
    { id: document, path: label, sizeBytes }: SourceDocument,
    error: unknown,
  ): Promise<PipelineError | undefined> {
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
      return this.#failuresInARow.observe(document, failure.toRecord());
    }
    if (failure.scope === 'store') {
      if (!this.storeTrouble) observer.notice({ level: 'warn', code: failure.code, text: failure.message });
      this.storeTrouble ??= failure;
      return undefined;
    }
    return failure;
  }

  /** Notes the end; the last word in the ledger. */
  async end(exitCode: number, error: PipelineError | undefined): Promise<void> {
    await this.progress.end();
    const durationMs = Date.now() - this.startedAt.getTime();
    await this.journal({ type: 'session-ended', exitCode, error: error?.toRecord(), durationMs });
  }
}
