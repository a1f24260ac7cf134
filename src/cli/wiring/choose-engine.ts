import type { Recipe } from '../../core/chunk.ts';
import { makeRecipe } from '../../core/recipe.ts';
import type { RunRequest } from '../../core/run-request.ts';
import type { RecognitionSettings } from '../../core/settings.ts';
import { chooseEngine } from '../../engines/find-engines.ts';
import { RENDERER_VERSION } from '../../renderers/page-renderer.ts';

/** A recipe for steps that open documents and read nothing. */
export const NO_READING: Recipe = makeRecipe(
  { language: 'eng', engine: 'null', mode: 'skip', dpi: 300 },
  { version: '', models: {} },
  RENDERER_VERSION,
);

/**
 * Settles which engine reads and with which models, before any page is read.
 * @throws {MissingDependencyError} `TESSERACT_MISSING`, `LANG_MISSING`: nothing was started.
 */
export async function chooseRecipe(
  request: Pick<RunRequest, 'engine' | 'tesseract'> & { readonly settings: Omit<RecognitionSettings, 'engine'> },
): Promise<Recipe> {
  const { language, mode, dpi } = request.settings;
  const chosen = await chooseEngine(request.engine, language, request.tesseract);
  return makeRecipe({ language, mode, dpi, engine: chosen.engine }, chosen, RENDERER_VERSION);
}
