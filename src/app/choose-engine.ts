import type { Recipe } from '../core/chunk.ts';
import { makeRecipe } from '../core/recipe.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { EngineName, RecognitionSettings } from '../core/settings.ts';
import { chooseEngine } from '../engines/find-engines.ts';
import { RENDERER_VERSION } from '../renderers/page-renderer.ts';
import { realDisk } from '../files/disk.ts';
import { programVersion } from '../config/program-version.ts';
import { chooseEngineOfImage } from './container-image.ts';
import type { IdentifiedEngine } from './contract.ts';

/** A recipe for steps that open documents and read nothing. */
export const NO_READING: Recipe = makeRecipe(
  { language: 'eng', engine: 'null', mode: 'skip', dpi: 300 },
  { version: '', models: {} },
  RENDERER_VERSION,
);

/** What decides the recipe of a run. */
type RecipeRequest = Pick<RunRequest, 'engine' | 'tesseract'> & {
  readonly settings: Omit<RecognitionSettings, 'engine'>;
  /** Where pages are read, if not by this program, and where answers of images are kept. */
  readonly elsewhere?: Pick<RunRequest, 'workDir' | 'executor'> | undefined;
};

/**
 * Settles which engine reads and with which models, before any page is read: that of the image, where one is named.
 * @throws {MissingDependencyError} `TESSERACT_MISSING`, `LANG_MISSING`, `IMAGE_MISSING`: nothing was started.
 */
export async function chooseRecipe({ engine, tesseract, settings, elsewhere }: RecipeRequest): Promise<Recipe> {
  const { language, mode, dpi } = settings;
  const image = elsewhere?.executor.kind === 'slurm' ? elsewhere.executor.choices.slurmImage : undefined;
  const chosen =
    image === undefined || elsewhere === undefined
      ? await chooseEngine(engine, language, tesseract)
      : await chooseEngineOfImage(image, { engine, language, workDir: elsewhere.workDir }, realDisk);
  return makeRecipe({ language, mode, dpi, engine: chosen.engine }, chosen, RENDERER_VERSION);
}

/** What this program would read with. */
export async function identifyEngine(request: {
  readonly engine: EngineName | 'auto';
  readonly lang: string;
  readonly tesseract?: string | undefined;
}): Promise<IdentifiedEngine> {
  return {
    programVersion: programVersion(),
    engine: await chooseEngine(request.engine, request.lang, request.tesseract),
  };
}
