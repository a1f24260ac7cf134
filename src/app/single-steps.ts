import { basename, dirname, join } from 'node:path';
import { programVersion } from '../config/program-version.ts';
import type { Recipe } from '../core/chunk.ts';
import { asPipelineError, DocumentError, throwIfStopped } from '../core/errors.ts';
import { formatPages } from '../core/format-pages.ts';
import type { PageResult } from '../core/page.ts';
import type { PageLimits } from '../core/settings.ts';
import { diskOver } from '../files/disk.ts';
import { realFileSystem } from '../files/file-system.ts';
import { openPagesFile, type PagesHeader, writePagesFile } from '../runs/page-results.ts';
import type { WorkerPool } from '../work/worker-pool.ts';
import { chooseRecipe, NO_READING } from './choose-engine.ts';
import type { AssembleRequest, RasterizeRequest, RecognizeRequest, StepItem } from './contract.ts';
import {
  eachPage,
  isOfItem,
  isPageImage,
  openDocuments,
  openRun,
  refusePages,
  sha1OfFile,
  timeoutMs,
} from './step-documents.ts';
import { makeWorkerPool } from './wiring.ts';

const RESULTS = '.pages.jsonl';

interface PagesFile {
  readonly header: PagesHeader;
  readonly pages: AsyncIterable<PageResult>;
}

/** Where a step puts what it makes. */
const outputDisk = diskOver(realFileSystem, '--output');

/** Writes page images: `page-0001.png` for one document, in a folder of its own for each of several. */
export async function* rasterizePages(request: RasterizeRequest, signal: AbortSignal): AsyncGenerator<StepItem> {
  await using pool = await makePool(NO_READING, request);
  for await (const document of openDocuments(request, signal)) {
    if ('problem' in document) {
      yield document;
      continue;
    }
    const folder = document.isOnly ? request.outputFolder : join(request.outputFolder, document.stem);
    yield* eachPage(document, request, pool, signal, async (pageNumber, pageCount) => {
      await outputDisk.makeFolder(folder);
      const outFile = join(
        folder,
        `page-${String(pageNumber).padStart(Math.max(4, String(pageCount).length), '0')}.png`,
      );
      const wanted = { file: document.file, pageNumber, dpi: request.dpi, outFile };
      await pool.run(
        {
          call: 'rasterize',
          request: wanted,
          timeoutMs: timeoutMs(request.limits),
          subject: { document: document.name },
        },
        signal,
      );
      return { source: document.name, pageNumber, file: outFile };
    });
  }
}

/** Reads PDFs or page images; a document's page results go to one file, in page order. */
export async function* recognizePages(request: RecognizeRequest, signal: AbortSignal): AsyncGenerator<StepItem> {
  const recipe = await chooseRecipe({
    engine: request.engine,
    tesseract: request.tesseract,
    settings: request.recognition,
  });
  await using pool = await makePool(recipe, request);
  for await (const document of openDocuments(request, signal)) {
    if ('problem' in document) {
      yield document;
      continue;
    }
    const pages: PageResult[] = [];
    const readOne = async (pageNumber: number, isImage: boolean): Promise<PageResult> => {
      const options = { timeoutMs: timeoutMs(request.limits), subject: { document: document.name, pageNumber } };
      try {
        return isImage
          ? await pool.run({ call: 'readImage', request: { file: document.file }, ...options }, signal)
          : await pool.run({ call: 'read', request: { file: document.file, pageNumber }, ...options }, signal);
      } catch (error) {
        const failure = asPipelineError(error);
        if (!isOfItem(failure)) throw failure;
        return { pageNumber, state: 'failed', error: failure.toRecord(), blocks: [] };
      }
    };
    let pageCount = 1;
    if (await isPageImage(document.file)) {
      const problem = refusePages(request.target, 1);
      if (problem !== undefined) {
        yield { source: document.name, problem };
        continue;
      }
      pages.push(await readOne(1, true));
    } else {
      const problems = eachPage(document, request, pool, signal, async (pageNumber, ofAll) => {
        pageCount = ofAll;
        pages.push(await readOne(pageNumber, false));
        return undefined;
      });
      let failed = false;
      for await (const problem of problems) {
        failed = true;
        yield problem;
      }
      if (failed) continue;
    }
    pages.sort((a, b) => a.pageNumber - b.pageNumber);
    const file = join(request.outputFolder, document.stem + RESULTS);
    await outputDisk.makeFolder(dirname(file));
    const sha1 = document.sha1 ?? (await sha1OfFile(document.file));
    const header = { sha1, recipe: recipe.digest, readWith: recipe, pageCount, repaired: false };
    await writePagesFile(file, header, inOrder(pages), outputDisk);
    for (const { pageNumber, error } of pages)
      if (error) yield { source: document.name, pageNumber, problem: error.message };
    yield { source: document.name, file };
  }
}

/** Puts page results together as outputs. */
export async function* assembleDocuments(request: AssembleRequest, signal: AbortSignal): AsyncGenerator<StepItem> {
  const run = request.target.kind === 'run' ? await openRun(request.target) : undefined;
  const recipe = run?.record.recipe ?? NO_READING;
  await using pool = await makePool(recipe, request);
  for await (const document of openDocuments(request, signal)) {
    throwIfStopped(signal);
    if ('problem' in document) {
      yield document;
      continue;
    }
    const pagesFile = run ? run.pagesFile(document.sha1 ?? '') : join(request.resultsFolder, document.stem + RESULTS);
    const opened = await openPagesFile(pagesFile);
    if (!opened) {
      yield { source: document.name, problem: `There are no page results in ${pagesFile}.` };
      continue;
    }
    const missing = await findMissingPages(opened);
    const sourceSha1 = document.sha1 ?? (await sha1OfFile(document.file));
    if (opened.header.sha1 !== '' && opened.header.sha1 !== sourceSha1) {
      yield { source: document.name, problem: `The page results in ${pagesFile} are of another file. Read it again.` };
      continue;
    }
    const folder = join(request.outputFolder, dirname(document.stem));
    await outputDisk.makeFolder(folder);
    const wanted = {
      sourceFile: document.file,
      sourceSha1,
      documentPath: document.name,
      pagesFile,
      folder,
      baseName: basename(document.stem),
      formats: request.formats,
      recipe: run ? recipe : (opened.header.readWith ?? recipe),
      fillMissing: true,
      programVersion: programVersion(),
    };
    if (missing.length > 0) yield { source: document.name, problem: describeMissingPages(missing) };
    try {
      const files = await pool.run(
        { call: 'assemble', request: wanted, timeoutMs: 3_600_000, subject: { document: document.name } },
        signal,
      );
      for (const { file } of files) yield { source: document.name, file };
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      yield { source: document.name, problem: error.message };
    }
  }
}

/** Numbers of the PDF's pages that have no result. */
async function findMissingPages({ header, pages }: PagesFile): Promise<number[]> {
  const there = new Set<number>();
  for await (const { pageNumber } of pages) there.add(pageNumber);
  return Array.from({ length: header.pageCount }, (_, index) => index + 1).filter((n) => !there.has(n));
}

function describeMissingPages(pageNumbers: readonly number[]): string {
  const pages = formatPages(pageNumbers).replaceAll(',', ', ');
  return pageNumbers.length === 1
    ? `Page ${pages} was not read: it is empty in the outputs.`
    : `Pages ${pages} were not read: they are empty in the outputs.`;
}

function makePool(
  recipe: Recipe,
  request: { readonly jobs: number; readonly limits: PageLimits; readonly tesseract?: string | undefined },
): Promise<WorkerPool> {
  const { limits, jobs, tesseract } = request;
  return makeWorkerPool({ recipe, limits, tesseract }, jobs);
}

// oxlint-disable-next-line require-await
async function* inOrder(pages: readonly PageResult[]): AsyncGenerator<PageResult> {
  yield* pages;
}
