import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import pLimit from 'p-limit';
import type { Recipe } from '../core/chunk.ts';
import {
  asPipelineError,
  DocumentError,
  NoInputError,
  PipelineError,
  throwIfStopped,
  UsageError,
} from '../core/errors.ts';
import { planOutputStems } from '../core/output-names.ts';
import { formatPages } from '../core/format-pages.ts';
import type { PageResult } from '../core/page.ts';
import type { PageLimits } from '../core/settings.ts';
import { realDisk } from '../files/disk.ts';
import { makeFolder } from '../files/make-folder.ts';
import { openPagesFile, type PagesHeader, writePagesFile } from '../runs/page-results.ts';
import { RunFolder } from '../runs/run-folder.ts';
import type { WorkerPool } from '../work/worker-pool.ts';
import { openStores } from './run-stores.ts';
import { programVersion } from '../config/program-version.ts';
import type { AssembleRequest, RasterizeRequest, RecognizeRequest, StepItem, StepTarget } from './contract.ts';
import { chooseRecipe, NO_READING } from './choose-engine.ts';
import { makeWorkerPool } from './wiring.ts';

const RESULTS = '.pages.jsonl';

interface PagesFile {
  readonly header: PagesHeader;
  readonly pages: AsyncIterable<PageResult>;
}

/** A document of a step: its name for people and outputs, and its bytes. */
interface StepDocument {
  readonly name: string;
  readonly file: string;
  readonly stem: string;
  readonly sha1?: string | undefined;
  /** The step is applied to no other. */
  readonly isOnly: boolean;
}

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
      await makeFolder(folder);
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
    if (/\.(?:png|jpe?g|tiff?|webp|pnm|pbm|pgm|ppm)$/i.test(document.file)) {
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
    await makeFolder(dirname(file));
    const sha1 = document.sha1 ?? (await sha1OfFile(document.file));
    const header = { sha1, recipe: recipe.digest, readWith: recipe, pageCount, repaired: false };
    await writePagesFile(file, header, inOrder(pages), realDisk);
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
    await makeFolder(folder);
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

/** Whether a fault is that of one page or document, and the others can go on. */
function isOfItem({ scope }: PipelineError): boolean {
  return scope === 'page' || scope === 'document';
}

/** What is wrong with the pages that were asked for; `undefined` where all are there. */
function refusePages(target: StepTarget, pageCount: number): string | undefined {
  const asked = target.kind === 'files' ? (target.pageNumbers ?? []) : [];
  const beyond = asked.filter((pageNumber) => pageNumber > pageCount);
  if (beyond.length === 0) return undefined;
  const pages = `${beyond.length === 1 ? 'page' : 'pages'} ${formatPages(beyond).replaceAll(',', ', ')}`;
  return `There is no ${pages}: it has ${pageCount === 1 ? '1 page' : `${pageCount} pages`}. Nothing of it was read.`;
}

/** Runs `work` on every page asked for, in parallel; what it gives and what goes wrong comes in page order. */
async function* eachPage(
  document: StepDocument,
  { target, limits }: { readonly target: StepTarget; readonly limits: PageLimits },
  pool: WorkerPool,
  signal: AbortSignal,
  work: (pageNumber: number, pageCount: number) => Promise<StepItem | undefined>,
): AsyncGenerator<StepItem> {
  let pageCount: number;
  try {
    const inspected = {
      call: 'inspect' as const,
      request: { file: document.file },
      timeoutMs: timeoutMs(limits),
      subject: { document: document.name },
    };
    ({ pageCount } = await pool.run(inspected, signal));
  } catch (error) {
    const failure = asPipelineError(error);
    if (!isOfItem(failure)) throw failure;
    yield { source: document.name, problem: failure.message };
    return;
  }
  const refused = refusePages(target, pageCount);
  if (refused !== undefined) {
    yield { source: document.name, problem: refused };
    return;
  }
  const all = Array.from({ length: pageCount }, (_, index) => index + 1);
  const wanted = (target.kind === 'files' ? target.pageNumbers : undefined) ?? all;
  const few = pLimit(pool.size * 2);
  const items = wanted.map((pageNumber) =>
    few(async (): Promise<StepItem | undefined> => {
      try {
        return await work(pageNumber, pageCount);
      } catch (error) {
        const failure = asPipelineError(error);
        if (!isOfItem(failure)) throw failure;
        return { source: document.name, pageNumber, problem: failure.message };
      }
    }),
  );
  // Held until it is their turn, so that one that fails early is not an unhandled rejection.
  for (const item of items) item.catch(() => undefined);
  for (const item of items) {
    const done = await item;
    if (done) yield done;
  }
}

/** Each document with its bytes here, and each that cannot be had with its reason; what was fetched goes with its turn. */
async function* openDocuments(
  { target, box }: Pick<RasterizeRequest, 'target' | 'box'>,
  signal: AbortSignal,
): AsyncGenerator<StepDocument | (StepItem & { readonly problem: string })> {
  if (target.kind === 'files') {
    yield* namedDocuments(target.files);
    return;
  }
  const run = await openRun(target);
  const documents = [...(await run.readState()).documents.values()];
  const stems = planOutputStems(documents.map(({ source }) => source.path));
  await using stores = await openStores(run.record, target.workDir, box, () => undefined, signal);
  const scratch = await mkdtemp(join(tmpdir(), 'ocr-step-'));
  try {
    for (const { source, sha1 } of documents) {
      throwIfStopped(signal);
      try {
        const known = sha1 === undefined ? source : { ...source, sha1 };
        const { file, inPlace } = await stores.source.read(known, join(scratch, 'source.pdf'), signal);
        const stem = stems.get(source.path) ?? source.path;
        yield { name: source.path, file, stem, sha1, isOnly: documents.length === 1 };
        if (!inPlace) await rm(file, { force: true });
      } catch (error) {
        if (!(error instanceof PipelineError) || error.scope !== 'document') throw error;
        yield { source: source.path, problem: error.message };
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function namedDocuments(files: readonly string[]): StepDocument[] {
  const stems = planOutputStems(files.map((file) => basename(file)));
  if (stems.size < files.length) {
    throw new UsageError('SAME_NAME', 'Several of the files have the same name; their results would have one, too.', {
      safe: 'Nothing was started.',
      remedy: 'Give them one at a time, each with its own --output.',
    });
  }
  return files.map((file) => ({
    name: basename(file),
    file,
    stem: stems.get(basename(file)) ?? basename(file),
    isOnly: files.length === 1,
  }));
}

async function openRun({ workDir, name }: Extract<StepTarget, { kind: 'run' }>): Promise<RunFolder> {
  const run = await RunFolder.open(join(workDir, name), realDisk);
  if (!run) throw new NoInputError('RUN_NOT_FOUND', `There is no run called "${name}" in ${workDir}.`);
  return run;
}

function makePool(
  recipe: Recipe,
  request: { readonly jobs: number; readonly limits: PageLimits; readonly tesseract?: string | undefined },
): Promise<WorkerPool> {
  const { limits, jobs, tesseract } = request;
  return makeWorkerPool({ recipe, limits, tesseract }, jobs);
}

async function sha1OfFile(file: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest('hex');
}

function timeoutMs(limits: PageLimits): number {
  return limits.seconds * 1_000;
}

// oxlint-disable-next-line require-await
async function* inOrder(pages: readonly PageResult[]): AsyncGenerator<PageResult> {
  yield* pages;
}
