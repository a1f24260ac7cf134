import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WaveStore } from '../../src/executors/slurm/store/wave-store.ts';
import { realDisk } from '../../src/files/disk.ts';
import { requireAll, requireLanguages, requireThat } from '../support/requires.ts';
import { requireSlurm, SlurmLab } from '../support/slurm-lab.ts';
import { SlurmProgram } from '../support/slurm-program.ts';

const need = requireSlurm();

/** All tasks there ever were of a program's run. */
async function jobsOf(program: SlurmProgram): Promise<readonly string[]> {
  const run = basename((await program.runFolder()) ?? '');
  return (await program.tasks()).filter(({ jobName }) => jobName.startsWith(`ocrp-${run}-`)).map(({ id }) => id);
}

/** Pages that tasks have read, those that were taken over from earlier tries left out. */
async function pagesReadOn(program: SlurmProgram): Promise<number> {
  const { measured } = await new WaveStore(join((await program.runFolder()) ?? '', 'waves'), realDisk).load();
  return measured.pagesRead;
}

describe.skipIf(need.skip)('a run on a cluster', () => {
  let lab: SlurmLab;
  beforeAll(async () => {
    lab = await SlurmLab.start({ nodes: 2, cpus: 2 });
  });
  afterAll(() => lab.close());

  // Another Slurm's nodes are another system, which has no Tesseract or not the same.
  const reading = requireAll(
    requireLanguages(['eng']),
    requireThat(!process.env['OCR_SLURM_ROOT'], 'the other system of OCR_SLURM_ROOT has no Tesseract'),
  );
  test.skipIf(reading.skip)('gives the bytes that this computer gives, with real Tesseract', async () => {
    await using program = await SlurmProgram.create(lab, {
      pages: [3, 2, 4],
      engine: 'tesseract',
      partition: 'savio3',
    });
    const { code, stdout, stderr } = await program.start().ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('All 3 documents are complete');
    expect(await program.delivered()).toEqual(await program.expected());
    expect(await program.leftovers()).toEqual([]);
  });

  test('goes on after its program was killed, and no page is read twice', async () => {
    await using program = await SlurmProgram.create(lab, { pages: [60, 1, 1, 40], held: true });
    const first = program.start();
    await program.whileReading(first, 10);
    // Whatever is ordered later is a job of its own.
    await lab.until('all pages are ordered', async () => (await program.pagesOrdered()) === 102);
    const ordered = await jobsOf(program);
    first.kill('SIGKILL');
    await first.ended;
    await program.letGo();
    const { code, stderr } = await program.start().ended;
    expect(code, stderr).toBe(0);
    expect(await program.delivered()).toEqual(await program.expected());
    expect(await jobsOf(program), 'nothing was ordered twice').toEqual(ordered);
    expect(await pagesReadOn(program)).toBe(102);
    expect(await program.leftovers()).toEqual([]);
  });

  test('goes on by itself when it is detached, and is collected bit by bit', async () => {
    await using program = await SlurmProgram.create(lab, { pages: [30, 20, 5], pageMs: 100 });
    const started = await program.start('--detach').ended;
    expect(started.code, started.stderr).toBe(0);
    expect(started.stdout).toMatch(/goes on without this program[^]*0 done, 3 waiting[^]*resume .* --detach/);
    const status = await program.command('status', '--work-dir', program.workDir, '--json');
    const { runs } = JSON.parse(status.stdout) as {
      runs: { where: string; state: string; jobs: { running: number; waiting: number } }[];
    };
    expect(runs[0]).toMatchObject({
      where: expect.stringMatching(/^Slurm \d+$/) as string,
      state: expect.stringMatching(/running|waiting/) as string,
    });
    let passes = 0;
    for (; passes < 60; passes++) {
      const { code, stdout, stderr } = await program.command(
        'resume',
        '--detach',
        '--work-dir',
        program.workDir,
        '--progress',
        'plain',
      );
      expect(code, stderr).toBe(0);
      if (stdout.includes('complete')) break;
    }
    expect(passes).toBeLessThan(60);
    expect(await program.delivered()).toEqual(await program.expected());
    expect(await jobsOf(program)).toHaveLength(1);
  });

  test('is left by Ctrl-C while its jobs go on, and ended by cancel', async () => {
    await using program = await SlurmProgram.create(lab, { pages: [60], held: true });
    const life = program.start();
    await program.whileReading(life, 2);
    life.kill('SIGINT');
    const { code, stderr } = await life.ended;
    expect(code).toBe(75);
    expect(stderr).toMatch(/The jobs on Slurm go on\. \[DETACHED\]/);
    expect(await program.openTasks()).not.toHaveLength(0);
    const cancelled = await program.command('cancel', '--work-dir', program.workDir);
    expect(cancelled.stdout).toContain('were cancelled. All finished pages are kept.');
    await lab.until('its jobs are gone', async () => (await program.openTasks()).length === 0);
    expect((await program.command('cancel', '--work-dir', program.workDir)).stdout).toContain('is not running');
    expect((await program.command('status', '--work-dir', program.workDir)).stdout).toContain(
      'stopped (its jobs have ended); go on with',
    );
    const [run = ''] = await readdir(program.workDir);
    expect(await readdir(join(program.workDir, run, 'chunks'))).not.toEqual([]);
    expect(await program.delivered()).toEqual({});
  });

  test('is ended with its jobs by cancel while somebody follows it', async () => {
    await using program = await SlurmProgram.create(lab, { pages: [60], held: true });
    const life = program.start();
    await program.whileReading(life, 2);
    await program.command('cancel', '--work-dir', program.workDir);
    const { code, stderr } = await life.ended;
    expect(code).toBe(75);
    expect(stderr).toMatch(/Stopped with \S*ocr-pipeline cancel\./);
    await lab.until('its jobs are gone', async () => (await program.openTasks()).length === 0);
    expect(await jobsOf(program)).toHaveLength(1);
  });

  test('says what would wait for ever, and takes the job back', async () => {
    await using program = await SlurmProgram.create(lab, { pages: [2] });
    await lab.call('scontrol', 'update', 'PartitionName=savio3', 'State=DOWN');
    const life = program.start('--partition', 'savio3');
    try {
      await lab.until('its job is there', async () => (await program.openTasks()).length > 0 || life.hasEnded());
      await lab.call('scontrol', 'update', 'PartitionName=savio3', 'State=UP', 'MaxTime=1');
      const { code, stderr } = await life.ended;
      expect(code, stderr).toBe(78);
      expect(stderr).toMatch(/asks for more time[^]*Slurm says: PartitionTimeLimit/);
      await lab.until('its job is gone', async () => (await program.openTasks()).length === 0);
    } finally {
      await lab.call('scontrol', 'update', 'PartitionName=savio3', 'State=UP', 'MaxTime=3-0');
    }
  });

  test('waits, and keeps its job, while the partition is closed', async () => {
    await using program = await SlurmProgram.create(lab, { pages: [2] });
    await lab.call('scontrol', 'update', 'PartitionName=savio3_htc', 'State=DOWN');
    const life = program.start('--partition', 'savio3_htc');
    try {
      await lab.until(
        'it says why it waits',
        () => life.hasEnded() || life.said().includes('the partition is closed at the moment'),
      );
    } finally {
      await lab.call('scontrol', 'update', 'PartitionName=savio3_htc', 'State=UP');
    }
    const { code, stderr } = await life.ended;
    expect(code, stderr).toBe(0);
    expect(stderr.match(/the partition is closed at the moment/g)).toHaveLength(1);
    expect(await jobsOf(program)).toHaveLength(1);
  });

  test.for([
    [4, [2, 2, 2, 2]],
    [1, [2]],
  ] as const)('a scan of %i that is removed while its job waits fails alone', async ([count, pages]) => {
    await using program = await SlurmProgram.create(lab, { pages });
    await lab.call('scontrol', 'update', 'PartitionName=savio3_htc', 'State=DOWN');
    const life = program.start('--partition', 'savio3_htc');
    try {
      await lab.until('its job waits', async () => life.hasEnded() || (await program.openTasks()).length > 0);
      await rm(join(program.input, 'series 0', 'scan 1.pdf'));
    } finally {
      await lab.call('scontrol', 'update', 'PartitionName=savio3_htc', 'State=UP');
    }
    const { code, stdout, stderr } = await life.ended;
    expect(code, stderr).toBe(65);
    expect(`${stdout}${stderr}`).toContain('SOURCE_GONE');
    const names = Object.keys(await program.delivered());
    for (let number = 2; number <= count; number++)
      expect(names.filter((name) => name.includes(`scan ${number}.`))).not.toEqual([]);
  });

  test('is not read here while its jobs are out', async () => {
    await using program = await SlurmProgram.create(lab, { pages: [60], held: true });
    const life = program.start('--detach');
    expect((await life.ended).code).toBe(0);
    const places = ['--input', program.input, '--output', program.output, '--work-dir', program.workDir];
    const { code, stderr } = await program.command('run', ...places, '--engine', 'null', '--progress', 'plain');
    expect(code).toBe(78);
    expect(stderr).toContain('[RUN_ON_SLURM]');
  });
});
