import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SourceDocument } from '../core/document.ts';
import { OutputError, PipelineError } from '../core/errors.ts';
import { explainErrno, hasErrno } from '../core/errno.ts';
import { outputPath, planOutputStems } from '../core/output-names.ts';
import type { RunPlan } from '../core/run-estimate.ts';
import type { OutputFormat } from '../core/settings.ts';
import type { RunRecord } from '../runs/run-store.ts';
import type { DocumentStore } from '../stores/document-store.ts';

/** Names that are taken and named. */
const TAKEN_NAMED = 20;
/** Text of a page, plain or in a PDF, on disk: a printed page has some 3 kB. */
const TEXT_LAYER_BYTES_PER_PAGE = 5_000;

/** Says what of the results needs a thought: names that are taken, and the room for them. Changes nothing. */
export async function planOutputs(
  { destination: { kind, ids, stem }, settings: { formats } }: RunRecord,
  destination: DocumentStore,
  work: {
    readonly documents: readonly SourceDocument[];
    readonly failures: number;
    readonly sizeBytes: number;
    readonly pages: number;
  },
  signal: AbortSignal,
): Promise<RunPlan['outputs']> {
  const { count, some } = await findTakenNames(work.documents, { stem, formats }, destination, signal);
  return {
    formats,
    // Those that were opened and failed have none; of the others as many may fail, which nobody knows.
    perFormat: work.documents.length - work.failures,
    namesTaken: count,
    taken: some,
    ...(kind === 'local'
      ? {
          neededBytes: outputBytes(formats, work.sizeBytes, work.pages),
          freeBytes: await freeBytes(ids[0] ?? ''),
        }
      : {}),
  };
}

/**
 * Whether results can be put down, without making anything.
 * @throws {OutputError} `OUTPUT_NOT_WRITABLE`. @throws {AccessError} Box would not take them.
 */
export async function checkOutput(
  { destination: { kind, ids } }: RunRecord,
  destination: DocumentStore,
  signal: AbortSignal,
): Promise<void> {
  if (kind === 'box') return await destination.checkWritable(signal);
  for (let folder = ids[0] ?? '/'; ; folder = dirname(folder)) {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      if (hasErrno(error, 'ENOENT') && folder !== dirname(folder)) continue;
      throw new OutputError('OUTPUT_NOT_WRITABLE', `Results cannot be put into ${ids[0]}: ${explainErrno(error)}.`, {
        why: folder === ids[0] ? undefined : `It would be made in ${folder}.`,
        safe: 'Nothing was changed.',
        remedy: 'Another folder after --output.',
      });
    }
  }
}

async function findTakenNames(
  documents: readonly SourceDocument[],
  { stem: named, formats }: { readonly stem: string | undefined; readonly formats: readonly OutputFormat[] },
  destination: DocumentStore,
  signal: AbortSignal,
): Promise<{ readonly count: number; readonly some: readonly string[] }> {
  const taken = new Set<string>();
  try {
    for await (const entry of destination.list(signal)) {
      taken.add((entry.kind === 'document' ? entry.document.path : entry.entry.path).normalize('NFC'));
    }
  } catch (error) {
    // Not there yet: nothing is taken.
    if (error instanceof PipelineError && error.family === 'NoInputError') return { count: 0, some: [] };
    throw error;
  }
  const stems = planOutputStems(
    documents.map(({ path }) => path),
    named,
  );
  const wanted = [...stems.values()].flatMap((stem) => formats.map((format) => outputPath(stem, format)));
  const found = wanted.filter((path) => taken.has(path.normalize('NFC')));
  return { count: found.length, some: found.slice(0, TAKEN_NAMED) };
}

/** Room for the results. A searchable PDF is its scan and some text. */
function outputBytes(formats: readonly OutputFormat[], sizeBytes: number, pages: number): number {
  return Math.round(
    (formats.includes('pdf') ? sizeBytes + pages * TEXT_LAYER_BYTES_PER_PAGE : 0) +
      formats.filter((format) => format !== 'pdf').length * pages * TEXT_LAYER_BYTES_PER_PAGE,
  );
}

/** Free space where the folder is or will be; undefined where the system does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch {
      if (path === dirname(path)) return undefined;
    }
  }
}
