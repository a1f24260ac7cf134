import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRuns } from '../../src/app/find-runs.ts';
import type { PipelineError } from '../../src/core/errors.ts';
import { realDisk } from '../../src/files/disk.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import type { RunRecord } from '../../src/runs/run-store.ts';
import { LIMITS, RECIPE } from '../work/pool-setup.ts';

const record = (name: string): RunRecord =>
  ({
    name,
    createdAt: '2026-01-01T00:00:00.000Z',
    programVersion: '1.0.0',
    source: { kind: 'local', name: '/scans', ids: ['/scans'] },
    destination: { kind: 'local', name: '/text', ids: ['/text'] },
    settings: {
      language: 'eng',
      engine: 'null',
      mode: 'skip',
      dpi: 300,
      formats: ['txt'],
      onConflict: 'keep',
      match: [],
      recursive: true,
      limits: LIMITS,
    },
    recipe: RECIPE,
  }) as unknown as RunRecord;

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
    await (await RunFolder.create(workDir, record('good-1'), realDisk)).close();
    expect((await listRuns(workDir)).map((entry) => entry.record.name)).toEqual(['good-1']);
  });
});
