import type { Settings } from './config/settings-table.ts';
import type { EngineName, RunSettings, Sharing } from './settings.ts';

/** Settings that decide how Box is reached. */
export type BoxChoices = Pick<
  Settings,
  | 'boxClientId'
  | 'boxClientSecret'
  | 'boxLoginFile'
  | 'boxCallsPerMinute'
  | 'boxUploadsPerMinute'
  | 'maxWait'
  | 'boxApiUrl'
  | 'boxUploadUrl'
  | 'boxAccountUrl'
  | 'boxWebUrl'
>;

/** Settings that decide what is asked of Slurm. */
export type SlurmChoices = Pick<
  Settings,
  | 'slurmAccount'
  | 'slurmPartition'
  | 'slurmQos'
  | 'slurmTime'
  | 'slurmNodes'
  | 'slurmCores'
  | 'slurmSbatchOptions'
  | 'slurmImage'
  | 'slurmSite'
  | 'slurmPoll'
  | 'slurmGather'
  | 'slurmPatience'
>;

/** Where pages are read. */
export type ExecutorRequest =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'slurm';
      readonly choices: SlurmChoices;
      /** Submit all there is, collect what is done, and end; another session goes on. */
      readonly detach: boolean;
    };

/** Where documents come from. */
export type SourceRequest =
  | { readonly kind: 'local'; /** Absolute: one folder, or files and folders. */ readonly paths: readonly string[] }
  | {
      readonly kind: 'box';
      /** A folder's ID, its link, or `box:Path/Name`. */
      readonly address: string;
      /** The person means the whole account, where that is what the address names. */
      readonly everything?: boolean | undefined;
    };

/** Where results go. */
export type DestinationRequest =
  | {
      readonly kind: 'local';
      /** Absolute; made when needed. Or the one file for the result, until places are settled. */
      readonly folder: string;
      /** Of one document: the name of its results, without extension. */
      readonly stem?: string | undefined;
    }
  | {
      readonly kind: 'box';
      /** As of a source; absent: a folder `OCR` inside the source. */ readonly address?: string | undefined;
    };

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
  /** How Box is reached; asked only where source or destination lie there. */
  readonly box: BoxChoices;
  readonly executor: ExecutorRequest;
  /** Absolute; holds the run folders. */
  readonly workDir: string;
  /** Who may read the run folder; absent: its owner alone, or as it is. */
  readonly share?: Sharing | undefined;
  /** Pages read at once, at least 1. */
  readonly jobs: number;
  readonly settings: Omit<RunSettings, 'engine'>;
}
