import type { FileRepair } from '../core/describe-damage.ts';
import type { Recipe } from '../core/chunk.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { PageResult } from '../core/page.ts';
import type { PageLimits } from '../core/settings.ts';
import type { AssembledFile, AssembleRequest } from '../stages/assemble.ts';

/** What a page worker is told when it starts; plain JSON. */
export interface WorkerSetup {
  readonly recipe: Recipe;
  readonly limits: PageLimits;
  /** Path of the tesseract program; absent takes the one on PATH. */
  readonly tesseract?: string | undefined;
}

/** What a page worker can be asked to do. One request at a time; each gets one answer, or the worker dies. */
export interface WorkerCalls {
  /** Opens a PDF and counts its pages. */
  inspect: {
    request: { readonly file: string };
    answer: {
      readonly pageCount: number;
      readonly repaired: boolean;
      /** Only where it was repaired. */
      readonly repair?: FileRepair | undefined;
      /** As {@link OpenDocument.firstListings}. */
      readonly firstListings?: readonly number[] | undefined;
    };
  };
  /** Renders and recognizes one page. */
  read: {
    request: { readonly file: string; readonly pageNumber: number };
    answer: PageResult;
  };
  /** Renders and recognizes one page as `read`, from a page image in a file of its own. */
  readImage: {
    request: { readonly file: string };
    answer: PageResult;
  };
  /** Writes one page image as PNG. */
  rasterize: {
    request: { readonly file: string; readonly pageNumber: number; readonly dpi: number; readonly outFile: string };
    answer: { readonly widthPx: number; readonly heightPx: number; readonly dpi: number };
  };
  /** Counts what is in a document and looks at sample pages: how many of them have text of their own. */
  sample: {
    request: { readonly file: string; readonly pageNumbers: readonly number[] };
    answer: { readonly pageCount: number; readonly sampled: number; readonly withText: number };
  };
  /** Loads what reading a page needs, before there is a page. */
  prepare: {
    request: { /** None; */ readonly file: '' };
    answer: undefined;
  };
  /** Opens and reads a page of our own: what fails here is no document's fault. */
  probe: {
    request: { /** None; */ readonly file: '' };
    answer: { readonly readBlocks: number };
  };
  /** Writes a document's output files from its page results. */
  assemble: {
    request: AssembleRequest;
    answer: readonly AssembledFile[];
  };
}

export type WorkerCall = keyof WorkerCalls;

/** What a worker is at: told to its owner, so that a crash can be blamed on the right step. */
export type WorkStep = 'open' | 'rasterize' | 'recognize' | 'assemble';

export type ToWorker = { readonly id: number; readonly call: WorkerCall; readonly request: unknown };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'step'; readonly step: WorkStep }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorRecord };
