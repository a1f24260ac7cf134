import type { OcrEngine } from '../engines/ocr-engine.ts';
import type { WorkerParts } from '../work/answer-calls.ts';
import type { WorkerSetup } from '../work/protocol.ts';

/** The adapters of a page worker. Each is loaded on first use: a worker that only reads scans never loads pdf.js. */
export const workerParts: WorkerParts = {
  makeRenderer: async () => (await import('../renderers/pdfjs.ts')).createPdfjsRenderer(),
  makeEngine,
  makeThumbnail: async (image) => (await import('../renderers/image-files.ts')).makeThumbnail(image),
  writePng: async (image, outFile) => (await import('../renderers/image-files.ts')).writePng(image, outFile),
  readImageFile: async (file, megapixels) =>
    (await import('../renderers/image-files.ts')).readImageFile(file, megapixels),
};

async function makeEngine({ recipe, tesseract }: WorkerSetup): Promise<OcrEngine> {
  const { openEngine } = await import('../engines/find-engines.ts');
  const { engine, language, engineVersion: version, models } = recipe;
  return await openEngine(engine, language, tesseract, { name: engine, version, models });
}
