import { describe, expect, it } from 'vitest';
import { DocumentError } from '../../src/core/errors.ts';
import type { LedgerEvent, PageEntry } from '../../src/core/ledger.ts';
import { foldLedger, type RunState } from '../../src/core/run-state.ts';
import { describeMethods } from '../../src/report/methods.ts';
import { RECORD } from '../runs/run-record.ts';

const at = '2026-01-01T00:00:00.000Z';

/** A run that found these documents, with the pages that came of each; one without pages failed. */
function stateOf(documents: Readonly<Record<string, readonly PageEntry[]>>): RunState {
  const events: LedgerEvent[] = [];
  for (const path of Object.keys(documents))
    events.push({ at, type: 'listed', source: { id: path, path, sizeBytes: 1, version: '1' } });
  events.push({ at, type: 'listing-complete', documents: Object.keys(documents).length, leftOut: 0 });
  for (const [document, pages] of Object.entries(documents)) {
    events.push({ at, type: 'fetched', document, sha1: document, sizeBytes: 1 });
    if (pages.length > 0) {
      events.push({ at, type: 'inspected', document, pageCount: pages.length, repaired: false });
      events.push({ at, type: 'pages', document, pages });
      events.push({ at, type: 'document-done', document });
    } else {
      const error = new DocumentError('PDF_ENCRYPTED', 'The PDF is locked with a password.');
      events.push({ at, type: 'document-failed', document, error: error.toRecord() });
    }
  }
  return foldLedger(events);
}

describe('the paragraph on methods', () => {
  it('counts the documents of which pages were read, not those that failed, are blank or had text', () => {
    const text = describeMethods(
      RECORD,
      stateOf({
        a: [
          [1, 'done', 90, 10],
          [2, 'done', 80, 10],
        ],
        b: [
          [1, 'done', 70, 10],
          [2, 'blank', null, 0],
        ],
        blank: [[1, 'blank', null, 0]],
        typed: [[1, 'kept-text', null, 40]],
        locked: [],
      }),
    );
    expect(text).toMatch(/^3 pages of 2 PDF documents were read by optical character recognition/);
    expect(text).toContain('2 blank pages were kept in place without text.');
  });

  it('speaks of one page of one document', () => {
    expect(describeMethods(RECORD, stateOf({ a: [[1, 'done', 90, 10]], locked: [] }))).toMatch(
      /^1 page of 1 PDF document was read by/,
    );
  });
});
