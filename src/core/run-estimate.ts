import type { OutputFormat } from './settings.ts';

/** Documents that would not be read, or not wholly, for one reason. */
export interface PlannedSkip {
  readonly documents: number;
  readonly pages: number;
  /** Completes "6 PDFs ...": `already have text`, and "1 PDF ...": `already has text`. */
  readonly reason: string;
  /** What would change it: `--mode redo to OCR them too`. */
  readonly hint?: string | undefined;
}

/** A document that cannot be read. */
export interface PlannedFailure {
  readonly path: string;
  readonly code: string;
  /** `encrypted`, `damaged`. */
  readonly reason: string;
}

/** How long, and for how much, somewhere. */
export interface PlanEstimate {
  /** `this computer`, `savio3 (whole node)`. */
  readonly where: string;
  readonly cores: number;
  /** Absent where no sample page could be read. */
  readonly seconds?: readonly [low: number, high: number] | undefined;
  readonly cost?: { readonly unit: string; readonly low: number; readonly high: number } | undefined;
  readonly suggested: boolean;
}

/** What a run would do. Making it changes nothing. */
export interface RunPlan {
  readonly source: {
    readonly name: string;
    readonly id?: string | undefined;
    readonly foldersDeep?: number | undefined;
  };
  readonly destination: string;
  readonly toDo: {
    readonly documents: number;
    /** Among the documents: taken to be like those that were opened. */
    readonly notOpened: number;
    readonly pages: number;
    readonly sizeBytes: number;
  };
  /** Documents that an earlier run, or another computer, has done, with nothing changed since. */
  readonly alreadyDone: { readonly documents: number; readonly pages: number };
  readonly skips: readonly PlannedSkip[];
  readonly failures: readonly PlannedFailure[];
  /** Entries that are not worked on, by reason. */
  readonly leftOut: readonly {
    readonly reason: string;
    readonly entries: number;
    readonly paths?: readonly string[] | undefined;
  }[];
  readonly outputs: {
    readonly formats: readonly OutputFormat[];
    readonly perFormat: number;
    readonly namesTaken: number;
    /** Some of them. */
    readonly taken?: readonly string[] | undefined;
    /** On the disk of a folder of this computer. */
    readonly neededBytes?: number | undefined;
    readonly freeBytes?: number | undefined;
  };
  readonly scratch: { readonly neededBytes: number; readonly freeBytes?: number | undefined };
  /** Sample pages that were read for the estimate. */
  readonly samplePages: number;
  /** What was read on them, so that a wrong language is seen. */
  readonly samples?:
    | readonly { readonly path: string; readonly pageNumber: number; readonly text: string }[]
    | undefined;
  /** `reads like German; you gave eng`, where that is so. */
  readonly language?: string | undefined;
  readonly estimates: readonly PlanEstimate[];
  /** What should be known of the estimates: where rates come from, what did not answer. */
  readonly notes: readonly string[];
}

/** How far the making of a plan is. */
export interface PlanProgress {
  readonly step: 'looking' | 'listing' | 'opening' | 'reading';
  readonly done: number;
  /** Absent while it is not known. */
  readonly total?: number | undefined;
}
