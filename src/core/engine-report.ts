/** An engine that could be used, as `languages` and `doctor` show it. */
export interface EngineReport {
  readonly name: string;
  readonly available: boolean;
  readonly version?: string | undefined;
  /** Tesseract codes, without `osd`. */
  readonly languages: readonly string[];
  /** Has the model that tells which way a page is turned. */
  readonly orientation: boolean;
  /** For which processors it was compiled, where it was compiled for speed. */
  readonly compiledFor?: string | undefined;
  /** Absent where it does not apply. */
  readonly openMp?: boolean | undefined;
  /** Where it is, or why it cannot be used. */
  readonly detail: string;
}
