import type { SourceDocument } from '../core/document.ts';
import type { FoundResult } from '../core/done-elsewhere.ts';
import type { PageResult } from '../core/page.ts';
import type { ProgressMeter } from '../core/progress-meter.ts';
import type { RunObserver } from '../core/progress.ts';
import type { Executor } from '../executors/executor.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import type { RunLog } from '../runs/run-log.ts';
import type { DocumentStore } from '../stores/document-store.ts';
import type { WorkerPool } from '../work/worker-pool.ts';

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
  /** Documents by their SHA-1, for what people see while pages are read: of several of the same bytes the last. */
  readonly documents: Map<string, SourceDocument>;
  readonly programVersion: string;
  /** `this computer`, or the scheduler's job. */
  readonly where: string;
  /** Other runs of the same work folder: their page results are good here where the recipe is the same. */
  readonly otherRunFolders: readonly string[];
  /** SHA-1s of outputs that other runs into the same destination delivered. */
  readonly deliveredByOthers: ReadonlySet<string>;
}
