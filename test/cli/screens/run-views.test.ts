import { describe, expect, it } from 'vitest';
import type { RunPlan } from '../../../src/core/run-estimate.ts';
import { findRun } from '../../../src/cli/find-run.ts';
import { renderPlan } from '../../../src/cli/screens/render-plan.ts';
import { renderSummary } from '../../../src/cli/screens/render-summary.ts';
import {
  orderRuns,
  renderStatusTable,
  SILENT_AFTER_MS,
  type RunStatus,
  statusOfProgress,
  statusOfState,
  withJobs,
} from '../../../src/cli/screens/run-status.ts';
import { summarizeRun } from '../../../src/cli/screens/run-summary.ts';
import { displayWidth } from '../../../src/cli/screens/display-text.ts';
import { MIDDLE } from './sample-progress.ts';
import { DOCUMENTS, sampleEntry, sampleState } from './sample-run.ts';

const PLACES = { durationMs: 4_860_000, destination: './text', report: '~/ocr-runs/a-1/report.html', width: 80 };

describe('the summary of a run', () => {
  it('accounts for everything that was found, and names what needs a person', () => {
    expect(renderSummary(summarizeRun(sampleState()), PLACES)).toBe(
      [
        'Finished in 81 min. 2 of 4 documents are complete; 1 failed; 2 want your eyes.',
        '',
        ' Documents   5 found: 2 complete, 1 with failed pages, 1 failed, 1 left out',
        ' Pages       5 read, 1 had text (kept), 1 blank (kept in place), 2 faint (read,',
        '             marked), 1 failed',
        " Confidence  median 65 of 100; 2 pages under 60. The engine's guess, not",
        '             accuracy',
        ' Output      ./text: 3 .txt, 3 searchable .pdf',
        ' Look at     a2.pdf  2 faint pages (2-3)',
        '             a3.pdf  1 failed page (9); It took longer than 300 s [PAGE_TIMEOUT]',
        ' Failed      locked?.pdf  It is locked with a password [PDF_ENCRYPTED]',
        ' Left out    notes.txt  its name does not end with .pdf',
        ' Report      ~/ocr-runs/a-1/report.html',
        ' Next        the same command again tries what failed, and only that',
      ].join('\n'),
    );
  });

  it('speaks of one document in the singular', () => {
    const failed = summarizeRun(sampleState([{ path: 'a.pdf', pages: [], end: 'failed' }]));
    expect(renderSummary(failed, PLACES)).toMatch(/^Finished in 81 min\. 0 of 1 document is complete; 1 failed\./);
  });

  it('adds up: found = complete + with failed pages + failed + waiting + left out', () => {
    const state = sampleState([...DOCUMENTS, { path: 'z.pdf', pages: [], end: 'open' }]);
    const { counts, complete } = summarizeRun(state);
    const { listed, done, failed, waiting, leftOut } = counts.documents;
    expect({ listed, done, failed, waiting, leftOut, complete }).toEqual({
      listed: 5,
      done: 3,
      failed: 1,
      waiting: 1,
      leftOut: 1,
      complete: 2,
    });
    expect(renderSummary(summarizeRun(state), PLACES)).toContain(
      '6 found: 2 complete, 1 with failed pages, 1 failed, 1 waiting, 1\n             left out',
    );
  });

  it('is short and ends with 0 when all is well', () => {
    const summary = summarizeRun(sampleState(DOCUMENTS.slice(0, 1), 0));
    expect(summary.exitCode).toBe(0);
    const text = renderSummary(summary, PLACES);
    expect(text).toContain('Finished in 81 min. The document is complete.\n');
    expect(text).not.toMatch(/Next|Failed|Look at/);
  });

  it.each([
    [{ end: 'failed', pages: [] }, 65],
    [{ end: 'done', pages: [[1, 'failed', null, 0]] }, 65],
    [{ end: 'done', pages: [[1, 'done', 10, 1]] }, 0],
  ] as const)('ends with the right code for %j', (document, exitCode) => {
    expect(summarizeRun(sampleState([{ path: 'a.pdf', ...document }])).exitCode).toBe(exitCode);
  });

  it('names eight of a thousand, and stays within 80 columns', () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({
      path: `${'long folder name/'.repeat(10)}${index}.pdf`,
      pages: [],
      end: 'failed' as const,
    }));
    const text = renderSummary(summarizeRun(sampleState(many)), PLACES);
    expect(text.match(/PDF_ENCRYPTED/g)).toHaveLength(8);
    expect(text).toContain('and 992 more; the report names them all');
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  });
});

describe('status', () => {
  const run = { name: 'marduk-7f3a01', folder: '/runs/marduk-7f3a01', createdAt: '2024-05-02T13:09:02.000Z' };
  const now = Date.parse(MIDDLE.at);

  it('shows a table in 80 columns, and what to do next', () => {
    const runs = [
      statusOfProgress(run, MIDDLE, now + 2000),
      statusOfProgress(
        { ...run, name: 'ugarit-2c9d44' },
        { ...MIDDLE, phase: 'listing', secondsLeft: undefined, lookAt: 0 },
        now,
      ),
      statusOfProgress({ ...run, name: 'nippur-44d0aa' }, MIDDLE, now + 14 * 60_000),
      statusOfState({ ...run, name: 'akkad-b01e22' }, sampleState(DOCUMENTS.slice(0, 1), 0)),
      statusOfState({ ...run, name: 'uruk-0a77f1' }, sampleState()),
      statusOfState({ ...run, name: 'eridu-19bb02' }, sampleState([{ path: 'a.pdf', pages: [], end: 'open' }], 75)),
    ];
    expect(renderStatusTable(runs, 80, (text) => text)).toBe(
      [
        'RUN                 WHERE         STATE     PAGES         LEFT        LOOK AT',
        'marduk-7f3a01       this computer running   7,212/12,480  31-36 min   1 doc',
        'ugarit-2c9d44       this computer listing   7,212/12,480  unknown     -',
        'nippur-44d0aa       this computer silent    7,212/12,480  -           1 doc',
        'akkad-b01e22        this computer done      2/2           -           -',
        'uruk-0a77f1         this computer done, but 8/8           -           3 docs',
        'eridu-19bb02        this computer paused    0/0           -           -',
        '',
        'nippur-44d0aa: no sign of life for 14 min; if it was ended, go on with',
        '  ocr-pipeline resume nippur-44d0aa',
      ].join('\n'),
    );
  });

  it('says that a run is dead whose program is gone, whenever it gave its last sign', () => {
    for (const ageMs of [2_000, 14 * 60_000]) {
      const dead = statusOfProgress(run, MIDDLE, now + ageMs, false);
      expect(dead).toMatchObject({ state: 'dead', secondsLeft: undefined });
      expect(renderStatusTable([dead], 80, (text) => text)).toMatch(
        /dead[^]*its program ended without a word .* ago; go on with\n {2}ocr-pipeline resume marduk-7f3a01$/,
      );
    }
    expect(statusOfProgress(run, MIDDLE, now + 14 * 60_000, true)).toMatchObject({ state: 'silent' });
  });

  it('keeps what is on in sight after many runs, in 24 lines', () => {
    const ended = statusOfState(run, sampleState([{ path: 'a.pdf', pages: [], end: 'open' }], 75));
    const runs = Array.from({ length: 30 }, (_, index) => ({ ...ended, name: `old-${index}` }));
    const on = statusOfProgress({ ...run, name: 'newest' }, MIDDLE, now);
    const { shown, more } = orderRuns([...runs, on], 10);
    expect(shown.map(({ name }) => name)).toEqual(['newest', ...runs.slice(0, 9).map(({ name }) => name)]);
    const lines = renderStatusTable(shown, 80, (text) => text, more).split('\n');
    expect(lines.length).toBeLessThan(20);
    expect(lines).toContain('and 21 older runs: ocr-pipeline status --all');
    expect(lines.filter((line) => line.includes('resume'))).toHaveLength(1);
  });

  it('says of a run that was left to its jobs what became of them', () => {
    const open = [{ path: 'a.pdf', pages: [], end: 'open' as const }];
    const stoppedBy = (code: string): RunStatus =>
      statusOfState(run, sampleState(open, 75, { family: 'StoppedError', code, message: 'Stopped.' }));
    const jobs = { jobIds: ['7', '9'], waiting: 0, running: 0, pagesRead: 12 };
    const left = stoppedBy('DETACHED');
    expect(withJobs(left, { ...jobs, running: 2 })).toMatchObject({
      state: 'running',
      where: 'Slurm 9',
      pages: { done: 12 },
    });
    expect(withJobs(left, { ...jobs, waiting: 2 })).toMatchObject({ state: 'waiting' });
    expect(withJobs(left, jobs)).toMatchObject({
      state: 'paused',
      stateDetail: 'its jobs have ended',
      pages: { done: 12 },
    });
    expect(withJobs(left, undefined)).toMatchObject({
      state: 'paused',
      stateDetail: expect.stringContaining('Slurm does not answer') as string,
    });
    // Another reason to stop is not hidden by it.
    expect(withJobs(stoppedBy('BOX_LOGIN_ENDED'), jobs)).toMatchObject({
      state: 'paused',
      stateDetail: 'BOX_LOGIN_ENDED',
    });
    expect(withJobs(statusOfState(run, sampleState(DOCUMENTS.slice(0, 1), 0)), jobs)).toMatchObject({
      state: 'done',
      where: 'Slurm 9',
    });
  });

  it('calls a run running only with a recent sign of life', () => {
    expect(statusOfProgress(run, MIDDLE, now + SILENT_AFTER_MS).state).toBe('running');
    expect(statusOfProgress(run, MIDDLE, now + SILENT_AFTER_MS + 1)).toMatchObject({
      state: 'silent',
      secondsLeft: undefined,
    });
    // The clock of another computer may be ahead of ours.
    expect(statusOfProgress(run, MIDDLE, now - 60_000).state).toBe('running');
  });

  it('does not call done what ended without an end, or had not been listed', () => {
    expect(statusOfState(run, sampleState(DOCUMENTS.slice(0, 1), null))).toMatchObject({
      state: 'paused',
      stateDetail: 'ended abruptly',
    });
    expect(statusOfState(run, { documents: new Map(), leftOut: [], listed: false, sessions: [] }).state).toBe('paused');
  });
});

describe('finding a run', () => {
  const entries = ['beta-000002', 'alpha-000001', 'alpha-000000'].map((name) => sampleEntry(name, sampleState()));
  it('takes the newest, a whole name or the beginning of one', () => {
    expect(findRun(entries, undefined, '/runs').record.name).toBe('beta-000002');
    expect(findRun(entries, 'alpha-000000', '/runs').record.name).toBe('alpha-000000');
    expect(findRun(entries, 'be', '/runs').record.name).toBe('beta-000002');
  });
  it('says what is wrong with a name', () => {
    expect(() => findRun(entries, 'alpha', '/runs')).toThrow(
      expect.objectContaining({ code: 'RUN_AMBIGUOUS' }) as Error,
    );
    expect(() => findRun(entries, 'bata-000002', '/runs')).toThrow(
      expect.objectContaining({ code: 'RUN_NOT_FOUND', advice: { remedy: 'Did you mean beta-000002?' } }) as Error,
    );
    expect(() => findRun([], undefined, '/runs')).toThrow(
      expect.objectContaining({ code: 'NO_RUNS', exitCode: 66 }) as Error,
    );
  });
});

describe('the plan', () => {
  const plan: RunPlan = {
    source: { name: 'Scans/Marduk', id: '163928374651', foldersDeep: 3 },
    destination: './text',
    toDo: { documents: 212, notOpened: 0, pages: 12_480, sizeBytes: 38_200_000_000 },
    alreadyDone: { documents: 0, pages: 0 },
    skips: [{ documents: 6, pages: 80, reason: 'already have text', hint: '--mode redo to OCR them too' }],
    failures: [
      { path: 'a.pdf', code: 'PDF_ENCRYPTED', reason: 'encrypted' },
      { path: 'b.pdf', code: 'PDF_DAMAGED', reason: 'damaged' },
    ],
    leftOut: [{ reason: 'their names do not end with .pdf', entries: 4 }],
    outputs: { formats: ['txt', 'pdf'], perFormat: 212, namesTaken: 0 },
    scratch: { neededBytes: 61_000_000_000, freeBytes: 2_100_000_000_000 },
    samplePages: 12,
    notes: [],
    estimates: [
      { where: 'this computer', cores: 8, seconds: [8400, 10_800], suggested: false },
      {
        where: 'savio3 (whole node)',
        cores: 32,
        seconds: [2400, 2700],
        cost: { unit: 'SU', low: 21, high: 24 },
        suggested: true,
      },
    ],
  };
  it('says what would be done, for how long and at what cost', () => {
    const text = renderPlan(plan, {
      width: 80,
      verbose: false,
      command: 'ocr-pipeline run --input ./scans --output ./text',
    });
    expect(text).toBe(
      [
        'PLAN | "Scans/Marduk" (163928374651), 3 folders deep',
        'PLAN | To do      212 PDFs, 12,480 pages, 38.2 GB',
        'PLAN | Skip       6 PDFs already have text     (--mode redo to OCR them too)',
        'PLAN | Left out   4 entries: their names do not end with .pdf',
        'PLAN | Cannot     2 PDFs: 1 encrypted, 1 damaged     (plan -v names them)',
        'PLAN | Output     ./text   212 .txt, 212 .pdf; 0 names taken',
        'PLAN | Needs      61.0 GB in the work folder (2.1 TB free)',
        'PLAN | WHERE                      CORES    TIME          COST',
        'PLAN | this computer                  8    2h20-3h00     -',
        'PLAN | savio3 (whole node)           32    40-45 min     21-24 SU  <- suggested',
        'PLAN | Measured   on 12 sample pages',
        'PLAN | Nothing was changed. To go on:',
        'PLAN |   ocr-pipeline run --input ./scans --output ./text',
      ].join('\n'),
    );
  });
  it('names each document that cannot be read when asked', () => {
    const text = renderPlan(plan, { width: 80, verbose: true, command: 'x' });
    expect(text).toContain('a.pdf  encrypted [PDF_ENCRYPTED]');
    expect(text).toContain('b.pdf  damaged [PDF_DAMAGED]');
  });
});
