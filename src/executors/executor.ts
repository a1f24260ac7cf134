import type { Chunk } from '../core/chunk.ts';
import type { ErrorRecord } from '../core/errors.ts';
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

/** Runs chunks of page work somewhere. The result file of a chunk is the truth; the states here are a second witness. */
export interface Executor {
  readonly name: string;
  /** How long to wait between polls, in milliseconds: a scheduler is a shared thing. */
  readonly pollIntervalMs: number;
  /** How many documents should be on their way at once to keep it busy. */
  readonly documentsInFlight: number;
  /** Starts chunks. Settles when they are accepted, not when they are done. */
  submit(chunks: readonly Chunk[], signal: AbortSignal): Promise<readonly WorkHandle[]>;
  /** Asks once for all of them, whatever their number; answers in the order asked. */
  poll(handles: readonly WorkHandle[], signal: AbortSignal): Promise<readonly WorkStatus[]>;
  /** Stops them; finished pages stay. Cancelling what has ended is no error. */
  cancel(handles: readonly WorkHandle[]): Promise<void>;
  close(): Promise<void>;
}
