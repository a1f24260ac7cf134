import { describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../src/core/ledger.ts';
import { countRun, foldLedger, type RunState } from '../../src/core/run-state.ts';
import { countBins } from '../../src/report/confidence-histogram.ts';
import { chooseLookAt, SHOWN_PAGES } from '../../src/report/look-at.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { RECORD } from '../runs/run-record.ts';

const at = '2026-01-01T10:00:00.000Z';
const HOSTILE = '<script>alert("x")</script>\n\u202e&.pdf';

function stateOf(documents: number): RunState {
  const events: LedgerEvent[] = [{ at, type: 'session-started', host: 'node1', pid: 1, programVersion: '1.0.0' }];
  const names = Array.from({ length: documents }, (_, index) => (index === 0 ? HOSTILE : `scan-${index}.pdf`));
  for (const path of names) events.push({ at, type: 'listed', source: { id: `/in/${path}`, path, sizeBytes: 10, version: '1' } });
  events.push({ at, type: 'left-out', entry: { path: 'notes.txt', code: 'NOT_A_PDF_NAME', reason: 'Its name does not end in .pdf.' } });
  events.push({ at, type: 'listing-complete', documents, leftOut: 1 });
  const error = { family: 'PageError' as const, code: 'PAGE_DAMAGED', message: 'Page 2 cannot be drawn.' };
  for (const [index, path] of names.entries()) {
    const document = `/in/${path}`;
    events.push({ at, type: 'fetched', document, sha1: `${index}`.padStart(40, '0'), sizeBytes: 10 });
    events.push({ at, type: 'inspected', document, pageCount: 3, repaired: false });
    events.push({ at, type: 'pages', document, pages: [[1, 'done', 95, 200], index % 2 === 0 ? [2, 'failed', null, 0, error] : [2, 'done', 40, 5], [3, 'blank', null, 0]] });
    events.push(index % 2 === 0 ? { at, type: 'document-failed', document, error: { ...error, family: 'DocumentError' } } : { at, type: 'document-done', document });
  }
  events.push({ at: '2026-01-01T10:01:00.000Z', type: 'session-ended', exitCode: 65, durationMs: 60_000 });
  return foldLedger(events);
}

describe('the report', () => {
  it('is as it was', async () => {
    const thumbnails = new Map([[`${'1'.padStart(40, '0')} 2`, 'UklGRg==']]);
    await expect(renderReport({ record: RECORD, state: stateOf(3), thumbnails })).toMatchFileSnapshot('golden/report.html');
  });

  it('lets no name be more than text', () => {
    const page = renderReport({ record: { ...RECORD, source: { kind: 'local', name: HOSTILE, ids: [HOSTILE] } }, state: stateOf(2), thumbnails: new Map() });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
  });

  it('shows the counts of the run, which add up', () => {
    const state = stateOf(7);
    const { documents, pages } = countRun(state);
    const page = renderReport({ record: RECORD, state, thumbnails: new Map() });
    const shown = (name: string): number => Number(new RegExp(`<th scope="row">${name}</th><td class="n">(\\d+)<`).exec(page)?.[1]);
    expect(shown('Documents found')).toBe(documents.listed + documents.leftOut);
    expect(shown('Pages')).toBe(pages.done + pages.blank + pages.failed);
    expect(page).toContain('3 of 7 documents are complete, 4 failed wholly or in part');
  });

  it('stays small for very many documents, and says what it leaves out', () => {
    const page = renderReport({ record: RECORD, state: stateOf(5_000), thumbnails: new Map() });
    expect(page.length).toBeLessThan(6_000_000);
    expect(page).toContain('And 3000 more');
    expect(chooseLookAt(stateOf(5_000))).toMatchObject({ total: 5_000 });
    expect(chooseLookAt(stateOf(5_000)).pages).toHaveLength(SHOWN_PAGES);
  });

  it('counts each confidence in one bin', () => {
    const bins = countBins([0, 4.9, 5, 99.9, 100, 60]);
    expect(bins).toHaveLength(20);
    expect([bins[0], bins[1], bins[12], bins[19]]).toEqual([2, 1, 1, 2]);
  });
});
