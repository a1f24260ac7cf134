import { describe, expect, it } from 'vitest';
import type { RunPlan } from '../../../src/core/run-estimate.ts';
import { showPlanProgress } from '../../../src/cli/screens/progress/plan-progress.ts';
import { renderPlan } from '../../../src/cli/screens/render-plan.ts';
import { memoryTerminal, showScreen } from '../memory-terminal.ts';

const PLAN: RunPlan = {
  source: { name: 'scans', id: '/data/scans' },
  destination: '/data/text',
  toDo: { documents: 9, notOpened: 0, pages: 90, sizeBytes: 9_000_000 },
  alreadyDone: { documents: 0, pages: 0 },
  skips: [],
  failures: [],
  leftOut: [{ reason: 'Its name does not end in .pdf.', entries: 2, paths: ['a.doc', 'b\u001b.tif'] }],
  outputs: {
    formats: ['txt'],
    perFormat: 9,
    namesTaken: 5,
    taken: ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt'],
    neededBytes: 9_000_000,
    freeBytes: 1_000_000,
  },
  scratch: { neededBytes: 1 },
  samplePages: 1,
  samples: [{ path: 'a.pdf', pageNumber: 3, text: 'Die Leiden des jungen Werthers' }],
  language: 'reads like German; you gave eng',
  estimates: [],
  notes: [],
};

describe('a plan on the screen', () => {
  it('names what is taken and what to do, too little room, and the words that were read', () => {
    const text = renderPlan(PLAN, { width: 80, verbose: false, command: 'ocr-pipeline run' });
    expect(text).toContain('Taken      a.txt, b.txt, c.txt and 2 more');
    expect(text).toMatch(/add --on-conflict rename,/);
    expect(text).toContain('Room       about 9.0 MB for the results (1.0 MB free there)');
    expect(text).toContain('There is too little room for the results: another --output');
    expect(text).toContain('Sample     Die Leiden des jungen Werthers  (a.pdf p.3)');
    expect(text).toContain('reads like German; you gave eng. Is --lang right?');
    expect(text).not.toContain('a.doc');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('with -v names all that is left out', () => {
    const text = renderPlan(PLAN, { width: 80, verbose: true, command: 'ocr-pipeline run' });
    expect(text).toMatch(/^PLAN \| {12}a\.doc\nPLAN \| {12}b\?\.tif$/m);
    expect(text).toContain('Taken      a.txt, b.txt, c.txt, d.txt, e.txt');
  });

  it('is begun with a word at once, in a log and on a terminal, which is left clean', () => {
    for (const isTTY of [false, true]) {
      const { terminal, err } = memoryTerminal({ isTTY });
      const progress = showPlanProgress(terminal, false, () => 0);
      progress.tell({ step: 'looking', done: 0 });
      expect(err()).toContain('PLAN | Looking at where scans are and results go ...');
      progress.tell({ step: 'opening', done: 3, total: 400 });
      if (isTTY) expect(showScreen(err())).toContain('Opening: 3 of 400 PDFs ...');
      progress.end();
      expect(showScreen(err())).toBe(isTTY ? '' : 'PLAN | Looking at where scans are and results go ...');
    }
    const { terminal, err } = memoryTerminal();
    showPlanProgress(terminal, true, () => 0).tell({ step: 'looking', done: 0 });
    expect(err()).toBe('');
  });
});
