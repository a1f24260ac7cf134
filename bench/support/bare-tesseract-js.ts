/**
 * Reads ready page images with so many tesseract.js workers and nothing around them: `JOBS PSM IMAGE...`. PSM is a page
 * segmentation mode, or `-` for what tesseract.js takes when it is told nothing.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createWorker } from 'tesseract.js';

const [jobs, pageSegMode, ...images] = process.argv.slice(2);
const parameters: Record<string, string> =
  pageSegMode === undefined || pageSegMode === '-' ? {} : { tessedit_pageseg_mode: pageSegMode };
const require = createRequire(import.meta.url);
const langPath = join(dirname(require.resolve('@tesseract.js-data/eng/package.json')), '4.0.0_best_int');

let characters = 0;
let next = 0;

async function work(): Promise<void> {
  const worker = await createWorker('eng', undefined, { langPath, cacheMethod: 'none', errorHandler: fail });
  try {
    await worker.setParameters(parameters);
    for (let image = images[next++]; image !== undefined; image = images[next++]) {
      const { data } = await worker.recognize(image);
      characters += data.text.length;
    }
  } finally {
    await worker.terminate();
  }
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

await Promise.all(Array.from({ length: Number(jobs) }, work));
console.log(characters);
