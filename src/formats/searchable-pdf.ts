import { open, rm, type FileHandle } from 'node:fs/promises';
import { DocumentError, throwIfStopped } from '../core/errors.ts';
import type { PageResult } from '../core/page.ts';
import { asSourceError } from '../core/read-failure.ts';
import type { WriteFacts } from '../core/write-failure.ts';
import { writeWholeWith } from '../files/write-whole.ts';
import { IncrementalUpdate } from '../pdf/incremental-update.ts';
import { PdfFile } from '../pdf/pdf-file.ts';
import { TextLayerWriter } from './searchable-pdf-layer.ts';

export interface SearchablePdfRequest {
  readonly sourceFile: string;
  /** Appears complete or not at all; replaces what is there. */
  readonly outFile: string;
  /** Pages that were read, in any order; others stay as they are. */
  readonly pages: AsyncIterable<PageResult>;
  /** The flag that names another disk for the result. */
  readonly flag?: WriteFacts['flag'];
  readonly signal: AbortSignal;
}

/** Bytes of the source that are copied at a time. */
const COPY_BYTES = 1024 * 1024;

/**
 * Writes a PDF that looks like the source and whose scans can be searched: the source's own bytes, and behind them the
 * recognized words as invisible text. Of a damaged file a whole new one is made of what could be found. Memory does not grow with the file or its pages; the same input gives the same bytes.
 * @throws {DocumentError} the source cannot be read as a PDF. @throws {OutputError} the result cannot be stored.
 */
export async function writeSearchablePdf(request: SearchablePdfRequest): Promise<void> {
  const pdf = await PdfFile.open(request.sourceFile);
  try {
    await writeWholeWith(request.outFile, (out) => fillFrom(pdf, request, out), { flag: request.flag });
    if (pdf.repaired) await readBack(request.outFile, pdf.pageCount);
  } finally {
    await pdf.close();
  }
}

async function fillFrom(pdf: PdfFile, request: SearchablePdfRequest, out: FileHandle): Promise<void> {
  const { sourceFile, pages, signal } = request;
  const sourceBytes = pdf.repaired ? 0 : await copyInto(out, sourceFile, signal);
  const update = await IncrementalUpdate.begin(pdf, sourceBytes, (bytes) => writeAll(out, bytes));
  const layer = new TextLayerWriter(pdf, update);
  for await (const page of pages) {
    throwIfStopped(signal);
    await layer.addPage(page);
  }
  await layer.finish();
}

/**
 * Reads a file that was made anew from a damaged one.
 * @throws {DocumentError} `PDF_DAMAGED`: it is not sound, or lacks pages; it is removed.
 */
async function readBack(file: string, pageCount: number): Promise<void> {
  const made = await PdfFile.open(file);
  try {
    let readable = 0;
    while (readable < made.pageCount) await made.page(++readable);
    if (!made.repaired && readable === pageCount) return;
  } finally {
    await made.close();
  }
  await rm(file, { force: true });
  throw new DocumentError('PDF_DAMAGED', 'The PDF is so damaged that no sound PDF could be made of it.', {
    safe: 'Nothing was delivered of it; the other documents go on.',
    remedy: 'Get the file again, or leave out pdf: --formats txt',
  });
}

async function copyInto(out: FileHandle, sourceFile: string, signal: AbortSignal): Promise<number> {
  // Its own trouble, and not that of the file that is written.
  const ofSource = (error: unknown): never => {
    throw asSourceError(error, sourceFile);
  };
  await using source = await open(sourceFile, 'r').catch(ofSource);
  const { size } = await source.stat().catch(ofSource);
  // One buffer for all, not a stream: its discarded chunks would pile up faster than they are collected.
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  let copiedBytes = 0;
  for (let read = 1; read > 0; copiedBytes += read) {
    throwIfStopped(signal);
    read = (await source.read(buffer, 0, COPY_BYTES, copiedBytes).catch(ofSource)).bytesRead;
    await writeAll(out, buffer.subarray(0, read));
  }
  if (copiedBytes === size) return copiedBytes;
  throw new DocumentError('SOURCE_CHANGED', 'The PDF changed while it was being copied.', {
    safe: 'No output was left of it.',
    remedy: 'Run again.',
  });
}

async function writeAll(out: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await out.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}
