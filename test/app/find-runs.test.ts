import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRuns } from '../../src/app/find-runs.ts';
import type { PipelineError } from '../../src/core/errors.ts';
import { realDisk } from '../../src/files/disk.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { RECORD } from '../runs/run-record.ts';

describe('a run whose description is damaged', () => {
  let workDir: string;
  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'find-runs-'));
    await mkdir(join(workDir, 'bad-1'));
    await writeFile(join(workDir, 'bad-1', 'run.json'), '{"name":"bad-1"');
  });
  afterEach(() => rm(workDir, { recursive: true, force: true }));

  it('is named where it is the only one, instead of saying that there is none', async () => {
    await expect(listRuns(workDir)).rejects.toMatchObject({
      code: 'RUN_DAMAGED',
      message: expect.stringContaining(join(workDir, 'bad-1')) as string,
    });
    const told: PipelineError[] = [];
    expect(await listRuns(workDir, (problem) => told.push(problem))).toEqual([]);
    expect(told.map(({ code }) => code)).toEqual(['RUN_DAMAGED']);
  });

  it('does not hide the others', async () => {
    await (await RunFolder.create(workDir, { ...RECORD, name: 'good-1' }, realDisk)).close();
    expect((await listRuns(workDir)).map((entry) => entry.record.name)).toEqual(['good-1']);
  });
});
