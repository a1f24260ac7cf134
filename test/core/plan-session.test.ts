import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNatural } from '../../src/core/natural-order.ts';
import { CLUSTER_CHUNKS, countPages, LOCAL_CHUNKS, packChunks, planSession } from '../../src/core/plan-session.ts';
import { foldLedger, countRun } from '../../src/core/run-state.ts';
import type { LedgerEvent } from '../../src/core/ledger.ts';
import { SYSTEMIC_PAGES, SystemicFailureWatch } from '../../src/core/systemic-failure.ts';

const at = '2026-01-01T00:00:00.000Z';
const source = (id: string, version = '1') => ({ id, path: `${id}.pdf`, sizeBytes: 10, version });

describe('natural order', () => {
  it('puts page 2 before page 10, whatever the Unicode form', () => {
    const names = ['page-10', 'page-2', 'Page-1', 'e\u0301-10', '\u00e9-9'];
    expect([...names].sort(compareNatural)).toEqual(['\u00e9-9', 'e\u0301-10', 'Page-1', 'page-2', 'page-10']);
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        expect(Math.sign(compareNatural(a, b)) + Math.sign(compareNatural(b, a))).toBe(0);
        expect(compareNatural(a, b) === 0).toBe(a === b);
        if (compareNatural(a, b) <= 0 && compareNatural(b, c) <= 0) expect(compareNatural(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

const documents = fc
  .array(fc.uniqueArray(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 400 }), { maxLength: 12 })
  .map((all) =>
    all.map((numbers, index) => ({ sha1: String(index), file: 'f', pageNumbers: numbers.toSorted((a, b) => a - b) })),
  );

describe('chunks', () => {
  for (const rule of [LOCAL_CHUNKS, CLUSTER_CHUNKS]) {
    it(`hold every page once, in order, at most ${rule.maxPages} in each`, () => {
      fc.assert(
        fc.property(documents, (ranges) => {
          const chunks = packChunks(ranges, rule);
          for (const { sha1, pageNumbers } of ranges) {
            expect(
              chunks
                .flat()
                .filter((part) => part.sha1 === sha1)
                .flatMap((part) => part.pageNumbers),
            ).toEqual(pageNumbers);
          }
          for (const chunk of chunks) expect(countPages(chunk)).toBeLessThanOrEqual(rule.maxPages);
          expect(countPages(chunks.flat())).toBe(countPages(ranges));
        }),
      );
    });
  }

  it('are shared by small documents, where that is asked for', () => {
    const letters = Array.from({ length: 40 }, (_, index) => ({
      sha1: String(index),
      file: 'f',
      pageNumbers: [1, 2, 3],
    }));
    expect(packChunks(letters, CLUSTER_CHUNKS).map((chunk) => chunk.length)).toEqual([33, 7]);
    expect(packChunks(letters, LOCAL_CHUNKS)).toHaveLength(40);
  });

  it('cut a book into even parts', () => {
    const book = { sha1: 'a', file: 'f', pageNumbers: Array.from({ length: 201 }, (_, index) => index + 1) };
    expect(packChunks([book], CLUSTER_CHUNKS).map((chunk) => countPages(chunk))).toEqual([67, 67, 67]);
  });
});

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

describe('the watch for faults of the system', () => {
  const error = (code: string) => ({ family: 'PageError' as const, code, message: '' });

  it('tells a broken engine from broken pages', () => {
    const watch = new SystemicFailureWatch();
    for (let n = 0; n < 100; n++) expect(watch.observe(`${n}`, error('PAGE_DAMAGED'))).toBe('fine');
    for (let n = 1; n < SYSTEMIC_PAGES; n++) expect(watch.observe(`${n % 2}`, error('ENGINE_FAILED'))).toBe('fine');
    expect(watch.observe('0', error('ENGINE_FAILED'))).toBe('broken');
  });

  it('is in doubt where one document is all that fails, or a limit was hit', () => {
    const watch = new SystemicFailureWatch();
    for (let n = 1; n < SYSTEMIC_PAGES; n++) expect(watch.observe('a', error('ENGINE_FAILED'))).toBe('fine');
    expect(watch.observe('a', error('ENGINE_FAILED'))).toBe('doubt');
    watch.startAgain();
    for (let n = 1; n < SYSTEMIC_PAGES; n++) expect(watch.observe(`${n}`, error('READING_TIMEOUT'))).toBe('fine');
    expect(watch.observe('a', error('READING_TIMEOUT'))).toBe('doubt');
  });

  it('starts again after a page that went well, and for another failure', () => {
    const watch = new SystemicFailureWatch();
    for (let n = 0; n < 100; n++)
      expect(watch.observe('a', n % 5 === 0 ? undefined : error('READING_TIMEOUT'))).toBe('fine');
    for (let n = 0; n < 100; n++)
      expect(watch.observe('a', error(n % 2 === 0 ? 'READING_TIMEOUT' : 'ENGINE_FAILED'))).toBe('fine');
  });
});
