import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '../core/chunk.ts';
import { PageError, throwIfStopped } from '../core/errors.ts';
import { outputPath } from '../core/output-names.ts';
import type { PageResult } from '../core/page.ts';
import type { OutputFormat } from '../core/settings.ts';
import type { WriteFacts } from '../core/write-failure.ts';
import { writeWholeWith } from '../files/write-whole.ts';
import { writeFormat } from '../formats/write-format.ts';
import { writeSearchablePdf } from '../formats/searchable-pdf.ts';
import { damagedResults, openPagesFile } from '../runs/page-results.ts';

/** What is put together, and where. Plain JSON. */
export interface AssembleRequest {
  /** The PDF. */
  readonly sourceFile: string;
  readonly sourceSha1: string;
  /** The document's name as people know it, for titles inside the outputs. */
  readonly documentPath: string;
  /** Page results, in page order. */
  readonly pagesFile: string;
  /** Folder the outputs are made in; each is written aside and renamed. */
  readonly folder: string;
  /** Their name there, without extension. */
  readonly baseName: string;
  readonly formats: readonly OutputFormat[];
  readonly recipe: Recipe;
  readonly programVersion: string;
  /** Pages without a result are taken as failed, rather than as a fault of ours: of a PDF of which only some were read. */
  readonly fillMissing?: boolean | undefined;
}

/** An output that was made. */
export interface AssembledFile {
  readonly format: OutputFormat;
  readonly file: string;
  readonly sizeBytes: number;
  /** Lower-case hex SHA-1. */
  readonly sha1: string;
}

/**
 * Puts a document's page results together, in page order, as each of the formats; memory does not grow with the pages.
 * Every file is written aside and renamed when it is whole.
 * @throws {OutputError} it cannot be stored here. @throws {DocumentError} the PDF cannot take the text.
 */
export async function assemble(request: AssembleRequest, signal: AbortSignal): Promise<AssembledFile[]> {
  const files: AssembledFile[] = [];
  // A run makes its results in its own folder first.
  const flag = request.fillMissing === true ? '--output' : '--work-dir';
  for (const format of request.formats) {
    const file = join(request.folder, outputPath(request.baseName, format));
    throwIfStopped(signal);
    if (format === 'pdf') {
      await writeSearchablePdf({
        sourceFile: request.sourceFile,
        outFile: file,
        pages: inOrder(request),
        flag,
        signal,
      });
    } else {
      const header = await headerOf(request);
      await writeParts(file, writeFormat(format, header, inOrder(request)), flag, signal);
    }
    files.push({ format, file, ...(await measure(file)) });
  }
  return files;
}

/** The page results, checked to be all pages of the PDF in order: the one thing the text must not get wrong. */
async function* inOrder({ pagesFile, fillMissing }: AssembleRequest): AsyncGenerator<PageResult> {
  const opened = await openPagesFile(pagesFile);
  if (!opened) throw damagedResults(pagesFile, 'is not a file of page results');
  let expected = 1;
  for await (const page of opened.pages) {
    if (fillMissing === true) while (page.pageNumber > expected) yield notRead(expected++);
    if (page.pageNumber !== expected++) throw damagedResults(pagesFile, `has no sound result of page ${expected - 1}`);
    yield page;
  }
  if (fillMissing === true) while (expected <= opened.header.pageCount) yield notRead(expected++);
  if (expected - 1 !== opened.header.pageCount)
    throw damagedResults(pagesFile, `has results of ${expected - 1} of ${opened.header.pageCount} pages`);
}

function notRead(pageNumber: number): PageResult {
  const error = new PageError('PAGE_NOT_READ', `Page ${pageNumber} was not read.`);
  return { pageNumber, state: 'failed', error: error.toRecord(), blocks: [] };
}

async function headerOf(request: AssembleRequest): Promise<Parameters<typeof writeFormat>[1]> {
  const opened = await openPagesFile(request.pagesFile);
  if (!opened) throw damagedResults(request.pagesFile, 'is not a file of page results');
  await opened.pages.return(undefined);
  const { language, engine, engineVersion } = request.recipe;
  return {
    documentPath: request.documentPath,
    sha1: request.sourceSha1,
    pageCount: opened.header.pageCount,
    language,
    engine,
    engineVersion,
    programVersion: request.programVersion,
  };
}

async function writeParts(
  file: string,
  content: AsyncIterable<string | Uint8Array>,
  flag: WriteFacts['flag'],
  signal: AbortSignal,
): Promise<void> {
  await writeWholeWith(
    file,
    async (out) => {
      for await (const part of content) {
        throwIfStopped(signal);
        await out.writeFile(part);
      }
    },
    { flag },
  );
}

async function measure(file: string): Promise<{ sizeBytes: number; sha1: string }> {
  const hash = createHash('sha1');
  let sizeBytes = 0;
  for await (const part of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(part as Buffer);
    sizeBytes += (part as Buffer).length;
  }
  return { sizeBytes, sha1: hash.digest('hex') };
}
