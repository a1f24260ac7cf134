import { describe, expect, it } from 'vitest';
import { InternalError, StoppedError, TransientError } from '../../../src/core/errors.ts';
import type { RunRequest } from '../../../src/core/run-request.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { listenForStop } from '../../../src/cli/stop-signals.ts';
import { app as realApp } from '../../../src/app/app.ts';
import type { App, RunEnd, RunEntry, StepItem } from '../../../src/app/contract.ts';
import { memoryTerminal, showScreen, type MemoryTerminalOptions } from '../memory-terminal.ts';
import { makeFolder } from '../run-cli.ts';
import { MIDDLE } from '../screens/sample-progress.ts';
import { DOCUMENTS, sampleEntry, sampleState } from '../screens/sample-run.ts';

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process, on parts of ours. */
async function runWith(
  parts: Partial<App>,
  args: readonly string[],
  options: MemoryTerminalOptions = {},
): Promise<Outcome> {
  const { terminal, out, err } = memoryTerminal(options);
  const signals = { on: () => undefined, off: () => undefined };
  const code = await runProgram({
    args,
    terminal,
    shell: { workingFolder: '/work', environment: { HOME: makeFolder() } },
    stop: listenForStop(signals, () => undefined),
    app: { ...realApp, ...parts },
  });
  return { code, out: out(), err: err() };
}

const RUN = ['run', '--input', 'scans', '--output', 'text', '--jobs', '3', '--progress', 'none'];
const ENTRIES: readonly RunEntry[] = [
  sampleEntry('marduk-7f3a01', sampleState(), { ...MIDDLE, at: new Date().toISOString() }),
  sampleEntry('akkad-b01e22', sampleState()),
];
const listRuns = (): Promise<readonly RunEntry[]> => Promise.resolve(ENTRIES);

async function* items(...all: StepItem[]): AsyncGenerator<StepItem> {
  yield* all;
}

describe('run', () => {
  it('asks for what was typed, with absolute paths and numbers', async () => {
    const asked: RunRequest[] = [];
    const startRun: App['startRun'] = (request) => {
      asked.push(request);
      return Promise.resolve({
        ...ENTRIES[1]!,
        state: sampleState(),
        durationMs: 1000,
        reportFile: '/runs/akkad-b01e22/report.html',
      });
    };
    const { code, out, err } = await runWith({ startRun }, [
      ...RUN,
      '--lang',
      'deu+frk',
      '--formats',
      'alto,txt',
      '--match',
      'a/**',
      'b',
      '--no-recursive',
      '--page-timeout',
      '2m',
      '--dpi',
      '400',
    ]);
    expect({ code, err }).toEqual({ code: 65, err: '' });
    expect(out).toContain('2 of 4 documents are complete');
    expect(asked).toEqual([
      {
        source: { kind: 'local', paths: ['/work/scans'] },
        destination: { kind: 'local', folder: '/work/text' },
        box: expect.objectContaining({
          boxCallsPerMinute: 1000,
          boxApiUrl: 'https://api.box.com',
        }) as RunRequest['box'],
        executor: { kind: 'local' },
        workDir: expect.stringMatching(/\/ocr-runs$/) as string,
        jobs: 3,
        engine: 'auto',
        tesseract: undefined,
        settings: {
          language: 'deu+frk',
          mode: 'skip',
          dpi: 400,
          formats: ['txt', 'alto'],
          onConflict: 'stop',
          match: ['a/**', 'b'],
          recursive: false,
          limits: { seconds: 120, megapixels: 150, memoryMiB: 900 },
        },
      },
    ]);
  });

  it('asks for what is wanted of Slurm, and for nothing of it otherwise', async () => {
    const asked: RunRequest[] = [];
    const startRun: App['startRun'] = (request) => {
      asked.push(request);
      return Promise.resolve({ ...ENTRIES[1]!, state: sampleState(), durationMs: 1000, detached: true });
    };
    const words = [
      '--executor',
      'slurm',
      '--account',
      'fc_abc',
      '--partition',
      'savio3',
      '--time',
      '3:00:00',
      '--nodes',
      '4',
      '--detach',
    ];
    const { code, out } = await runWith({ startRun }, [...RUN, ...words]);
    expect(code).toBe(0);
    expect(out).toMatch(/goes on without this program[^]*ocr-pipeline resume akkad-b01e22/);
    expect(asked[0]?.executor).toMatchObject({
      kind: 'slurm',
      detach: true,
      choices: {
        slurmAccount: 'fc_abc',
        slurmPartition: 'savio3',
        slurmQos: undefined,
        slurmTime: 180,
        slurmNodes: 4,
        slurmCores: 'auto',
        slurmPoll: 15,
      },
    });
    const { code: refused, err } = await runWith({ startRun }, [...RUN, '--detach']);
    expect(refused).toBe(64);
    expect(err).toContain('NOTHING_TO_DETACH');
  });

  it('takes several inputs, after one flag or after several', async () => {
    for (const input of [
      ['--input', 'a', 'b', '/c'],
      ['--input', 'a', '--input', 'b', '/c'],
      ['-i', 'a', '-i', 'b', '--input=/c'],
    ]) {
      const asked: RunRequest[] = [];
      const startRun: App['startRun'] = (request) => {
        asked.push(request);
        return Promise.reject(new TransientError('NET_DOWN', 'No answer.'));
      };
      expect(await runWith({ startRun }, ['run', ...input, '--output', 'text', '--progress', 'none'])).toMatchObject({
        code: 75,
      });
      expect(asked[0]?.source).toEqual({ kind: 'local', paths: ['/work/a', '/work/b', '/c'] });
    }
  });

  it('prints the summary as JSON, which adds up', async () => {
    const startRun: App['startRun'] = () => Promise.resolve({ ...ENTRIES[1]!, state: sampleState(), durationMs: 1000 });
    const { out } = await runWith({ startRun }, [...RUN, '--json']);
    expect(JSON.parse(out)).toMatchObject({
      run: 'akkad-b01e22',
      exitCode: 65,
      complete: 2,
      counts: { documents: { listed: 4, done: 3, failed: 1, leftOut: 1 } },
    });
  });

  it('with --dry-run only plans, and repeats the command', async () => {
    const planRun: App['planRun'] = () =>
      Promise.resolve({
        source: { name: 'scans' },
        destination: '/work/text',
        toDo: { documents: 1, notOpened: 0, pages: 2, sizeBytes: 3 },
        alreadyDone: { documents: 0, pages: 0 },
        skips: [],
        failures: [],
        leftOut: [],
        outputs: { formats: ['txt'], perFormat: 1, namesTaken: 0 },
        scratch: { neededBytes: 1 },
        samplePages: 0,
        estimates: [],
        notes: [],
      });
    const { code, out } = await runWith({ planRun }, [...RUN, '--dry-run', '--match', "it's/**"]);
    expect(code).toBe(0);
    expect(out).toContain(
      String.raw`ocr-pipeline run --input scans --output text --jobs 3 --progress none --match 'it'\''s/**'`,
    );
    expect(out).not.toContain('--dry-run');
  });

  it('runs the command of --when-done with the end of the run, and is not changed by what becomes of it', async () => {
    const told: [string, RunEnd][] = [];
    const runWhenDone: App['runWhenDone'] = (command, end) => {
      told.push([command, end]);
      return Promise.resolve('it ended with 7');
    };
    const startRun: App['startRun'] = () =>
      Promise.resolve({ ...ENTRIES[1]!, state: sampleState(), durationMs: 1000, reportFile: '/runs/x/report.html' });
    const whole = await runWith({ startRun, runWhenDone }, [...RUN, '--when-done', 'notify-send done']);
    expect(whole).toMatchObject({ code: 65, err: expect.stringContaining('it ended with 7') as string });
    const stopped: App['startRun'] = (_request, observer) => {
      observer.progress(MIDDLE);
      return Promise.reject(new StoppedError('STOPPED', 'Stopped, as you asked.'));
    };
    expect(await runWith({ startRun: stopped, runWhenDone }, [...RUN, '--when-done', 'x'])).toMatchObject({ code: 75 });
    expect(told).toEqual([
      [
        'notify-send done',
        {
          run: 'akkad-b01e22',
          exitCode: 65,
          summary: 'Finished in 1 s. 2 of 4 documents are complete; 1 failed; 2 want your eyes.',
          report: '/runs/x/report.html',
        },
      ],
      ['x', { run: 'marduk-7f3a01', exitCode: 75, summary: 'Stopped, as you asked.' }],
    ]);
    expect((await runWith({ startRun, runWhenDone }, RUN)).err).toBe('');
    expect(told).toHaveLength(2);
  });

  it('tells an error of the run with its code', async () => {
    const startRun: App['startRun'] = () => Promise.reject(new StoppedError('STOPPED', 'Stopped, as you asked.'));
    expect(await runWith({ startRun }, RUN)).toMatchObject({
      code: 75,
      out: '',
      err: expect.stringContaining('[STOPPED]') as string,
    });
  });

  it('ends its errors as a JSON line with --progress json', async () => {
    const startRun: App['startRun'] = () =>
      Promise.reject(new TransientError('NET_DOWN', 'No answer with Bearer abcdef123456.'));
    const { err } = await runWith({ startRun }, [...RUN.slice(0, -1), 'json']);
    expect(JSON.parse(err)).toEqual({
      type: 'error',
      exitCode: 75,
      family: 'TransientError',
      code: 'NET_DOWN',
      message: 'No answer with Bearer [hidden]',
    });
  });
});

describe('names that look like secrets, and secrets', () => {
  const document = "token:'x\u009b\u202e.pdf";
  const startRun: App['startRun'] = (_, observer) => {
    observer.notice({ level: 'warn', code: 'X', text: `"${document}" has refresh_token: "abcdefgh12"`, document });
    observer.progress({ ...MIDDLE, reading: [{ document, pageNumber: 1 }] });
    return Promise.reject(new InternalError('X', 'access_token=abcdefgh12'));
  };

  it('stay and go in lines of JSON that programs can read', async () => {
    const { err } = await runWith({ startRun }, [...RUN.slice(0, -1), 'json']);
    const lines = err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ type }) => type)).toEqual(['notice', 'progress', 'error']);
    expect(lines[0]).toMatchObject({ document, text: `"${document}" has refresh_token: "[hidden]"` });
    expect(lines[1]).toMatchObject({ reading: [{ document }] });
    expect(err).not.toContain('abcdefgh12');
    expect(err).not.toMatch(/[\u009b\u202e]/);
  });

  it('are told apart in what a person reads', async () => {
    const { err } = await runWith({ startRun }, [...RUN.slice(0, -1), 'plain']);
    expect(err).toContain("token:'x??.pdf");
    expect(err).not.toContain('access_token=abcdefgh12');
  });

  it('of the settings never stand in an error about them', async () => {
    const { terminal, out, err } = memoryTerminal();
    const environment = { HOME: makeFolder(), OCR_PIPELINE_BOX_CLIENT_SECRET: 'my secret42' };
    const stop = listenForStop({ on: () => undefined, off: () => undefined }, () => undefined);
    const shell = { workingFolder: '/work', environment };
    expect(await runProgram({ args: ['whoami'], terminal, shell, stop, app: realApp })).toBe(78);
    expect(err()).toContain('OCR_PIPELINE_BOX_CLIENT_SECRET needs the client secret of a Box app');
    expect(out() + err()).not.toContain('secret42');
  });

  it('are not seen in addresses of the settings', async () => {
    expect((await runWith({}, ['config', 'explain'])).out).toContain('https://upload.box.com/api');
  });

  it('that are wrong values of a megabyte are repeated in part', async () => {
    const { err, code } = await runWith({}, ['run', '--dpi', 'x'.repeat(1_000_000)]);
    expect(code).toBe(64);
    expect(err).toContain(`"${'x'.repeat(100)}..."`);
    expect(err.length).toBeLessThan(1_000);
  });
});

describe('commands on runs', () => {
  it('status lists them, as a table and as JSON', async () => {
    const table = await runWith({ listRuns }, ['status']);
    expect(table.out).toMatch(/^marduk-7f3a01 +this computer running +7,212\/12,480 +31-36 min +1 doc$/m);
    expect(table.out).toMatch(/^akkad-b01e22 +this computer done, but/m);
    const json = JSON.parse((await runWith({ listRuns }, ['status', '--json'])).out) as { runs: unknown[] };
    expect(json.runs).toMatchObject([
      { name: 'marduk-7f3a01', state: 'running', pages: { done: 7212 } },
      { name: 'akkad-b01e22', state: 'failed' },
    ]);
  });

  it('status does not read the ledger of a run that is on', async () => {
    const readState = (): Promise<never> => Promise.reject(new Error('must not be read'));
    expect((await runWith({ listRuns: () => Promise.resolve([{ ...ENTRIES[0]!, readState }]) }, ['status'])).code).toBe(
      0,
    );
  });

  it('status --watch ends when nothing runs any more', async () => {
    const lists: (readonly RunEntry[])[] = [
      ENTRIES.slice(0, 1),
      [sampleEntry('marduk-7f3a01', sampleState(DOCUMENTS.slice(0, 1), 0))],
    ];
    const { code, out } = await runWith({ listRuns: () => Promise.resolve(lists.shift() ?? []) }, [
      'status',
      '--watch',
      '--json',
    ]);
    expect(code).toBe(0);
    const states = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { runs: { state: string }[] }).runs[0]?.state);
    expect(states).toEqual(['running', 'done']);
  });

  it('status without runs says how to begin; resume then has nothing to go on with', async () => {
    const none = { listRuns: (): Promise<readonly RunEntry[]> => Promise.resolve([]) };
    expect(await runWith(none, ['status'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('No runs in') as string,
    });
    expect(await runWith(none, ['resume'])).toMatchObject({
      code: 66,
      err: expect.stringContaining('[NO_RUNS]') as string,
    });
  });

  it('resume goes on with the one that was named', async () => {
    const resumed: string[] = [];
    const resumeRun: App['resumeRun'] = ({ name, jobs }) => {
      resumed.push(`${name} ${jobs}`);
      return Promise.resolve({ ...ENTRIES[1]!, state: sampleState(DOCUMENTS.slice(0, 1), 0), durationMs: 1 });
    };
    expect(
      await runWith({ listRuns, resumeRun }, ['resume', 'akk', '--jobs', '2', '--progress', 'none']),
    ).toMatchObject({ code: 0 });
    expect(resumed).toEqual(['akkad-b01e22 2']);
  });

  it('cancel says what became of it', async () => {
    const asked = await runWith({ listRuns, cancelRun: () => Promise.resolve('asked-to-stop') }, [
      'cancel',
      'marduk-7f3a01',
    ]);
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining('asked to stop') as string });
    const idle = await runWith({ listRuns, cancelRun: () => Promise.resolve('not-running') }, [
      'cancel',
      'akkad-b01e22',
      '--json',
    ]);
    expect(JSON.parse(idle.out)).toEqual({ run: 'akkad-b01e22', outcome: 'not-running' });
  });

  it('report prints the path alone on standard output', async () => {
    const { out } = await runWith({ listRuns, writeReport: () => Promise.resolve('/runs/akkad-b01e22/report.html') }, [
      'report',
      'akkad',
    ]);
    expect(out).toBe('/runs/akkad-b01e22/report.html\n');
  });
});

describe('single steps', () => {
  it('print what was written on standard output, and what failed on standard error with 65', async () => {
    const rasterizePages: App['rasterizePages'] = ({ target, outputFolder }) => {
      expect({ target, outputFolder }).toEqual({
        target: { kind: 'files', files: ['/work/a.pdf'], pageNumbers: [1, 2, 3, 8] },
        outputFolder: '/work/pages',
      });
      return items(
        { source: 'a.pdf', pageNumber: 1, file: '/work/pages/page-0001.png' },
        { source: 'a.pdf', pageNumber: 2, problem: 'damaged\u001b' },
      );
    };
    const { code, out, err } = await runWith({ rasterizePages }, [
      'rasterize',
      'a.pdf',
      '--output',
      'pages',
      '--pages',
      '8,1-3,2',
    ]);
    expect({ code, out }).toEqual({ code: 65, out: '/work/pages/page-0001.png\n' });
    expect(err).toBe('failed a.pdf p.2: damaged?\n1 file written, 1 failed\n');
  });

  it('work on a run as well, by the beginning of its name', async () => {
    const recognizePages: App['recognizePages'] = ({ target }) => {
      expect(target).toMatchObject({ kind: 'run', name: 'akkad-b01e22' });
      return items();
    };
    expect(await runWith({ listRuns, recognizePages }, ['recognize', '--run', 'akkad', '--output', 'x'])).toMatchObject(
      { code: 0 },
    );
  });

  it.each([
    [['rasterize', '--output', 'x'], 'MISSING_ARGUMENT'],
    [['rasterize', 'a.pdf'], 'MISSING_FLAG'],
    [['assemble', 'a.pdf', '--output', 'x'], 'MISSING_FLAG'],
    [['recognize', 'a.pdf', '--run', 'akkad', '--output', 'x'], 'FILES_AND_RUN'],
  ])('%j is incomplete', async (args, code) => {
    expect(await runWith({ listRuns }, args)).toMatchObject({
      code: 64,
      err: expect.stringContaining(`[${code}]`) as string,
    });
  });
});

describe('the end of a terminal', () => {
  it('shows the live block on standard error and the summary on standard output', async () => {
    const startRun: App['startRun'] = (_request, observer) => {
      observer.progress(MIDDLE);
      observer.notice({ level: 'warn', code: 'FAINT', text: 'faint', document: 'a.pdf' });
      return Promise.resolve({ ...ENTRIES[1]!, state: sampleState(), durationMs: 1000 });
    };
    const { out, err } = await runWith({ startRun }, ['run', '-i', 'a', '-o', 'b'], { isTTY: true });
    expect(err).toContain('7,212/12,480 pages');
    // The picture is gone; which run it was stays.
    expect(showScreen(err)).toMatch(
      /faint\nRun marduk-7f3a01: 212 PDFs, 12,480 pages from "Scans\/Marduk" \(163928374651\)$/,
    );
    expect(out).not.toContain('\u001b');
    expect(out).toContain('Documents   5 found');
  });
});

describe('config explain', () => {
  it('sets names apart from their values, however long they are', async () => {
    const { out } = await runWith({}, ['config', 'explain']);
    const names = out.split('\n').map((line) => line.split(' ')[0] ?? '');
    expect(names).toEqual(expect.arrayContaining(['dpi', 'box-uploads-per-minute', 'slurm.sbatch-options']));
  });
});
