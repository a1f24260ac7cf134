import { describe, expect, it } from 'vitest';
import type { PageRenderer } from '../../src/renderers/page-renderer.ts';
import { PAGE_RENDERER_CASES } from './page-renderer-cases.ts';

/** Registers the whole suite for one renderer. */
export function describePageRenderer(name: string, makeRenderer: () => PageRenderer): void {
  describe(`PageRenderer: ${name}`, () => {
    for (const rendererCase of PAGE_RENDERER_CASES) {
      it(`keeps: ${rendererCase.name}`, async () => {
        expect.hasAssertions();
        await rendererCase.run(makeRenderer());
      });
    }
  });
}
