import type { Chunk } from '../core/chunk.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { ChunkRule } from '../core/pack-chunks.ts';
import type { WorkHandleRecord as WorkHandle } from '../core/work-handle.ts';

export type { WorkHandle };

/**
 * `lost`: known to have ended without a result, may be submitted again. `unknown`: no answer, wait and ask again.
 * `done`: its result file is complete.
 */
export type WorkState = 'waiting' | 'running' | 'done' | 'failed' | 'lost' | 'unknown';

export interface WorkStatus {
  readonly handle: WorkHandle;
  readonly state: WorkState;
  /** Pages whose results are on disk. */
  readonly pagesDone: number;
  /** Why all of it failed; only with `failed`. Stops the run when the family says so. */
  readonly error?: ErrorRecord | undefined;
}

/** Work that an earlier coordinator submitted and that may still be under way. */
export interface RecoveredWork {
  readonly handle: WorkHandle;
  readonly chunk: Chunk;
}

/** Pages that wait to be submitted. */
export interface GatheredPages {
  readonly pages: number;
  /** Since when the first of them waits. */
  readonly waitedMs: number;
  /** Nothing more will come before some of these are read: all documents are here. */
  readonly allIn: boolean;
  /** A guess of all pages of this session, those to come included. */
  readonly expectedPages: number;
}

/** Runs chunks of page work somewhere. The result file of a chunk is the truth; the states here are a second witness. */
export interface Executor {
  readonly name: string;
  /** Where pages are read, for people: `this computer`, `Slurm 21840317`. */
  readonly where: string;
  /** How long to wait between polls, in milliseconds: a scheduler is a shared thing. May change from poll to poll. */
  readonly pollIntervalMs: number;
  /** How many documents should be on their way at once to keep it busy. */
  readonly documentsInFlight: number;
  /** How many pages are read beside each other at this moment, about. */
  readonly pagesAtOnce: number;
  /** How it wants pages cut. */
  readonly chunkRule: ChunkRule;
  /** Its work goes on when this program ends, and can be waited for by the next. */
  readonly outlivesUs: boolean;
  /** Hears that documents of so many bytes, in all, will come: what takes time to start may be started. */
  prepare(sizeBytes: number): void;
  /** How many of the pages that wait should be submitted now; 0 to wait for more. */
  pagesWanted(gathered: GatheredPages): number;
  /**
   * Names the work of earlier coordinators that may still be under way, to be waited for and not submitted again. What is
   * not named is not under way, and will not be. Called once, before the first `submit`.
   */
  recover(signal: AbortSignal): Promise<readonly RecoveredWork[]>;
  /** Starts chunks. Settles when they are accepted, not when they are done; after a crash in between they are recovered. */
  submit(chunks: readonly Chunk[], signal: AbortSignal): Promise<readonly WorkHandle[]>;
  /** Asks once for all of them, whatever their number; answers in the order asked. */
  poll(handles: readonly WorkHandle[], signal: AbortSignal): Promise<readonly WorkStatus[]>;
  /** Stops them; finished pages stay. Cancelling what has ended is no error. */
  cancel(handles: readonly WorkHandle[]): Promise<void>;
  /** Lets go. Work that outlives us goes on. */
  close(): Promise<void>;
}
