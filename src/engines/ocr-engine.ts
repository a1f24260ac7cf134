import type { PageImage, RecognizedPage } from '../core/page.ts';

/** What did the reading, for the recipe and for the methods paragraph. */
export interface EngineIdentity {
  readonly name: string;
  /** As the engine prints it: `5.3.0`. */
  readonly version: string;
  /** Lower-case hex SHA-256 of each language's model file, by Tesseract code. */
  readonly models: Readonly<Record<string, string>>;
}

export interface RecognizeOptions {
  /** Page segmentation mode, 0 to 13, as tesseract(1) numbers them. */
  readonly pageSegMode: number;
  /** The page may hold light text on dark ground: let the engine try lines inverted too. */
  readonly mayBeInverted: boolean;
}

/**
 * Turns page images into text. Every call settles, and a bad page leaves the engine usable. The answer does not depend
 * on earlier pages. Reads one page at a time: parallelism comes from many engines.
 */
export interface OcrEngine {
  readonly identity: EngineIdentity;
  /**
   * @throws {PageError} `ENGINE_FAILED`, `IMAGE_UNREADABLE`: the image cannot be read.
   * @throws {MissingDependencyError} the engine or its language data has gone: every page would fail.
   */
  recognize(image: PageImage, options: RecognizeOptions, signal: AbortSignal): Promise<RecognizedPage>;
  close(): Promise<void>;
}
