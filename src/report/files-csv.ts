import type { RunState } from '../core/run-state.ts';
import { showCell, writeCsv } from './csv.ts';

const COLUMNS = ['document', 'kind', 'file', 'where', 'bytes', 'sha1', 'version', 'link'] as const;

/** Every scan and every result of a run as a table, a row a file: what to cite, to check and to find again. */
export function filesCsv({ documents }: RunState): string {
  const rows = [...documents.values()].flatMap(({ source, sha1, outputs }) => [
    [source.path, 'scan', source.path, source.id, source.sizeBytes, sha1 ?? '', source.version, ''],
    ...outputs.map(({ format, path, id, sizeBytes, sha1: outputSha1, link }) => [
      source.path,
      format,
      path,
      id,
      sizeBytes,
      outputSha1,
      '',
      link ?? '',
    ]),
  ]);
  return writeCsv(
    COLUMNS,
    rows.map((row) => row.map(showCell)),
  );
}
