/** Renders all pages of PDFs as a page worker does, and does nothing with them: `PDF...`. */
import { workerParts } from '../../src/cli/worker-wiring.ts';
import { DEFAULT_LIMITS } from '../../src/core/settings.ts';

const DPI = 300;

const renderer = await workerParts.makeRenderer();
const { signal } = new AbortController();
let pixels = 0;
for (const file of process.argv.slice(2)) {
  const document = await renderer.open(file, DEFAULT_LIMITS, signal);
  try {
    for (let pageNumber = 1; pageNumber <= document.pageCount; pageNumber++) {
      const image = await document.render(pageNumber, DPI, signal);
      pixels += image.widthPx * image.heightPx;
    }
  } finally {
    await document.close();
  }
}
console.log(pixels);
