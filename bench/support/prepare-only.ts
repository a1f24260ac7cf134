/** Renders all pages of PDFs and prepares them for an engine as a page worker does, and reads nothing: `PDF...`. */
import { workerParts } from '../../src/app/wiring.ts';
import { analysePage } from '../../src/preparation/analyse-page.ts';
import { prepareImage } from '../../src/preparation/prepare-image.ts';
import { traitsOfLanguage } from '../../src/preparation/scripts.ts';
import { DEFAULT_LIMITS } from '../../src/core/settings.ts';

const DPI = 300;

const renderer = await workerParts.makeRenderer();
const { signal } = new AbortController();
let pixels = 0;
for (const file of process.argv.slice(2)) {
  const document = await renderer.open(file, DEFAULT_LIMITS, signal);
  try {
    for (let pageNumber = 1; pageNumber <= document.pageCount; pageNumber++) {
      const page = await document.render(pageNumber, DPI, signal);
      const traits = analysePage(page, traitsOfLanguage('eng'));
      const [likeliest] = traits.orientations;
      if (traits.blank || likeliest === undefined) continue;
      const { frame } = prepareImage(page, likeliest, traits, DPI);
      pixels += frame.widthPx * frame.heightPx;
    }
  } finally {
    await document.close();
  }
}
console.log(pixels);
