import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PageError } from '../core/errors.ts';
import type { OcrEngine } from '../engines/ocr-engine.ts';
import { isFaint } from '../core/faint-page.ts';
import type { PageImage, PageResult } from '../core/page.ts';
import type { OpenDocument, PageRenderer } from '../renderers/page-renderer.ts';
import { decideText } from '../core/text-layer.ts';
import { assemble, type AssembleRequest } from '../stages/assemble.ts';
import { rasterize } from '../stages/rasterize.ts';
import { recognize } from '../stages/recognize.ts';
import { makeProbeImage } from './probe-page.ts';
import type { WorkerCall, WorkerCalls, WorkerSetup, WorkStep } from './protocol.ts';

/** The adapters a worker works with; built by its wiring, lazily, since not every worker needs each. */
export interface WorkerParts {
  makeRenderer(): Promise<PageRenderer>;
  makeEngine(setup: WorkerSetup): Promise<OcrEngine>;
  /** A small grey picture for the report: WebP, base64, about 160 px wide. */
  makeThumbnail(image: PageImage): Promise<string>;
  /** Writes a page image as PNG in one step: 1-bit, grey or colour as it is. */
  writePng(image: PageImage, outFile: string): Promise<void>;
  /** A PDF of one page that holds a grey page image. */
  writeImagePdf(image: PageImage): Promise<Uint8Array>;
  /** Reads a page image from a file of any usual format. @throws {PageError} `IMAGE_UNREADABLE`, `PAGE_TOO_LARGE`. */
  readImageFile(file: string, megapixels: number): Promise<PageImage>;
}

/** Answers the calls of a worker's owner, one at a time. */
export interface CallAnswerer {
  call(call: WorkerCall, request: unknown): Promise<unknown>;
  /** Stops what is under way and frees everything. */
  close(): Promise<void>;
}

/** A page on which nothing is seen is blank only if all of it was decoded. */
function nothingLeft(pageNumber: number): PageError {
  return new PageError('PAGE_DAMAGED', `Page ${pageNumber} is damaged: nothing that can be read is left of it.`, {
    why: 'A part of it is cut short or damaged in the file.',
    safe: 'The other pages go on.',
    remedy: 'Get the file again from where it came from.',
  });
}

/** Makes the answerer of one worker; `onStep` hears what it is at, so that a crash can be blamed on the right step. */
export function answerCalls(setup: WorkerSetup, parts: WorkerParts, onStep: (step: WorkStep) => void): CallAnswerer {
  const aborter = new AbortController();
  const { signal } = aborter;
  let renderer: PageRenderer | undefined;
  let engine: OcrEngine | undefined;
  let opened: { file: string; document: OpenDocument } | undefined;

  async function closeDocument(): Promise<void> {
    const closing = opened;
    opened = undefined;
    await closing?.document.close();
  }

  /** Pages of one document come in a row: it stays open until another is asked for. */
  async function openDocument(file: string): Promise<OpenDocument> {
    if (opened?.file === file) return opened.document;
    await closeDocument();
    onStep('open');
    renderer ??= await parts.makeRenderer();
    const document = await renderer.open(file, { megapixels: setup.limits.megapixels }, signal);
    opened = { file, document };
    return document;
  }

  async function openEngine(): Promise<OcrEngine> {
    return (engine ??= await parts.makeEngine(setup));
  }

  /** What fails here fails again, and is told, where a page needs it. */
  async function prepare(): Promise<void> {
    renderer ??= await parts.makeRenderer();
    await openEngine();
  }

  async function inspect({ file }: WorkerCalls['inspect']['request']): Promise<WorkerCalls['inspect']['answer']> {
    const { pageCount, repaired, repair, firstListings } = await openDocument(file);
    return { pageCount, repaired, repair, firstListings };
  }

  async function read({ file, pageNumber }: WorkerCalls['read']['request']): Promise<PageResult> {
    const document = await openDocument(file);
    onStep('rasterize');
    const page = await rasterize(document, pageNumber, setup.recipe, signal);
    const found = document.damageOf(pageNumber);
    const damage = found.length > 0 ? { damage: found } : {};
    if (page.kind === 'kept') {
      const { blocks, image } = page.text;
      return { pageNumber, state: 'kept-text', image, blocks, ...damage };
    }
    const result = { ...(await readImage(pageNumber, page.image)), ...damage };
    if (result.state === 'blank' && found.length > 0) throw nothingLeft(pageNumber);
    return page.replacesText ? { ...result, replacesText: true } : result;
  }

  async function readImage(pageNumber: number, image: PageImage): Promise<PageResult> {
    onStep('recognize');
    const reader = await openEngine();
    const { widthPx, heightPx, dpi, toPoints } = image;
    const result: PageResult = {
      pageNumber,
      ...(await recognize(image, reader, setup.recipe, signal)),
      image: { widthPx, heightPx, dpi, toPoints },
    };
    return isFaint(result.confidence) ? { ...result, thumbnail: await parts.makeThumbnail(image) } : result;
  }

  async function rasterizeToFile(
    request: WorkerCalls['rasterize']['request'],
  ): Promise<WorkerCalls['rasterize']['answer']> {
    const document = await openDocument(request.file);
    onStep('rasterize');
    const image = await document.render(request.pageNumber, request.dpi, signal);
    await parts.writePng(image, request.outFile);
    return { widthPx: image.widthPx, heightPx: image.heightPx, dpi: image.dpi };
  }

  async function sample({
    file,
    pageNumbers,
  }: WorkerCalls['sample']['request']): Promise<WorkerCalls['sample']['answer']> {
    const document = await openDocument(file);
    onStep('rasterize');
    let withText = 0;
    const there = pageNumbers.filter((pageNumber) => pageNumber <= document.pageCount);
    for (const pageNumber of there) {
      if (decideText(await document.readText(pageNumber, signal), setup.recipe.mode) === 'keep') withText++;
    }
    return { pageCount: document.pageCount, sampled: there.length, withText };
  }

  /** As any page, but ours: its PDF is opened and drawn, and its image read. */
  async function probe(): Promise<WorkerCalls['probe']['answer']> {
    const folder = await mkdtemp(join(tmpdir(), 'ocr-pipeline-probe-'));
    try {
      const file = join(folder, 'probe.pdf');
      await writeFile(file, await parts.writeImagePdf(makeProbeImage()));
      await rasterize(await openDocument(file), 1, setup.recipe, signal);
      await closeDocument();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    onStep('recognize');
    const { blocks } = await (
      await openEngine()
    ).recognize(makeProbeImage(), { pageSegMode: 3, mayBeInverted: false }, signal);
    return { readBlocks: blocks.length };
  }

  return {
    async call(call, request) {
      switch (call) {
        case 'prepare':
          return await prepare();
        case 'probe':
          return await probe();
        case 'inspect':
          return await inspect(request as WorkerCalls['inspect']['request']);
        case 'read':
          return await read(request as WorkerCalls['read']['request']);
        case 'readImage': {
          const { file } = request as WorkerCalls['readImage']['request'];
          return await readImage(1, await parts.readImageFile(file, setup.limits.megapixels));
        }
        case 'rasterize':
          return await rasterizeToFile(request as WorkerCalls['rasterize']['request']);
        case 'sample':
          return await sample(request as WorkerCalls['sample']['request']);
        case 'assemble':
          return await assemble(request as AssembleRequest, signal);
      }
    },
    async close() {
      aborter.abort();
      await closeDocument();
      await engine?.close();
    },
  };
}
