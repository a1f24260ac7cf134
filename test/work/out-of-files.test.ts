import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireThat } from '../support/requires.ts';

const SCRIPT = join(import.meta.dirname, 'out-of-files.ts');
const linux = requireThat(process.platform === 'linux', 'only Linux counts files so');

describe.skipIf(linux.skip)('a process that may open no more files', () => {
  it('blames no document and no program, whatever it starts, and breaks over nothing', () => {
    const command = `ulimit -n 64; exec "${process.execPath}" "${SCRIPT}"`;
    const { told, unheard } = JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' })) as {
      told: Record<string, unknown>;
      unheard: string[];
    };
    const limit = {
      code: 'SYSTEM_LIMIT',
      scope: 'environment',
      exitCode: 75,
      message: expect.stringContaining('EMFILE') as string,
    };
    expect(told).toMatchObject({
      scan: limit,
      engine: limit,
      slurm: limit,
      worker: {
        code: 'LIMIT_FILES',
        scope: 'environment',
        exitCode: 69,
        why: expect.stringContaining('EMFILE') as string,
      },
      whenDone: expect.stringMatching(/^it could not be started: .*EMFILE/) as string,
    });
    expect(unheard).toEqual([]);
  });
});
