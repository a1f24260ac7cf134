/**
 * Renders the first pages of files given as arguments, one JSON line a file: a program of its own, so that its memory
 * can be measured and it can be stopped.
 */
import { PipelineError } from '../../src/core/errors.ts';
import type { OpenDocument } from '../../src/renderers/page-renderer.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';

const MAX_PAGES = 2;
const CALM = new AbortController().signal;
const renderer = createPdfjsRenderer();

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (error) {
    return error instanceof PipelineError ? `${error.family} ${error.code}` : `unforeseen: ${String(error)}`;
  }
}

for (const file of process.argv.slice(2)) {
  const pages: string[] = [];
  let document: OpenDocument | undefined;
  const opened = await codeOf(async () => {
    document = await renderer.open(file, { megapixels: 60 }, CALM);
  });
  for (let pageNumber = 1; pageNumber <= Math.min(MAX_PAGES, document?.pageCount ?? 0); pageNumber++) {
    pages.push(await codeOf(async () => document?.readText(pageNumber, CALM)));
    pages.push(await codeOf(async () => document?.render(pageNumber, 150, CALM)));
  }
  await document?.close();
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const hasPdfjs = 'OffscreenCanvas' in globalThis;
  process.stdout.write(`${JSON.stringify({ file, opened, pages, peakMiB, hasPdfjs })}\n`);
}
