import { describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../src/core/errors.ts';
import type { LedgerEvent, PageEntry } from '../../src/core/ledger.ts';
import { countRun, foldLedger, type RunState } from '../../src/core/run-state.ts';
import { countBins } from '../../src/report/confidence-histogram.ts';
import { listFailures } from '../../src/report/failures.ts';
import { chooseFaintPages, SHOWN_PAGES } from '../../src/report/attention.ts';
import { renderReport } from '../../src/report/render-report.ts';
import { RECORD } from '../runs/run-record.ts';

const at = '2026-01-01T10:00:00.000Z';
/** The report's own elements: the data of its table, and its script. */
const OWN_SCRIPTS = ['<script type="application/json" id="documents-data">', '<script>'];
const scriptsOf = (page: string): string[] => page.match(/<script[^>]*>/g) ?? [];
const HOSTILE = '<script>alert("x")</script>\n\u202e&.pdf';

function stateOf(documents: number): RunState {
  const events: LedgerEvent[] = [{ at, type: 'session-started', host: 'node1', pid: 1, programVersion: '1.0.0' }];
  const names = Array.from({ length: documents }, (_, index) => (index === 0 ? HOSTILE : `scan-${index}.pdf`));
  for (const path of names)
    events.push({ at, type: 'listed', source: { id: `/in/${path}`, path, sizeBytes: 10, version: '1' } });
  events.push({
    at,
    type: 'left-out',
    entry: { path: 'notes.txt', code: 'NOT_A_PDF_NAME', reason: 'Its name does not end in .pdf.' },
  });
  events.push({ at, type: 'listing-complete', documents, leftOut: 1 });
  const error = { family: 'PageError' as const, code: 'PAGE_DAMAGED', message: 'Page 2 cannot be drawn.' };
  for (const [index, path] of names.entries()) {
    const document = `/in/${path}`;
    events.push({ at, type: 'fetched', document, sha1: `${index}`.padStart(40, '0'), sizeBytes: 10 });
    events.push({ at, type: 'inspected', document, pageCount: 3, repaired: false });
    events.push({
      at,
      type: 'pages',
      document,
      pages: [
        [1, 'done', 95, 200],
        index % 2 === 0 ? [2, 'failed', null, 0, error] : [2, 'done', 40, 5],
        [3, 'blank', null, 0],
      ],
    });
    events.push(
      index % 2 === 0
        ? { at, type: 'document-failed', document, error: { ...error, family: 'DocumentError' } }
        : { at, type: 'document-done', document },
    );
  }
  events.push({ at: '2026-01-01T10:01:00.000Z', type: 'session-ended', exitCode: 65, durationMs: 60_000 });
  return foldLedger(events);
}

describe('the report', () => {
  it('is as it was', async () => {
    const thumbnails = new Map([[`${'1'.padStart(40, '0')} 2`, 'UklGRg==']]);
    await expect(renderReport({ record: RECORD, state: stateOf(3), thumbnails, timeZone: 'UTC' })).toMatchFileSnapshot(
      'golden/report.html',
    );
  });

  it('lets no name be more than text', () => {
    const page = renderReport({
      record: { ...RECORD, source: { kind: 'local', name: HOSTILE, ids: [HOSTILE] } },
      state: stateOf(2),
      thumbnails: new Map(),
    });
    expect(scriptsOf(page)).toEqual(OWN_SCRIPTS);
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toMatch(/src="(?!data:)/);
    expect(page).not.toMatch(/href="(?!#|file:\/\/\/|(?:documents|files)\.csv")/);
  });

  it('lets no reason, link or left-out name be more than text', () => {
    const source = { id: 'x', path: 'x.pdf', sizeBytes: 1, version: '1' };
    const output = {
      format: 'txt',
      path: HOSTILE,
      id: HOSTILE,
      sha1: 'a',
      sizeBytes: 1,
      outcome: 'created',
      link: 'https://box.example/"><script>',
    } as const;
    const state = foldLedger([
      { at, type: 'session-started', host: HOSTILE, pid: 1, programVersion: '1' },
      { at, type: 'listed', source },
      { at, type: 'left-out', entry: { path: HOSTILE, code: 'LINK', reason: HOSTILE } },
      { at, type: 'listing-complete', documents: 1, leftOut: 1 },
      { at, type: 'delivered', document: 'x', outputs: [output] },
      {
        at,
        type: 'document-failed',
        document: 'x',
        error: { family: 'DocumentError', code: HOSTILE, message: HOSTILE, remedy: HOSTILE },
      },
      {
        at,
        type: 'session-ended',
        exitCode: 74,
        durationMs: 1,
        error: { family: 'OutputError', code: 'X', message: HOSTILE },
      },
    ]);
    const page = renderReport({ record: RECORD, state, thumbnails: new Map() });
    expect(scriptsOf(page)).toEqual(OWN_SCRIPTS);
    expect(page).toContain('href="https://box.example/&quot;&gt;&lt;script&gt;"');
  });

  it('shows the counts of the run, which add up', () => {
    const state = stateOf(7);
    const { documents, pages } = countRun(state);
    const page = renderReport({ record: RECORD, state, thumbnails: new Map() });
    const rows = [...page.matchAll(/<tr class="(whole|part)"><th scope="row">([^<]+)<\/th><td class="n">(\d+)</g)].map(
      ([, kind, name, value]) => [kind, name, Number(value)],
    );
    expect(rows).toEqual([
      ['whole', 'Documents found', documents.listed + documents.leftOut],
      ['part', 'complete', documents.done],
      ['part', 'failed', documents.failed],
      ['part', 'not finished', documents.waiting],
      ['part', 'left out', documents.leftOut],
      ['whole', 'Pages', pages.known],
      ['part', 'read', pages.done],
      ['part', 'had text, kept', pages.keptText],
      ['part', 'blank', pages.blank],
      ['part', 'failed', pages.failed],
      ['part', 'not finished', pages.waiting],
    ]);
    expect(documents.done + documents.failed + documents.waiting).toBe(documents.listed);
    expect(pages.done + pages.keptText + pages.blank + pages.failed + pages.waiting).toBe(pages.known);
    expect(page).toContain('3 of 7 documents are complete; 4 failed wholly or in part; 3 want your eyes.');
  });

  it('shows the picture of a faint page, and only of pages that are shown', () => {
    const thumbnails = new Map([
      [`${'1'.padStart(40, '0')} 2`, 'UklGRg=='],
      [`${'0'.padStart(40, '0')} 2`, 'AAAA'],
    ]);
    const page = renderReport({ record: RECORD, state: stateOf(3), thumbnails });
    expect(page.match(/<img /g)).toHaveLength(1);
    expect(page).toContain('<img alt="Page 2 of scan-1.pdf" src="data:image/webp;base64,UklGRg==">');
  });

  it('stays small for very many documents, and says what it leaves out', () => {
    const state = stateOf(5_000);
    const picture = 'A'.repeat(5_600);
    const thumbnails = new Map([...state.documents.values()].map(({ sha1 }) => [`${sha1} 2`, picture]));
    const page = renderReport({ record: RECORD, state, thumbnails });
    expect(page.length).toBeLessThan(1_500_000);
    expect(page).toContain('And 4,900 more: documents.csv beside this page has all.');
    expect(page.match(/<tr/g)!.length).toBeLessThan(600);
    expect(page).toContain(`These are the ${SHOWN_PAGES} faintest of 2,500 pages.`);
    expect(chooseFaintPages(state)).toMatchObject({ total: 2_500 });
    expect(page.match(/<img /g)).toHaveLength(SHOWN_PAGES);
  });

  it('has a sentence for every state of a run', () => {
    const said = (state: RunState): string =>
      /class="verdict">([^<]*)</.exec(renderReport({ record: RECORD, state, thumbnails: new Map() }))?.[1] ?? '';
    const source = { id: 'x', path: 'x.pdf', sizeBytes: 1, version: '1' };
    const listing: LedgerEvent[] = [
      { at, type: 'listed', source },
      { at, type: 'listing-complete', documents: 1, leftOut: 0 },
    ];
    expect(said(foldLedger([]))).toBe('No documents were found.');
    expect(said(foldLedger(listing))).toBe('0 of 1 document is complete; 1 not finished yet.');
    const read: LedgerEvent[] = [...listing, { at, type: 'inspected', document: 'x', pageCount: 1, repaired: false }];
    const done: LedgerEvent[] = [
      ...read,
      { at, type: 'pages', document: 'x', pages: [[1, 'done', 90, 3]] },
      { at, type: 'document-done', document: 'x' },
    ];
    expect(said(foldLedger(done))).toBe('The document with its 1 page is complete; nothing needs your eyes.');
  });

  it('tells what a cluster was asked for and what it took', () => {
    const cost = (amount: number) => ({ unit: 'SU', amount });
    const state = foldLedger([
      {
        at,
        type: 'cluster-use',
        jobs: 2,
        nodes: 3,
        used: { coreSeconds: 86_000, cost: cost(22.14) },
        asked: { coreSeconds: 172_800, cost: cost(44.5) },
      },
    ]);
    const page = renderReport({ record: RECORD, state, thumbnails: new Map() });
    expect(page).toContain('Slurm, 2 jobs on 3 nodes');
    expect(page).toMatch(/Planned, at most<\/th><td class="n">48 core hours<\/td><td class="n">44.5 SU</);
    expect(page).toMatch(/Used<\/th><td class="n">23.9 core hours<\/td><td class="n">22.1 SU</);
  });

  it('counts each confidence in one bin', () => {
    const bins = countBins([0, 4.9, 5, 99.9, 100, 60]);
    expect(bins).toHaveLength(20);
    expect([bins[0], bins[1], bins[12], bins[19]]).toEqual([2, 1, 1, 2]);
  });
});

describe('what failed', () => {
  const damaged = { family: 'PageError', code: 'PAGE_DAMAGED', message: 'Page 2 cannot be drawn.' } as const;
  const slow = {
    family: 'PageError',
    code: 'READING_TIMEOUT',
    message: 'The page took longer than 300 s (reading it).',
    remedy: 'Raise --page-timeout.',
  } as const;

  function failuresOf(pages: readonly PageEntry[], error: ErrorRecord, pageCount = pages.length) {
    const source = { id: 'x', path: 'x.pdf', sizeBytes: 1, version: '1' };
    const inspected: LedgerEvent[] =
      pageCount === 0
        ? []
        : [
            { at, type: 'inspected', document: 'x', pageCount, repaired: false },
            { at, type: 'pages', document: 'x', pages },
          ];
    const events: LedgerEvent[] = [
      { at, type: 'listed', source },
      { at, type: 'listing-complete', documents: 1, leftOut: 0 },
      ...inspected,
    ];
    return listFailures(foldLedger([...events, { at, type: 'document-failed', document: 'x', error }]));
  }

  it('is one row for pages of a document that failed alike, with what helps', () => {
    const pages: PageEntry[] = [
      [1, 'failed', null, 0, damaged],
      [2, 'failed', null, 0, damaged],
      [3, 'done', 90, 5],
      [4, 'failed', null, 0, slow],
      [5, 'failed', null, 0, damaged],
    ];
    const summed = {
      family: 'DocumentError',
      code: 'PAGES_FAILED',
      message: '4 of 5 pages could not be read.',
    } as const;
    expect(failuresOf(pages, summed)).toEqual([
      {
        document: 'x.pdf',
        extent: 'pages 1-2, 5 of 5',
        reason: damaged.message,
        code: 'PAGE_DAMAGED',
        help: expect.stringContaining('PDF viewer'),
      },
      { document: 'x.pdf', extent: 'page 4 of 5', reason: slow.message, code: 'READING_TIMEOUT', help: slow.remedy },
    ]);
  });

  it('tells all pages that failed alike once', () => {
    const pages: PageEntry[] = [
      [1, 'failed', null, 0, damaged],
      [2, 'failed', null, 0, damaged],
    ];
    expect(
      failuresOf(pages, { ...damaged, family: 'DocumentError', message: 'None of its 2 pages could be read.' }),
    ).toMatchObject([{ extent: 'all of it', code: 'PAGE_DAMAGED' }]);
  });

  it('tells a document with its own reason, also where pages failed for another', () => {
    const locked = {
      family: 'DocumentError',
      code: 'PDF_ENCRYPTED',
      message: 'It is locked.',
      remedy: 'Save a copy.',
    } as const;
    expect(failuresOf([], locked)).toMatchObject([
      { extent: 'all of it', help: expect.stringMatching(/^Ask for a copy without a password/) },
    ]);
    const changed = { family: 'DocumentError', code: 'SOURCE_CHANGED', message: 'It changed.' } as const;
    expect(
      failuresOf(
        [
          [1, 'failed', null, 0, damaged],
          [2, 'done', 90, 1],
        ],
        changed,
      ),
    ).toMatchObject([
      { extent: 'all of it', code: 'SOURCE_CHANGED', help: expect.stringMatching(/same command/) },
      { extent: 'page 1 of 2', code: 'PAGE_DAMAGED' },
    ]);
  });
});
