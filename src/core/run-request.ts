import type { EngineName, RunSettings } from './settings.ts';

/** Where documents come from. */
export type SourceRequest = { readonly kind: 'local'; /** Absolute: one folder, or files and folders. */ readonly paths: readonly string[] };

/** Where results go. */
export type DestinationRequest = { readonly kind: 'local'; /** Absolute; made when needed. */ readonly folder: string };

/** Where reading is done and with what. */
export interface EngineRequest {
  /** `auto`: native Tesseract when it is there and has the languages. */
  readonly engine: EngineName | 'auto';
  /** Absolute path of the tesseract program; absent takes the one on PATH. */
  readonly tesseract?: string | undefined;
}

/** What a person asks for: everything a run needs, checked for form, nothing looked up yet. */
export interface RunRequest extends EngineRequest {
  readonly source: SourceRequest;
  readonly destination: DestinationRequest;
  /** Absolute; holds the run folders. */
  readonly workDir: string;
  /** Pages read at once, at least 1. */
  readonly jobs: number;
  readonly settings: Omit<RunSettings, 'engine'>;
}
