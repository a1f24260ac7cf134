export const OUTPUT_FORMATS = ['txt', 'pdf', 'hocr', 'alto', 'tsv', 'jsonl'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const ENGINE_NAMES = ['tesseract', 'tesseract.js', 'null'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** Where pages are read. */
export const EXECUTOR_NAMES = ['local', 'slurm'] as const;

/** skip: keep real text layers. redo: read again what an earlier OCR read. force: read every page. */
export const TEXT_MODES = ['skip', 'redo', 'force'] as const;
export type TextMode = (typeof TEXT_MODES)[number];

/** What to do where an output name is taken by a file this program did not make. */
export const CONFLICT_POLICIES = ['stop', 'rename', 'version', 'skip'] as const;
export type ConflictPolicy = (typeof CONFLICT_POLICIES)[number];

/** Who may read and go on with a run: its owner alone, or the group of the work folder as well. */
export const SHARING = ['none', 'group'] as const;
export type Sharing = (typeof SHARING)[number];

/** Past any of these a page fails with that reason and its worker is replaced. */
export interface PageLimits {
  readonly seconds: number;
  readonly megapixels: number;
  /** Resident memory of the worker and the engine it runs, in MiB. */
  readonly memoryMiB: number;
  /** Pages of one document that may fail in a row at one of these limits before its others are not tried; absent: the default. */
  readonly documentFailures?: number | undefined;
  /** Time of workers that the pages of one document may take, in seconds; absent: by their number. */
  readonly documentSeconds?: number | undefined;
}

export const DEFAULT_DOCUMENT_FAILURES = 10;

/** What decides the text of a page. Its digest keys the page results. */
export interface RecognitionSettings {
  /** Tesseract codes joined by `+`: `deu+frk`. */
  readonly language: string;
  readonly engine: EngineName;
  readonly mode: TextMode;
  /** Pixels an inch for pages that are drawn, and the resolution scans are brought to where that helps. */
  readonly dpi: number;
}

/** Everything a run was started with, frozen in `run.json`. */
export interface RunSettings extends RecognitionSettings {
  readonly formats: readonly OutputFormat[];
  readonly onConflict: ConflictPolicy;
  /** Glob patterns of document paths; empty takes all PDFs. */
  readonly match: readonly string[];
  readonly recursive: boolean;
  readonly limits: PageLimits;
}

export const DEFAULT_LIMITS: PageLimits = { seconds: 300, megapixels: 150, memoryMiB: 900 };
