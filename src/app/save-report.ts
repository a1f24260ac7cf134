import { NoInputError } from '../core/errors.ts';
import type { RunState } from '../core/run-state.ts';
import { chooseFaintPages } from '../report/attention.ts';
import { documentsCsv } from '../report/documents-csv.ts';
import { filesCsv } from '../report/files-csv.ts';
import { renderReport } from '../report/render-report.ts';
import { realDisk } from '../files/disk.ts';
import { openPagesFile } from '../runs/page-results.ts';
import { RunFolder } from '../runs/run-folder.ts';

/** Writes the report of a run, and its tables beside it, from the run's folder alone; answers with the report's path. */
export async function saveReport(run: RunFolder, state: RunState): Promise<string> {
  const { pages } = chooseFaintPages(state);
  const wanted = Map.groupBy(pages, ({ sha1 }) => sha1);
  const thumbnails = new Map<string, string>();
  for (const [sha1, ofDocument] of wanted) {
    if (sha1 === undefined) continue;
    const numbers = new Set(ofDocument.map(({ pageNumber }) => pageNumber));
    const opened = await openPagesFile(run.pagesFile(sha1));
    if (!opened) continue;
    for await (const { pageNumber, thumbnail } of opened.pages) {
      if (thumbnail !== undefined && numbers.has(pageNumber)) thumbnails.set(`${sha1} ${pageNumber}`, thumbnail);
    }
  }
  await run.disk.writeWhole(run.filesTable, filesCsv(state));
  await run.disk.writeWhole(run.documentsTable, documentsCsv(state));
  await run.disk.writeWhole(run.reportFile, renderReport({ record: run.record, state, thumbnails }));
  return run.reportFile;
}

/** As {@link saveReport}, for a run that is not open here. */
export async function writeReport(folder: string): Promise<string> {
  const run = await RunFolder.open(folder, realDisk);
  if (!run) throw new NoInputError('RUN_NOT_FOUND', `There is no run in ${folder}.`);
  return await saveReport(run, await run.readState());
}
