import { makeRecipe } from '../../src/core/recipe.ts';
import { WorkerPool } from '../../src/work/worker-pool.ts';

/** A recipe no engine stands behind. */
export const RECIPE = makeRecipe(
  { language: 'eng', engine: 'null', mode: 'skip', dpi: 300 },
  { version: '1', models: {} },
  'renderer-1',
);

export const LIMITS = { seconds: 2, megapixels: 100, memoryMiB: 300 };

/** A pool of stand-in workers. */
export function makePool(size: number): WorkerPool {
  return new WorkerPool(new URL('./stand-in-worker.ts', import.meta.url), { recipe: RECIPE, limits: LIMITS }, size);
}
