import { describe, expect, it } from 'vitest';
import { planSession } from '../../src/core/plan-session.ts';
import { foldLedger, countRun } from '../../src/core/run-state.ts';
import type { LedgerEvent } from '../../src/core/ledger.ts';

const at = '2026-01-01T00:00:00.000Z';
const source = (id: string, version = '1') => ({ id, path: `${id}.pdf`, sizeBytes: 10, version });

describe('the ledger folded', () => {
  const listing = (...sources: ReturnType<typeof source>[]): LedgerEvent[] => [
    { at, type: 'session-started', host: 'h', pid: 1, programVersion: '1' },
    ...sources.map((each): LedgerEvent => ({ at, type: 'listed', source: each })),
    { at, type: 'listing-complete', documents: sources.length, leftOut: 0 },
  ];
  const finish = (document: string): LedgerEvent[] => [
    { at, type: 'fetched', document, sha1: 'x', sizeBytes: 10 },
    { at, type: 'inspected', document, pageCount: 2, repaired: false },
    {
      at,
      type: 'pages',
      document,
      pages: [
        [1, 'done', 91, 5],
        [2, 'blank', null, 0],
      ],
    },
    { at, type: 'document-done', document },
  ];

  it('does done documents no more, failed and changed ones again', () => {
    const error = { family: 'DocumentError' as const, code: 'PDF_DAMAGED', message: 'm' };
    const events: LedgerEvent[] = [
      ...listing(source('a'), source('b'), source('c')),
      ...finish('a'),
      ...finish('b'),
      { at, type: 'document-failed', document: 'c', error },
    ];
    const state = foldLedger(events);
    const plan = planSession([source('a'), source('b', '2'), source('c'), source('d')], state);
    expect(plan.done.map((each) => each.source.id)).toEqual(['a']);
    expect(plan.todo.map((each) => each.document.id)).toEqual(['b', 'c', 'd']);
    expect(plan.todo[0]?.known).toBeUndefined();
    expect(plan.todo[1]?.known?.error?.code).toBe('PDF_DAMAGED');
  });

  it('keeps the old listing until the new one is complete', () => {
    const torn = listing(source('a')).slice(0, 2);
    const state = foldLedger([...listing(source('a'), source('b')), ...finish('a'), ...torn]);
    expect([...state.documents.keys()]).toEqual(['a', 'b']);
    expect(state.documents.get('a')?.stage).toBe('done');
  });

  it('adds up: listed is done and failed and waiting', () => {
    const state = foldLedger([...listing(source('a'), source('b'), source('c')), ...finish('a')]);
    const { documents, pages } = countRun(state);
    expect(documents).toEqual({ listed: 3, done: 1, failed: 0, waiting: 2, leftOut: 0 });
    expect(pages).toMatchObject({ known: 2, done: 1, blank: 1, waiting: 0 });
  });

  it('passes over events of later programs', () => {
    const unknown = { at, type: 'moon-phase', document: 'a' } as unknown as LedgerEvent;
    expect(foldLedger([...listing(source('a')), unknown]).documents.size).toBe(1);
  });
});
