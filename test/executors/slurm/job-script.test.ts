import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import { latestStart } from '../../../src/executors/slurm/decide/classify-end.ts';
import { makeJobScript, type JobScriptOptions } from '../../../src/executors/slurm/job-script.ts';
import { requireTools } from '../../support/requires.ts';
import { HANG_MS } from '../../support/hang.ts';

const PLAIN: JobScriptOptions = {
  jobName: 'ocrp-marduk-7f3a01-2',
  comment: 'ocr-pipeline marduk-7f3a01',
  tasks: 4,
  atOnce: 2,
  cores: 8,
  wholeNodes: false,
  minutes: 90,
  account: 'fc_test',
  partition: 'savio3_htc',
  qos: 'savio_normal',
  excludeNodes: ['n0012.savio3', 'n0013.savio3'],
  logFile: '/global/scratch/users/me/runs/marduk-7f3a01/waves/2-%a.log',
  runFolder: '/global/scratch/users/me/runs/marduk-7f3a01',
  wave: 2,
  sourceFolders: ['/global/scratch/users/me/scans'],
  program: { image: '/global/software/ocr-pipeline.sif' },
};

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-script-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the text of a job script', () => {
  test('is as it was looked at, for a shared partition and the image', async () => {
    await expect(makeJobScript(PLAIN)).toMatchFileSnapshot('golden/shared-image.sbatch');
  });

  test('is as it was looked at, for whole nodes and a program that every node has', async () => {
    const program = { command: '/opt/node/bin/node', commandArguments: ['/opt/ocr-pipeline/dist/cli/main.js'] };
    const script = makeJobScript({
      ...PLAIN,
      wholeNodes: true,
      atOnce: undefined,
      excludeNodes: [],
      sourceFolders: [],
      program,
    });
    await expect(script).toMatchFileSnapshot('golden/whole-nodes-program.sbatch');
  });

  test('is refused with paths that Slurm or the container would take for something else', () => {
    expect(() => makeJobScript({ ...PLAIN, runFolder: '/scratch/a:b' })).toThrow(ConfigError);
    expect(() => makeJobScript({ ...PLAIN, sourceFolders: ['/scratch/a,b'] })).toThrow(/cannot be used/);
    expect(() => makeJobScript({ ...PLAIN, runFolder: '/scratch/a\nb' })).toThrow(/cannot be used/);
    expect(() => makeJobScript({ ...PLAIN, logFile: '/scratch/a\\b/2-%a.log' })).toThrow(/cannot be used/);
  });

  test.each([
    ['account', { account: 'fc_a\n#SBATCH --wrap=evil' }],
    ['comment', { comment: 'mine\rcurl evil' }],
    ['partition', { partition: 'p\u2028q' }],
    ['qos', { qos: 'q\u0085' }],
    ['exclude', { excludeNodes: ['n1', 'n2\ncurl evil'] }],
    ['job-name', { jobName: 'ocrp\n-1' }],
    ['reservation', { options: [{ name: 'reservation', value: 'r\nevil' }] }],
  ] as const)('never has two lines for one value: %s', (name, change) => {
    expect(() => makeJobScript({ ...PLAIN, ...change })).toThrow(ConfigError);
    expect(() => makeJobScript({ ...PLAIN, ...change })).toThrow(name);
  });

  test('has what a person asks for beside, as one word each', () => {
    const script = makeJobScript({
      ...PLAIN,
      options: [
        { name: 'reservation', value: 'ocr course' },
        { name: 'constraint', value: 'savio3|savio3_c40' },
        { name: 'contiguous' },
        { name: 'exclude', value: 'n0001.savio3' },
      ],
    });
    expect(script).toContain('#SBATCH --reservation="ocr course"\n');
    expect(script).toContain('#SBATCH --constraint="savio3|savio3_c40"\n');
    expect(script).toContain('#SBATCH --contiguous\n');
    expect(script.match(/--exclude=.*/g)).toEqual(['--exclude=n0001.savio3,n0012.savio3,n0013.savio3']);
  });

  test('asks for a warning well before the end, sooner where the job is short', () => {
    const warningOf = (minutes: number): string | undefined =>
      /--signal=(\S+)/.exec(makeJobScript({ ...PLAIN, minutes }))?.[1];
    expect(warningOf(90)).toBe('B:TERM@180');
    expect(warningOf(5)).toBe('B:TERM@60');
  });

  const shellcheck = requireTools(['shellcheck']);
  test.skipIf(shellcheck.skip)('has nothing in it that shellcheck would change', () => {
    for (const program of [PLAIN.program, { command: 'node', commandArguments: ["it's here.js"] }]) {
      const script = makeJobScript({ ...PLAIN, program, runFolder: `${folder}/it's $HOME "here"` });
      expect(() =>
        execFileSync('shellcheck', ['-s', 'bash', '-S', 'warning', '-'], {
          input: script,
          encoding: 'utf8',
          timeout: HANG_MS,
        }),
      ).not.toThrow();
    }
  });
});

/** Runs a script's text by bash, as Slurm does, with stand-ins for the programs that it calls. */
async function runScript(
  name: string,
  options: { program: string; restarts?: number; queueSays?: string; image?: boolean; term?: boolean },
): Promise<{ code: number | null; log: string; calls: string[]; seen: string[]; scratchLeft: string[] }> {
  const base = join(folder, `${name} it's $HOME "odd" %a`);
  const run = join(base, 'run');
  const bin = join(base, 'bin');
  const scratch = join(base, 'tmp');
  for (const made of [run, bin, scratch, join(base, 'source')]) mkdirSync(made, { recursive: true });
  const calls = join(base, 'calls');
  const put = (file: string, body: string): void => {
    writeFileSync(join(bin, file), `#!/bin/bash\n${body}\n`);
    chmodSync(join(bin, file), 0o755);
  };
  writeFileSync(calls, '');
  put('squeue', `echo "squeue $*" >>"$CALLS"; echo "${options.queueSays ?? 'RUNNING'}"`);
  put('scontrol', 'echo "scontrol $*" >>"$CALLS"');
  put(
    'worker',
    `printf '%s\\n' "$@" >"$SEEN"; echo "tmp $TMPDIR" >>"$SEEN"; echo "omp $OMP_THREAD_LIMIT" >>"$SEEN"; ${options.program}`,
  );
  put(
    'apptainer',
    `printf '%s\\n' "$@" >"$SEEN"; echo "task $APPTAINERENV_SLURM_ARRAY_TASK_ID, tmp $APPTAINERENV_TMPDIR" >>"$SEEN"; ${options.program}`,
  );
  const image = join(base, 'the image.sif');
  writeFileSync(image, '');
  const script = makeJobScript({
    ...PLAIN,
    runFolder: run,
    sourceFolders: [join(base, 'source')],
    program: options.image ? { image } : { command: join(bin, 'worker'), commandArguments: ['an argument'] },
  });
  // One file for both, as Slurm has it, so that lines come in their order.
  const logFile = join(base, 'log');
  const sink = openSync(logFile, 'a');
  const child = spawn('bash', ['-c', script], {
    env: {
      PATH: `${bin}:${process.env['PATH']}`,
      TMPDIR: scratch,
      CALLS: calls,
      SEEN: join(base, 'seen'),
      SLURM_ARRAY_TASK_ID: '3',
      SLURM_ARRAY_JOB_ID: '77',
      SLURMD_NODENAME: 'n1',
      SLURM_RESTART_COUNT: String(options.restarts ?? 0),
    },
    timeout: HANG_MS,
    stdio: ['ignore', sink, sink],
  });
  closeSync(sink);
  const ended = new Promise<number | null>((settle) => child.once('close', settle));
  if (options.term) {
    while (!readFileSync(logFile, 'utf8').includes('ready') && child.exitCode === null) await sleep(20);
    child.kill('SIGTERM');
  }
  const code = await ended;
  const lines = (file: string): string[] =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return {
    code,
    log: readFileSync(logFile, 'utf8'),
    calls: lines(calls),
    seen: lines(join(base, 'seen')),
    scratchLeft: readdirSync(scratch),
  };
}

describe('a job script on a node', () => {
  test('runs the program with odd paths as they are, in a folder of its own that is gone afterwards', async () => {
    const { code, seen, log, scratchLeft } = await runScript('plain', { program: 'touch "$TMPDIR/page.png"; exit 0' });
    expect(code).toBe(0);
    expect(seen.slice(0, 4)).toEqual([
      'an argument',
      'work',
      expect.stringMatching(/plain it's \$HOME "odd" %a\/run$/),
      '2-3',
    ]);
    expect(seen[4]).toMatch(/^tmp .*\/tmp\/ocr-pipeline-\w{8}$/);
    expect(seen[5]).toBe('omp 1');
    expect(log).toBe('--- ocr-pipeline task 2-3, start 1, on n1\n--- ocr-pipeline ended with 0\n');
    expect(scratchLeft).toEqual([]);
  });

  test('runs one container with the folders it needs, sources read only', async () => {
    const { code, seen } = await runScript('image', { program: 'exit 0', image: true });
    expect(code).toBe(0);
    expect(seen.slice(0, 5)).toEqual(['exec', '--cleanenv', '--no-home', '--pwd', '/']);
    expect(seen.filter((word) => word.endsWith(':ro'))).toEqual([expect.stringMatching(/\/source:.*\/source:ro$/)]);
    const at = seen.indexOf('ocr-pipeline');
    expect(seen.slice(at - 1, at + 4)).toEqual([
      expect.stringMatching(/the image\.sif$/),
      'ocr-pipeline',
      'work',
      expect.stringMatching(/\/run$/),
      '2-3',
    ]);
    expect(seen.at(-1)).toMatch(/^task 3, tmp .*ocr-pipeline-/);
  });

  test('ends with the code of the program, and says it', async () => {
    const { code, log, calls } = await runScript('failed', { program: 'echo "no engine" >&2; exit 69' });
    expect(code).toBe(69);
    expect(latestStart(`of an earlier start\n${log}`)).toMatch(/no engine\n--- ocr-pipeline ended with 69\n$/);
    expect(calls).toEqual([]);
  });

  const patient = `trap 'echo told; exit 75' TERM; echo ready; for ((i = 0; i < 100; i++)); do sleep 0.1; done; exit 1`;

  test('tells the program of the warning, waits for it, and goes into the queue again', async () => {
    const { code, log, calls, scratchLeft } = await runScript('warned', { program: patient, term: true });
    expect(code).toBe(75);
    expect(log).toContain('told');
    expect(calls).toEqual(['squeue -h -j 77_3 -o %T', 'scontrol requeue 77_3']);
    expect(scratchLeft).toEqual([]);
  });

  test('does not bring itself back when somebody cancelled it', async () => {
    const { code, calls } = await runScript('cancelled', { program: patient, term: true, queueSays: 'COMPLETING' });
    expect(code).toBe(75);
    expect(calls).toEqual(['squeue -h -j 77_3 -o %T']);
  });

  test('goes into the queue again three times, no more', async () => {
    const { calls } = await runScript('fourth', { program: patient, term: true, restarts: 3 });
    expect(calls).toEqual([]);
  });

  test('says that the run folder is not there, and ends with 72', () => {
    const script = makeJobScript({ ...PLAIN, runFolder: join(folder, 'gone') });
    let failed: { status?: unknown; stdout?: unknown } = {};
    try {
      execFileSync('bash', ['-c', script], {
        encoding: 'utf8',
        env: { ...process.env, SLURM_ARRAY_TASK_ID: '0' },
        timeout: HANG_MS,
      });
    } catch (error) {
      failed = error as typeof failed;
    }
    expect(failed.status).toBe(72);
    expect(failed.stdout).toMatch(/run folder is not there on this node: .*\/gone\n--- ocr-pipeline ended with 72/);
  });
});
