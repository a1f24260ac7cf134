import type { RunState } from '../core/run-state.ts';
import { countRun } from '../core/run-state.ts';
import type { RunRecord } from '../runs/run-store.ts';
import { plural } from './tables.ts';

const ENGINES: Readonly<Record<string, string>> = {
  tesseract: 'Tesseract',
  'tesseract.js': 'tesseract.js',
  null: 'no engine (a test run)',
};
const MODES: Readonly<Record<string, string>> = {
  skip: 'Pages that already had a text layer kept it.',
  redo: 'Text layers of earlier optical character recognition were replaced.',
  force: 'All pages were read, whether or not they had a text layer.',
};

/** A paragraph to paste into a paper: what read the pages, how, and what that means. */
export function describeMethods(record: RunRecord, state: RunState): string {
  const { recipe, settings, programVersion } = record;
  const { pages } = countRun(state);
  // What was read, not what was found: some documents were blank, had text, or failed.
  const documentsRead = [...state.documents.values()].filter((document) =>
    [...document.pages.values()].some(({ state: end }) => end === 'done'),
  ).length;
  const engine = `${ENGINES[recipe.engine] ?? recipe.engine} ${recipe.engineVersion}`;
  const models = Object.entries(recipe.models).map(([code, digest]) => `${code} (SHA-256 ${digest.slice(0, 16)})`);
  const confidences = [...state.documents.values()].flatMap((document) =>
    [...document.pages.values()].flatMap(({ state: end, confidence }) =>
      confidence === null || end !== 'done' ? [] : [confidence],
    ),
  );
  confidences.sort((a, b) => a - b);
  const median = confidences[Math.floor(confidences.length / 2)];
  return [
    `${plural(pages.done, 'page')} of ${plural(documentsRead, 'PDF document')} ${pages.done === 1 ? 'was' : 'were'} read by optical character recognition with ${engine}`,
    models.length > 0 ? ` and the language models ${models.join(', ')},` : '',
    ` run by ocr-pipeline ${programVersion} (recipe ${recipe.digest.slice(0, 16)}).`,
    ` Page images are the scans' own pixels; pages that are not a single scan were drawn at ${settings.dpi} dots per inch.`,
    ' Pages lying on their side or upside down were turned, skewed pages straightened, and scans of low resolution enlarged before reading.',
    ` ${MODES[settings.mode] ?? ''}`,
    pages.elsewhere > 0
      ? ` ${plural(pages.elsewhere, 'further page')} had been read in the same way on another computer.`
      : '',
    pages.blank > 0
      ? ` ${plural(pages.blank, 'blank page')} ${pages.blank === 1 ? 'was' : 'were'} kept in place without text.`
      : '',
    pages.failed > 0
      ? ` ${plural(pages.failed, 'page')} could not be read and ${pages.failed === 1 ? 'is' : 'are'} empty in the text.`
      : '',
    median === undefined
      ? ''
      : ` The median of the engine's mean confidence per page is ${Math.round(median)} of 100; this is its own guess, not a measured accuracy.`,
    ' The text was not corrected by hand.',
  ].join('');
}
