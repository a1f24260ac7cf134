import { describe, expect, it } from 'vitest';
import type { DeliveredOutput, LedgerEvent } from '../../src/core/ledger.ts';
import { countRun, foldLedger } from '../../src/core/run-state.ts';

const at = '2026-01-01T00:00:00.000Z';
const source = { id: 'd', path: 'd.pdf', sizeBytes: 9, version: '1' };
const output: DeliveredOutput = { format: 'txt', path: 'd.txt', id: 'o', sha1: 'b', sizeBytes: 1, outcome: 'created' };
const BEFORE: readonly LedgerEvent[] = [
  { at, type: 'listed', source },
  { at, type: 'listing-complete', documents: 1, leftOut: 0 },
  { at, type: 'fetched', document: 'd', sha1: 'a', sizeBytes: 9 },
  { at, type: 'inspected', document: 'd', pageCount: 2, repaired: false },
];
const PAGES: LedgerEvent = {
  at,
  type: 'pages',
  document: 'd',
  pages: [
    [1, 'done', 90, 3],
    [2, 'blank', null, 0],
  ],
};
const DELIVERED: LedgerEvent = { at, type: 'delivered', document: 'd', outputs: [output] };

describe('a document whose events were damaged', () => {
  const whole = [
    ...BEFORE,
    PAGES,
    DELIVERED,
    { at, type: 'document-done', document: 'd', outputs: 1, pages: 2 },
  ] as const;

  it('is done where all are there', () => {
    expect(countRun(foldLedger(whole)).documents).toMatchObject({ listed: 1, done: 1 });
  });

  it.each(whole.map((event, index) => [event.type, index] as const))('is not done without its %s', (_type, index) => {
    const { documents, pages } = countRun(foldLedger(whole.filter((_event, place) => place !== index)));
    expect(documents.done).toBe(0);
    expect(pages.elsewhere).toBe(0);
  });

  it('is done without pages where another machine read them, but not without their results', () => {
    const end = { at, type: 'document-done', document: 'd', outputs: 1 } as const;
    const elsewhere = countRun(foldLedger([...BEFORE, DELIVERED, end]));
    expect(elsewhere).toMatchObject({ documents: { done: 1 }, pages: { elsewhere: 2 } });
    expect(countRun(foldLedger([...BEFORE, end])).documents.done).toBe(0);
  });

  it('in a ledger of an older version, which does not say what there must be, is taken as it is', () => {
    const end = { at, type: 'document-done', document: 'd' } as const;
    expect(countRun(foldLedger([...BEFORE, PAGES, end])).documents.done).toBe(1);
  });
});
