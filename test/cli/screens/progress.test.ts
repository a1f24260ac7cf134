import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunProgress } from '../../../src/core/progress.ts';
import { displayWidth } from '../../../src/cli/screens/display-text.ts';
import { groupReading } from '../../../src/cli/screens/progress/group-reading.ts';
import { formatPages } from '../../../src/core/format-pages.ts';
import { renderProgressBlock } from '../../../src/cli/screens/progress/render-block.ts';
import {
  clockTime,
  renderNoticeLine,
  renderProgressLine,
  renderRunLine,
} from '../../../src/cli/screens/progress/render-line.ts';
import { makeReporter, type ProgressReporter } from '../../../src/cli/screens/progress/reporters.ts';
import { memoryTerminal, showScreen, type MemoryTerminalOptions } from '../memory-terminal.ts';
import { BEGINNING, MIDDLE } from './sample-progress.ts';

const UTC = { timeZone: 'UTC' };

describe('the live block', () => {
  it('shows a run in its middle', () => {
    expect(renderProgressBlock(MIDDLE, { width: 79, unicode: true, ...UTC })).toBe(
      [
        ' Fetch     ████████████████████  212/212 PDFs            38.2 GB, done',
        ' OCR       ███████████▌░░░░░░░░  7,212/12,480 pages      160/min, 16 at once',
        ' Assemble  █████████▏░░░░░░░░░░  98/212 documents',
        ' Deliver   ████████▉░░░░░░░░░░░  95/212 documents        1.9 GB',
        '',
        ' 58%   45 min gone   31-36 min left   done about 14:27',
        ' Reading   Koldewey_1899_v2.pdf p.118-121',
        ' Look at   1 document (41 faint pages)',
      ].join('\n'),
    );
  });

  it('shows a run that has just begun, in ASCII', () => {
    expect(renderProgressBlock(BEGINNING, { width: 79, unicode: false, ...UTC })).toBe(
      [
        ' Fetch     ....................  1/40 PDFs so far        25.0 kB',
        ' OCR       ....................  0/0 pages               16 at once',
        ' Assemble  ....................  0/40 documents',
        ' Deliver   ....................  0/40 documents',
        '',
        ' 0%   2 s gone',
      ].join('\n'),
    );
  });

  it('shows what is finished while stopping', () => {
    const block = renderProgressBlock({ ...MIDDLE, phase: 'stopping' }, { width: 79, unicode: false, ...UTC });
    expect(block).toContain(' Stopping  finishing 4 pages in hand');
    expect(block).not.toContain('left');
  });

  it('keeps documents that failed out of what is still to come', () => {
    const documents = { ...MIDDLE.documents, total: 100, fetched: 97, failed: 3, assembled: 97, delivered: 97 };
    const block = renderProgressBlock({ ...MIDDLE, documents }, { width: 79, unicode: false, ...UTC });
    expect(block).toContain(' Deliver   ####################  97/97 documents');
    expect(block).toContain('(41 faint pages, 3 failed documents)');
  });

  it('never goes beyond the width nor prints a control character, whatever the names', () => {
    const name = fc.string({ unit: 'binary', maxLength: 120 });
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 200 }),
        fc.array(name, { maxLength: 5 }),
        fc.boolean(),
        fc.nat(),
        fc.nat(),
        (width, names, unicode, done, total) => {
          const progress: RunProgress = {
            ...MIDDLE,
            reading: names.map((document) => ({ document, pageNumber: 7 })),
            pages: { ...MIDDLE.pages, done, total, estimatedTotal: total },
          };
          for (const line of renderProgressBlock(progress, { width, unicode, ...UTC }).split('\n')) {
            expect(displayWidth(line)).toBeLessThanOrEqual(width);
            expect(line).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
          }
        },
      ),
    );
  });

  it('is full only when all is done', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(), (total, any) => {
        const done = any % (total + 1);
        const block = renderProgressBlock(
          { ...MIDDLE, pages: { total, estimatedTotal: total, done, failed: 0, faint: 0 } },
          { width: 79, unicode: false, ...UTC },
        );
        expect(block.includes('OCR       ####################')).toBe(done === total);
        expect(/^ 100%/m.test(block)).toBe(done === total);
      }),
    );
  });
});

describe('lines for logs', () => {
  it('tells a moment in one line', () => {
    expect(renderProgressLine(MIDDLE)).toBe(
      'ocr 7212/12480 pages 58%; 95/212 documents delivered; 160/min; left 31-36 min; look at 1 document',
    );
    expect(renderProgressLine(BEGINNING)).toBe('listing: 40 PDFs so far');
    expect(renderProgressLine({ ...MIDDLE, phase: 'stopping' })).toMatch(
      /^stopping; ocr 7212.*delivered; 160\/min; look at/,
    );
  });

  it('says "about" until all documents are open', () => {
    const pages = { ...MIDDLE.pages, total: 90, estimatedTotal: 110, done: 4 };
    expect(renderProgressLine({ ...MIDDLE, pages })).toMatch(/^ocr 4\/about 110 pages/);
    // The guess may be what is known by chance.
    const documents = { ...MIDDLE.documents, fetched: 3 };
    expect(renderProgressLine({ ...MIDDLE, documents })).toMatch(/^ocr 7212\/about 12480 pages/);
    expect(renderRunLine({ ...MIDDLE, documents }, 79)).toContain('212 PDFs, about 12,480 pages');
  });

  it('names a run and its scans on one line, however long their names are', () => {
    expect(renderRunLine(BEGINNING, 79)).toBe('Run marduk-7f3a01: 40 PDFs so far from "Scans/Marduk" (163928374651)');
    const source = {
      name: 'Grabungsberichte der Jahre 1899 bis 1917',
      id: '/global/scratch/users/somebody/a/b/c/scans',
    };
    const line = renderRunLine({ ...MIDDLE, source }, 79);
    expect(line).toHaveLength(79);
    expect(line).toMatch(/^Run marduk-7f3a01: 212 PDFs, 12,480 pages from "Gr.*\.\.\..*" \(.*\.\.\..*\)?$/);
  });

  it('tells a notice with its place, harmless whatever the name', () => {
    const notice = {
      level: 'warn',
      code: 'FAINT',
      text: 'faint, confidence 38 of 100; kept, marked',
      document: 'Reis\u001b[31mner\n.pdf',
      pageNumber: 77,
    } as const;
    expect(renderNoticeLine(notice)).toBe('warn Reis?[31mner?.pdf p.77: faint, confidence 38 of 100; kept, marked');
    expect(renderNoticeLine({ level: 'info', code: 'X', text: 'Box answers again' })).toBe('Box answers again');
  });

  it('groups pages of a document', () => {
    const inHand = [
      { document: 'a.pdf', pageNumber: 2 },
      { document: 'b p.3', pageNumber: 7 },
      { document: 'a.pdf', pageNumber: 10 },
      { document: 'a.pdf', pageNumber: 1 },
      { document: 'c p.9' },
    ];
    expect(groupReading(inHand)).toBe('a.pdf p.1-2,10, b p.3 p.7, c p.9');
    expect(formatPages([5, 3, 4, 4, 9])).toBe('3-5,9');
  });

  it('gives the time of day', () => {
    expect(clockTime(Date.parse('2024-05-02T00:09:02Z'), 'UTC')).toBe('00:09:02');
  });
});

interface Scene {
  readonly reporter: ProgressReporter;
  readonly err: () => string;
  readonly out: () => string;
  pass(seconds: number): void;
}

function scene(style: 'auto' | 'live' | 'plain' | 'json' | 'none', options: MemoryTerminalOptions = {}): Scene {
  let now = Date.parse('2024-05-02T14:09:02Z');
  const { terminal, err, out } = memoryTerminal(options);
  const reporter = makeReporter(terminal, { style, logLevel: 'info', clock: () => now, ...UTC });
  return { reporter, err, out, pass: (seconds) => (now += seconds * 1000) };
}

describe('reporters', () => {
  it('plain: at once, then every 30 s, and on a change of phase', () => {
    const { reporter, err, out, pass } = scene('auto');
    reporter.progress(BEGINNING);
    pass(2);
    reporter.progress(MIDDLE);
    for (let second = 0; second < 31; second += 2) {
      pass(2);
      reporter.progress(MIDDLE);
    }
    reporter.stopping();
    reporter.end();
    expect(err()).toBe(
      [
        '14:09:02 run marduk-7f3a01 started, 16 at once, from "Scans/Marduk" (163928374651)',
        '14:09:02 listing: 40 PDFs so far',
        '14:09:04 ocr 7212/12480 pages 58%; 95/212 documents delivered; 160/min; left 31-36 min; look at 1 document',
        '14:09:34 ocr 7212/12480 pages 58%; 95/212 documents delivered; 160/min; left 31-36 min; look at 1 document',
        '14:09:36 Stopping: finishing 4 pages. Ctrl-C again stops now.',
        '',
      ].join('\n'),
    );
    expect(out()).toBe('');
  });

  it('live: draws in place, notices stay above, and leaves the screen clean', () => {
    const { reporter, err, pass } = scene('auto', { isTTY: true });
    reporter.progress(BEGINNING);
    pass(1);
    reporter.notice({ level: 'warn', code: 'FAINT', text: 'faint', document: 'a.pdf', pageNumber: 3 });
    pass(1);
    reporter.progress(MIDDLE);
    const screen = showScreen(err());
    expect(screen.split('\n').slice(0, 5)).toEqual([
      'warn a.pdf p.3: faint',
      'Run marduk-7f3a01: 212 PDFs, 12,480 pages from "Scans/Marduk" (163928374651)',
      '',
      expect.stringContaining(' Fetch '),
      expect.stringContaining(' OCR '),
    ]);
    expect(screen.match(/Fetch/g)).toHaveLength(1);
    reporter.end();
    expect(showScreen(err())).toBe(
      'warn a.pdf p.3: faint\nRun marduk-7f3a01: 212 PDFs, 12,480 pages from "Scans/Marduk" (163928374651)',
    );
  });

  it('live: draws at most ten times a second, each time in one write without clearing first', () => {
    const { reporter, err, pass } = scene('live', { isTTY: true });
    for (let moment = 0; moment < 100; moment++) {
      reporter.progress(MIDDLE);
      pass(0.01);
    }
    expect(err().match(/OCR/g)?.length).toBeLessThanOrEqual(11);
    expect(err()).not.toContain('\u001b[2J');
  });

  it.each([
    ['ACCESSIBLE=1', { isTTY: true, environment: { ACCESSIBLE: '1', LANG: 'C.UTF-8' } }],
    ['TERM=dumb', { isTTY: true, environment: { TERM: 'dumb' } }],
    ['a tiny window', { isTTY: true, rows: 8 }],
    ['a pipe', { isTTY: false }],
  ])('auto: plain lines with %s', (_, options) => {
    const { reporter, err } = scene('auto', options);
    reporter.progress(MIDDLE);
    expect(err()).not.toContain('\u001b');
    expect(err()).toContain('ocr 7212/12480 pages');
  });

  it('live: ASCII bars where the locale has no UTF-8', () => {
    const { reporter, err } = scene('live', { isTTY: true, environment: { LANG: 'C', TERM: 'xterm' } });
    reporter.progress(MIDDLE);
    expect(err()).toContain('####');
    expect(err()).not.toMatch(/[█░]/);
  });

  it('json: an object a line, at most one a second, secrets hidden', () => {
    const { reporter, err, pass } = scene('json');
    reporter.progress(BEGINNING);
    pass(0.5);
    reporter.progress(BEGINNING);
    reporter.notice({
      level: 'warn',
      code: 'NET',
      text: 'failed at https://dl.boxcloud.com/d/1/b1!secret/download with Bearer abcdef123456',
    });
    pass(1);
    reporter.progress(MIDDLE);
    const lines = err()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ type }) => type)).toEqual(['progress', 'notice', 'progress']);
    expect(lines[2]).toMatchObject({ run: 'marduk-7f3a01', pages: { done: 7212 } });
    expect(err()).not.toMatch(/b1!secret|abcdef123456/);
  });

  it('none: not a word', () => {
    const { reporter, err, out } = scene('none', { isTTY: true });
    reporter.progress(MIDDLE);
    reporter.notice({ level: 'error', code: 'X', text: 'x' });
    reporter.stopping();
    reporter.end();
    expect(err() + out()).toBe('');
  });

  it('tells the first twenty of a kind, then leaves them to the report', () => {
    const { reporter, err } = scene('plain');
    for (let page = 1; page <= 1000; page++)
      reporter.notice({ level: 'warn', code: 'FAINT', text: 'faint', document: 'a.pdf', pageNumber: page });
    reporter.notice({ level: 'warn', code: 'OTHER', text: 'another thing' });
    const lines = err().trim().split('\n');
    expect(lines).toHaveLength(22);
    expect(lines.at(-2)).toContain('more of this kind (FAINT) are in the report');
    expect(lines.at(-1)).toContain('another thing');
  });
});
