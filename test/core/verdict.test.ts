import { describe, expect, it } from 'vitest';
import { statusOfState } from '../../src/cli/screens/run-status.ts';
import { renderSummary } from '../../src/cli/screens/render-summary.ts';
import { summarizeRun } from '../../src/cli/screens/run-summary.ts';
import { DocumentError, OutputError, type PipelineError } from '../../src/core/errors.ts';
import type { LedgerEvent, PageEntry } from '../../src/core/ledger.ts';
import { ProgressMeter } from '../../src/core/progress-meter.ts';
import { foldLedger, type RunState } from '../../src/core/run-state.ts';
import { judgeRun } from '../../src/core/verdict.ts';
import { documentRow } from '../../src/report/document-rows.ts';
import { documentsCsv } from '../../src/report/documents-csv.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { RECORD } from '../runs/run-record.ts';

const at = '2026-01-01T00:00:00.000Z';
const page: PageEntry = [1, 'done', 92, 100];
const faint: PageEntry = [1, 'done', 30, 100];
const nameTaken = new OutputError('NAME_TAKEN', '"a.txt" is already there.', {}, { scope: 'document' });
const full = new OutputError(
  'WRITE_FAILED',
  'Cannot write b.txt: the file would be larger (EFBIG).',
  {},
  { scope: 'document' },
);
const locked = new DocumentError('PDF_ENCRYPTED', 'The PDF is locked with a password.');

interface Sample {
  readonly id?: string;
  readonly path: string;
  readonly page?: PageEntry;
  readonly error?: PipelineError;
}

/** A run that came to its end with these documents. */
function stateOf(...samples: readonly Sample[]): RunState {
  const events: LedgerEvent[] = [{ at, type: 'session-started', host: 'h', pid: 1, programVersion: '1' }];
  for (const { path, id = path } of samples)
    events.push({ at, type: 'listed', source: { id, path, sizeBytes: 1, version: '1' } });
  events.push({ at, type: 'listing-complete', documents: samples.length, leftOut: 0 });
  for (const { path, id: document = path, page: entry, error } of samples) {
    events.push({ at, type: 'fetched', document, sha1: document, sizeBytes: 1 });
    if (entry) {
      events.push({ at, type: 'inspected', document, pageCount: 1, repaired: false });
      events.push({ at, type: 'pages', document, pages: [entry] });
    }
    events.push(
      error
        ? { at, type: 'document-failed', document, error: error.toRecord() }
        : { at, type: 'document-done', document },
    );
  }
  const folded = foldLedger(events);
  const { exitCode } = judgeRun(folded);
  return foldLedger([...events, { at, type: 'session-ended', exitCode, error: undefined, durationMs: 1 }]);
}

describe('what became of a run', () => {
  it.each([
    ['all is complete', [{ path: 'a', page }], 0],
    ['a name is taken', [{ path: 'a', page, error: nameTaken }], 74],
    [
      'names are taken, or results cannot be put down',
      [
        { path: 'a', page, error: nameTaken },
        { path: 'b', page, error: full },
      ],
      74,
    ],
    [
      'a name is taken and a PDF is locked',
      [
        { path: 'a', page, error: nameTaken },
        { path: 'b', error: locked },
      ],
      65,
    ],
    [
      'a PDF is locked',
      [
        { path: 'a', page },
        { path: 'b', error: locked },
      ],
      65,
    ],
  ] as const)('where %s is told alike everywhere', (_what, samples, exitCode) => {
    const state = stateOf(...samples);
    const failed = samples.filter((sample) => 'error' in sample).length;
    expect(judgeRun(state)).toMatchObject({ exitCode, isFinished: true });
    const summary = summarizeRun(state);
    expect(summary.exitCode).toBe(exitCode);
    expect(JSON.parse(JSON.stringify(summary))).toMatchObject({ exitCode });
    expect(state.sessions.at(-1)?.exitCode).toBe(exitCode);
    const status = statusOfState({ name: 'r', folder: '/r', createdAt: at }, state);
    expect(status.state).toBe(failed > 0 ? 'failed' : 'done');
    expect(status.documents.failed).toBe(failed);
    const report = renderReport({ record: RECORD, state, thumbnails: new Map() });
    if (failed > 0) expect(report).toContain(`${failed} failed`);
    else expect(report).toMatch(/(?:is|are) complete/);
  });

  it('counts a document to look at once, and two at one path as two', () => {
    const state = stateOf(
      { id: '1', path: 'Letters/a.pdf', page: faint },
      { id: '2', path: 'Letters/a.pdf', page: faint },
    );
    expect(judgeRun(state).lookAt.map(({ id }) => id)).toEqual(['1', '2']);
    const one = stateOf({ path: 'a', page: faint, error: nameTaken });
    const status = statusOfState({ name: 'r', folder: '/r', createdAt: at }, one);
    expect(status.lookAt).toBe(1);
  });

  it('while pages are read, counts a document once whose page is faint and that then fails', () => {
    const meter = new ProgressMeter(0);
    meter.pageRead('id-7', { pageNumber: 1, state: 'done', confidence: 12, blocks: [] }, 1);
    meter.documentFailed('id-7', 1);
    expect(meter.read(2).lookAt).toBe(1);
  });

  it('calls the same pages faint everywhere: none is counted in one place and not to be found in another', () => {
    const confidences = [38, 59.9, 60, 65, 69, 70, 95];
    const state = stateOf(
      ...confidences.map((confidence, index): Sample => ({ path: `${index}`, page: [1, 'done', confidence, 9] })),
    );
    const summary = summarizeRun(state);
    expect(summary.lookAt.map(({ path }) => path)).toEqual(['0', '1']);
    expect(renderSummary(summary, { durationMs: 1, destination: './text', width: 100 })).toContain(
      '; 2 pages under 60.',
    );
    expect(statusOfState({ name: 'r', folder: '/r', createdAt: at }, state)).toMatchObject({
      pages: { faint: 2 },
      lookAt: 2,
    });
    const report = renderReport({ record: RECORD, state, thumbnails: new Map() });
    expect(report).toContain('2 of them faint (confidence under 60)');
    expect(report).toContain('Look at (2 pages)');
    const faintOnes = [...state.documents.values()].map((document) => documentRow(document).faintPages);
    expect(faintOnes).toEqual([1, 1, 0, 0, 0, 0, 0]);
    const meter = new ProgressMeter(0);
    for (const [index, confidence] of confidences.entries())
      meter.pageRead(`${index}`, { pageNumber: 1, state: 'done', confidence, blocks: [] }, 1);
    expect(meter.read(2)).toMatchObject({ lookAt: 2, pages: { faint: 2 } });
  });

  it('counts as complete in the report what the terminal counts', () => {
    const failedPage: PageEntry = [1, 'failed', null, 0, locked.toRecord()];
    const state = stateOf({ path: 'a', page }, { path: 'b', page: failedPage });
    expect(judgeRun(state)).toMatchObject({ complete: 1, exitCode: 65 });
    const report = renderReport({ record: RECORD, state, thumbnails: new Map() });
    expect(report).toMatch(/<th scope="row">complete<\/th><td class="n">1<\/td>/);
    expect(documentsCsv(state)).toMatch(/^b,1,0,,failed,/m);
  });

  it('is not finished while documents wait, or where something stopped it', () => {
    const state = stateOf({ path: 'a', page });
    const [session] = state.sessions;
    if (!session) throw new Error('no session');
    const stopped = { ...session, error: nameTaken.toRecord() };
    expect(judgeRun({ ...state, sessions: [stopped] }).isFinished).toBe(false);
    expect(judgeRun({ ...state, sessions: [{ ...session, endedAt: undefined }] }).isFinished).toBe(false);
  });
});
