import type { RunState } from '../core/run-state.ts';
import { showCell, writeCsv } from './csv.ts';
import { documentRow } from './document-rows.ts';

const COLUMNS = ['name', 'pages', 'words', 'confidence', 'state', 'reason', 'language'] as const;

/**
 * Every document of a run as a table, a row a document, then what was left out: for a spreadsheet or a script. Confidence is the
 * engine's own guess, 0 to 100; the language is the Tesseract code of what the text reads like, empty where that is not known.
 */
export function documentsCsv({ documents, leftOut }: RunState): string {
  const rows = [...documents.values()].map((document) => {
    const { name, pages, words, confidence, state, look, language } = documentRow(document);
    const reasons = [document.error?.message ?? '', look].filter((reason) => reason !== '');
    return [name, pages ?? undefined, words, confidence ?? undefined, state, reasons.join('; '), language];
  });
  const others = leftOut.map(({ path, reason }) => [path, undefined, undefined, undefined, 'left out', reason, '']);
  return writeCsv(
    COLUMNS,
    [...rows, ...others].map((row) => row.map(showCell)),
  );
}
