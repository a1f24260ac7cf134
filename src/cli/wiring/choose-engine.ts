import type { Recipe } from '../../core/chunk.ts';
import { makeRecipe } from '../../core/recipe.ts';
import type { RunRequest } from '../../core/run-request.ts';
import type { RecognitionSettings } from '../../core/settings.ts';
import { RENDERER_VERSION } from '../../renderers/page-renderer.ts';

/**
 * Settles which engine reads and with which models, before any page is read.
 * @throws {MissingDependencyError} `TESSERACT_MISSING`, `LANG_MISSING`: nothing was started.
 */
export async function chooseRecipe(
  request: Pick<RunRequest, 'engine' | 'tesseract'> & { readonly settings: Omit<RecognitionSettings, 'engine'> },
): Promise<Recipe> {
  const { chooseEngine } = await import('../../engines/find-engines.ts');
  const { settings } = request;
  const identity = await chooseEngine(request.engine, settings.language, request.tesseract);
  const { language, mode, dpi } = settings;
  return makeRecipe({ language, mode, dpi, engine: identity.engine }, identity, RENDERER_VERSION);
}
