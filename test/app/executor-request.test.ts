import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readExecutorRequest, saveExecutorRequest } from '../../src/app/executor-request.ts';
import type { ExecutorRequest } from '../../src/core/run-request.ts';
import { realDisk } from '../../src/files/disk.ts';
import type { RunFolder } from '../../src/runs/run-folder.ts';
import { flipBits } from '../files/flip-bits.ts';

describe('where a run goes on', () => {
  let run: RunFolder;
  let file: string;
  const asked = { kind: 'slurm', choices: { slurmPartition: 'long' }, detach: false } as unknown as ExecutorRequest;
  beforeEach(async () => {
    const path = await mkdtemp(join(tmpdir(), 'executor-'));
    run = { path, disk: realDisk } as RunFolder;
    file = join(path, 'executor.json');
    await saveExecutorRequest(run, asked);
  });
  afterEach(() => rm(run.path, { recursive: true, force: true }));

  it('is where it was asked for, on this computer where nothing is said', async () => {
    expect(await readExecutorRequest(run)).toEqual(asked);
    await rm(file);
    expect(await readExecutorRequest(run)).toEqual({ kind: 'local' });
  });

  it('is not taken for another place when a bit of it is flipped', async () => {
    for (const flipped of flipBits(await readFile(file))) {
      await writeFile(file, flipped);
      const read = await readExecutorRequest(run).catch((error: unknown) => error);
      if (read instanceof Error) expect(read).toMatchObject({ code: 'RUN_DAMAGED', exitCode: 78 });
      else expect(read).toMatchObject(asked);
    }
    await saveExecutorRequest(run, asked);
    expect(await readExecutorRequest(run)).toEqual(asked);
  });

  it('is known of runs of older versions', async () => {
    await writeFile(file, `${JSON.stringify({ kind: 'slurm', choices: { slurmPartition: 'long' } }, null, 2)}\n`);
    expect(await readExecutorRequest(run)).toEqual(asked);
  });
});
