import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { asPipelineError, NoInputError, PipelineError, throwIfStopped, UsageError } from '../core/errors.ts';
import { formatPages } from '../core/format-pages.ts';
import { planOutputStems } from '../core/output-names.ts';
import type { PageLimits } from '../core/settings.ts';
import { quoteValue } from '../core/quote-value.ts';
import { realDisk } from '../files/disk.ts';
import { openRegular, readRegular, UnfitFileError } from '../files/open-regular.ts';
import { RunFolder } from '../runs/run-folder.ts';
import type { WorkerPool } from '../work/worker-pool.ts';
import type { RasterizeRequest, StepItem, StepTarget } from './contract.ts';
import { sniffForeignFormat } from '../renderers/sniff-format.ts';
import { openStores } from './run-stores.ts';

/** A document of a step: its name for people and outputs, and its bytes. */
export interface StepDocument {
  readonly name: string;
  readonly file: string;
  readonly stem: string;
  readonly sha1?: string | undefined;
  /** The step is applied to no other. */
  readonly isOnly: boolean;
}

/** Each document with its bytes here, and each that cannot be had with its reason; what was fetched goes with its turn. */
export async function* openDocuments(
  { target, box }: Pick<RasterizeRequest, 'target' | 'box'>,
  signal: AbortSignal,
): AsyncGenerator<StepDocument | (StepItem & { readonly problem: string })> {
  if (target.kind === 'files') {
    for (const document of namedDocuments(target.files)) {
      const problem = await whyNoFile(document.file);
      yield problem === undefined ? document : { source: document.name, problem };
    }
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

/** Says what is in the place of a file, such as a named pipe. What cannot be opened is told by what reads it. */
async function whyNoFile(file: string): Promise<string | undefined> {
  try {
    const { handle } = await openRegular(file);
    await handle.close();
    return undefined;
  } catch (error) {
    return error instanceof UnfitFileError ? `It ${error.problem}.` : undefined;
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

/** @throws {NoInputError} `RUN_NOT_FOUND`. */
export async function openRun({ workDir, name }: Extract<StepTarget, { kind: 'run' }>): Promise<RunFolder> {
  const run = await RunFolder.open(join(workDir, name), realDisk);
  if (!run) throw new NoInputError('RUN_NOT_FOUND', `There is no run called ${quoteValue(name)} in ${workDir}.`);
  return run;
}

/** Runs `work` on every page asked for, in parallel; what it gives and what goes wrong comes in page order. */
export async function* eachPage(
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

/** Whether a fault is that of one page or document, and the others can go on. */
export function isOfItem({ scope }: PipelineError): boolean {
  return scope === 'page' || scope === 'document';
}

/** What is wrong with the pages that were asked for; `undefined` where all are there. */
export function refusePages(target: StepTarget, pageCount: number): string | undefined {
  const asked = target.kind === 'files' ? (target.pageNumbers ?? []) : [];
  const beyond = asked.filter((pageNumber) => pageNumber > pageCount);
  if (beyond.length === 0) return undefined;
  const pages = `${beyond.length === 1 ? 'page' : 'pages'} ${formatPages(beyond).replaceAll(',', ', ')}`;
  return `There is no ${pages}: it has ${pageCount === 1 ? '1 page' : `${pageCount} pages`}. Nothing of it was read.`;
}

/** Where a PDF's header must begin, at the latest: ISO 32000-1, annex H. */
const HEAD_BYTES = 1_024;
const IMAGE_NAMES = /\.(?:png|jpe?g|tiff?|webp|pnm|pbm|pgm|ppm)$/i;

/** Whether a file is the picture of one page: its name says so, and its first bytes do not say that it is a PDF. */
export async function isPageImage(file: string): Promise<boolean> {
  if (!IMAGE_NAMES.test(file)) return false;
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    await using opened = (await openRegular(file)).handle;
    await opened.read(head, 0, HEAD_BYTES, 0);
  } catch {
    // Told by what reads it.
    return true;
  }
  return sniffForeignFormat(head) !== undefined || !head.includes('%PDF-');
}

/** Lower-case hex. */
export async function sha1OfFile(file: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const part of readRegular(file)) hash.update(part);
  return hash.digest('hex');
}

/** What a page may take, in milliseconds. */
export function timeoutMs(limits: PageLimits): number {
  return limits.seconds * 1_000;
}
