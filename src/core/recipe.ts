import { createHash } from 'node:crypto';
import type { Recipe } from './chunk.ts';
import type { RecognitionSettings } from './settings.ts';

/** Raised whenever our own preparation of page images changes what is read, so that old results are not reused. */
export const PREPARATION_REVISION = 1;

/** Puts together all that decides a page's result, and its digest: 40 hex digits, equal for equal recipes. */
export function makeRecipe(
  settings: RecognitionSettings,
  engine: { readonly version: string; readonly models: Readonly<Record<string, string>> },
  rendererVersion: string,
): Recipe {
  const parts = {
    language: settings.language,
    engine: settings.engine,
    mode: settings.mode,
    dpi: settings.dpi,
    engineVersion: engine.version,
    models: Object.fromEntries(Object.entries(engine.models).sort(([a], [b]) => (a < b ? -1 : 1))),
    rendererVersion,
    preparation: PREPARATION_REVISION,
  };
  return { ...parts, digest: digestOf(parts) };
}

/** SHA-256 of a JSON value, cut to 40 hex digits. Keys must come in a fixed order. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 40);
}
