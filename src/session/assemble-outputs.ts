import type { SourceDocument } from '../core/document.ts';
import type { PageOutcome } from '../core/ledger.ts';
import type { FetchedDocument } from '../stores/document-store.ts';
import type { AssembledFile } from '../stages/assemble.ts';
import type { Session } from './session.ts';

/** Stage assemble: a worker makes the document's outputs in the run folder from its page results; none where no page was read. */
export async function assembleOutputs(
  session: Session,
  document: SourceDocument,
  { file, sha1, sizeBytes }: FetchedDocument,
  pages: readonly PageOutcome[],
  signal: AbortSignal,
): Promise<readonly AssembledFile[]> {
  const { run, pool, meter, programVersion } = session.parts;
  const { settings } = run.record;
  if (pages.every(({ state }) => state === 'failed')) return [];
  const folder = run.artifactsFolder(sha1);
  await run.disk.makeFolder(folder);
  const files = await pool.run(
    {
      call: 'assemble',
      request: {
        sourceFile: file,
        sourceSha1: sha1,
        documentPath: document.path,
        pagesFile: run.pagesFile(sha1),
        folder,
        baseName: 'output',
        formats: settings.formats,
        recipe: run.record.recipe,
        programVersion,
      },
      // Half a second a page and a hundred MB in ten seconds: far beyond what is usual.
      timeoutMs: settings.limits.seconds * 1_000 + pages.length * 500 + sizeBytes / 10_000,
      subject: { document: document.path },
      urgent: true,
    },
    signal,
  );
  meter.documents.assembled++;
  return files;
}
