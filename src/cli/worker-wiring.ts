import type { OcrEngine } from '../engines/ocr-engine.ts';
import type { WorkerParts } from '../work/answer-calls.ts';
import type { WorkerSetup } from '../work/protocol.ts';

/** The adapters of a page worker. Each is loaded on first use: a worker that only reads scans never loads pdf.js. */
export const workerParts: WorkerParts = {
  makeRenderer: async () => (await import('../renderers/pdfjs.ts')).createPdfjsRenderer(),
  makeEngine,
  makeThumbnail: async (image) => (await import('../renderers/image-files.ts')).makeThumbnail(image),
  writePng: async (image, outFile) => (await import('../renderers/image-files.ts')).writePng(image, outFile),
  readImageFile: async (file, megapixels) => (await import('../renderers/image-files.ts')).readImageFile(file, megapixels),
};

/**
 * The engine the recipe names. The owner looked at what is installed before the run began; looking again, with the models'
 * digests, would cost each worker a tenth of a second.
 */
async function makeEngine({ recipe, tesseract }: WorkerSetup): Promise<OcrEngine> {
  const { engine, language } = recipe;
  if (engine !== 'tesseract') return await (await import('../engines/find-engines.ts')).openEngine(engine, language);
  const [{ NativeTesseract }, { findTesseract }, { tesseractMissing }] = await Promise.all([
    import('../engines/tesseract-native.ts'),
    import('../engines/native-installation.ts'),
    import('../engines/engine-errors.ts'),
  ]);
  const program = await findTesseract(tesseract);
  if (program === undefined) throw tesseractMissing(tesseract);
  return new NativeTesseract(program, language, { name: engine, version: recipe.engineVersion, models: recipe.models });
}
