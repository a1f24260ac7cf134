/** A moment of a running run. Written to `progress.json` every 2 s as its sign of life, and shown on screen. */
export interface RunProgress {
  readonly run: string;
  /** Where the scans are: a name and an ID or path. Absent in what older versions wrote. */
  readonly source?: { readonly name: string; readonly id: string } | undefined;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly startedAt: string;
  readonly host: string;
  readonly pid: number;
  readonly phase: 'listing' | 'working' | 'stopping' | 'ended';
  /** `this computer`, or `Slurm 21840317`. */
  readonly where: string;
  readonly workers: number;
  /** Counts of documents; `total` grows until the listing is complete. */
  readonly documents: {
    readonly total: number;
    readonly fetched: number;
    readonly assembled: number;
    readonly delivered: number;
    readonly failed: number;
    readonly leftOut: number;
  };
  /** `total` counts pages of documents opened so far; `estimatedTotal` adds a guess for the rest. */
  readonly pages: {
    readonly total: number;
    readonly estimatedTotal: number;
    readonly done: number;
    readonly failed: number;
    readonly faint: number;
  };
  readonly bytes: { readonly total: number; readonly fetched: number; readonly delivered: number };
  /** Pages read in the last minutes, a minute; absent at the beginning. */
  readonly pagesPerMinute?: number | undefined;
  /** Seconds that remain, as a range; absent while there is no good guess. */
  readonly secondsLeft?: readonly [low: number, high: number] | undefined;
  /** What is being read now. */
  readonly reading: readonly PageInHand[];
  /** Documents a person should look at. */
  readonly lookAt: number;
}

/** What a worker has in hand: a page, or a document that is opened or put together. */
export interface PageInHand {
  /** The document's path, as people know it. */
  readonly document: string;
  readonly pageNumber?: number | undefined;
}

/** Something worth a line while a run is on. */
export interface RunNotice {
  readonly level: 'info' | 'warn' | 'error';
  readonly code: string;
  readonly text: string;
  readonly document?: string | undefined;
  readonly pageNumber?: number | undefined;
}

/** Hears of a run while it is on. Must not throw and must return at once. */
export interface RunObserver {
  progress(progress: RunProgress): void;
  notice(notice: RunNotice): void;
}
