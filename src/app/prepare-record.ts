import type { Recipe } from '../core/chunk.ts';
import { digestOf } from '../core/recipe.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { RunSettings } from '../core/settings.ts';
import { programVersion } from '../config/program-version.ts';
import type { RunRecord, StoreReference } from '../runs/run-store.ts';
import { chooseRecipe } from './choose-engine.ts';
import { findPlaces } from './run-stores.ts';
import { resolvePlaces } from './resolve-places.ts';

/** All that makes a run what it is, settled before anything is started; `make` as of `findPlaces`. @throws {UsageError} `OUTPUT_IS_INPUT`. */
export async function prepareRecord(asked: RunRequest, make: boolean, signal: AbortSignal): Promise<RunRecord> {
  const request = await resolvePlaces(asked);
  const recipe = await chooseRecipe({ ...request, elsewhere: request });
  const { source, destination } = await findPlaces(request, make, signal);
  const settings: RunSettings = { ...request.settings, engine: recipe.engine };
  return {
    name: nameRun(source, destination, settings, recipe),
    createdAt: new Date().toISOString(),
    programVersion: programVersion(),
    source,
    destination,
    settings,
    recipe,
  };
}

/** A word of the source's name and six hex digits of all that makes the run what it is. */
function nameRun(source: StoreReference, destination: StoreReference, settings: RunSettings, recipe: Recipe): string {
  const word = source.name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\.pdf$/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 24);
  return `${word || 'run'}-${digestOf([source, destination, settings, recipe.digest]).slice(0, 6)}`;
}
