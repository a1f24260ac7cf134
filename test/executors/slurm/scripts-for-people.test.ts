import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NULL_DELAY_VARIABLE } from '../../../src/core/child-environment.ts';
import { BIN, cleanEnvironment, PROJECT } from '../../cli/run-cli.ts';
import { makeScan } from '../../e2e/make-scan.ts';
import { startBoxProgram } from '../../support/box-program.ts';
import { requireTools } from '../../support/requires.ts';
import { requireSlurm, SlurmLab } from '../../support/slurm-lab.ts';
import { HANG_MS } from '../../support/hang.ts';

const SCRIPTS = ['ocr-one-job.sbatch', 'ocr-scratch-folder.sbatch'] as const;
const scriptFile = (name: (typeof SCRIPTS)[number]): string => join(PROJECT, 'slurm', name);

describe('job scripts for people', () => {
  test.each(SCRIPTS)('%s is bash, and no line is wider than a terminal', (name) => {
    execFileSync('bash', ['-n', scriptFile(name)], { timeout: HANG_MS });
    const comments = readFileSync(scriptFile(name), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('#'));
    expect(comments.filter((line) => line.length > 80)).toEqual([]);
  });

  const shellcheck = requireTools(['shellcheck']);
  test.skipIf(shellcheck.skip).each(SCRIPTS)('%s has nothing in it that shellcheck would change', (name) => {
    expect(() => execFileSync('shellcheck', [scriptFile(name)], { timeout: HANG_MS, encoding: 'utf8' })).not.toThrow();
  });
});

const need = requireSlurm();
describe.skipIf(need.skip)('job scripts for people, on a cluster', () => {
  let lab: SlurmLab;
  let home: string;
  beforeAll(async () => {
    lab = await SlurmLab.start({ nodes: 1, cpus: 2 });
    home = join(lab.folder, 'home');
    mkdirSync(join(home, 'scans/letters'), { recursive: true });
    installProgram(home);
  });
  afterAll(() => lab.close());

  /** Puts what the image unpacks where the scripts look for it: the program, started by one command. */
  function installProgram(folder: string): void {
    const program = join(folder, 'ocr-pipeline/bin/ocr-pipeline');
    mkdirSync(join(folder, 'ocr-pipeline/bin'), { recursive: true });
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
    chmodSync(program, 0o755);
  }

  async function submit(
    name: (typeof SCRIPTS)[number],
    folder: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<{ id: string; log: () => string; state: () => Promise<string> }> {
    // The accounts of this cluster are not those of the script; its other lines are taken as they are.
    const options = ['--parsable', '--partition=savio3', `--chdir=${folder}`, scriptFile(name)];
    const id = execFileSync('sbatch', options, {
      env: {
        ...cleanEnvironment(folder),
        ...lab.env,
        WORK_DIR: join(folder, 'ocr-runs'),
        OCR_PIPELINE_ENGINE: 'null',
        ...environment,
      },
      encoding: 'utf8',
      timeout: HANG_MS,
    }).trim();
    const log = join(folder, `ocr-${id}.log`);
    return {
      id,
      log: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
      state: () => lab.call('squeue', '-h', '-t', 'all', '-j', id, '-o', '%T'),
    };
  }

  test('a folder on scratch is read, is warned in time, goes on and ends', async () => {
    writeFileSync(join(home, 'scans/a.pdf'), makeScan(40, 1));
    writeFileSync(join(home, 'scans/letters/b.pdf'), makeScan(3, 2));
    const environment = { SCANS: join(home, 'scans'), TEXT: join(home, 'text'), [NULL_DELAY_VARIABLE]: '300' };
    const job = await submit('ocr-scratch-folder.sbatch', home, environment);
    await lab.until('pages are read', () => /started/.test(job.log()));
    await lab.call('scancel', '--batch', '--signal=USR2', job.id);
    await lab.until('it is in the queue again', () => job.log().includes('In the queue again'));
    await lab.until('it has ended', async () => /COMPLETED|FAILED|CANCELLED/.test(await job.state()));
    expect(await job.state(), job.log()).toBe('COMPLETED');
    expect(readdirSync(join(home, 'text'), { recursive: true, encoding: 'utf8' }).toSorted()).toEqual([
      'a.pdf',
      'a.txt',
      'letters',
      'letters/b.pdf',
      'letters/b.txt',
    ]);
    expect(job.log().match(/started/g)).toHaveLength(2);
  });

  test('says where the program is missing, and is not tried again', async () => {
    const job = await submit('ocr-scratch-folder.sbatch', home, { PROGRAM: '/nowhere/ocr-pipeline' });
    await lab.until('it has ended', async () => /COMPLETED|FAILED/.test(await job.state()));
    expect(job.log()).toBe('The program is not at /nowhere/ocr-pipeline. Change the line PROGRAM=.\n');
  });

  test('a Box folder is read and its text stored in Box, by a login kept before', async () => {
    await using box = await startBoxProgram();
    await box.emulator.seedFile('Koldewey.pdf', makeScan(2, 3), { parentId: box.folderId });
    installProgram(box.home);
    const job = await submit('ocr-one-job.sbatch', box.home, {
      BOX_FOLDER: box.folderId,
      NO_PROXY: '127.0.0.1',
      OCR_PIPELINE_BOX_API_URL: box.emulator.apiUrl,
      OCR_PIPELINE_BOX_UPLOAD_URL: box.emulator.uploadUrl,
      OCR_PIPELINE_BOX_ACCOUNT_URL: box.emulator.oauthUrl,
      OCR_PIPELINE_BOX_CLIENT_ID: box.emulator.clientId,
      OCR_PIPELINE_BOX_CLIENT_SECRET: box.emulator.clientSecret,
    });
    await lab.until('it has ended', async () => /COMPLETED|FAILED/.test(await job.state()));
    expect(await job.state(), job.log()).toBe('COMPLETED');
    expect(Object.keys(box.delivered()).toSorted()).toEqual(
      expect.arrayContaining([expect.stringContaining('Koldewey.txt'), expect.stringContaining('Koldewey.pdf')]),
    );
  });
});
