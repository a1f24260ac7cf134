import type { PageImage, PageResult } from '../core/page.ts';
import type { RecognitionSettings } from '../core/settings.ts';
import type { OcrEngine } from '../engines/ocr-engine.ts';
import { readPageImage } from '../work/read-page.ts';

/**
 * Reads one page image, turned and straightened as needed.
 * @throws {PageError} the engine cannot read it; trying again will not help.
 * @throws {MissingDependencyError} the engine itself is gone.
 */
export async function recognize(
  image: PageImage,
  engine: OcrEngine,
  settings: RecognitionSettings,
  signal: AbortSignal,
): Promise<Pick<PageResult, 'state' | 'blocks' | 'frame' | 'confidence'>> {
  return await readPageImage(image, engine, settings, signal);
}
