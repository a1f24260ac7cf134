import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listRuns } from '../../src/app/find-runs.ts';
import type { RunProgress } from '../../src/core/progress.ts';
import { judgeRun } from '../../src/core/verdict.ts';
import { makeFolder, PROJECT } from '../cli/run-cli.ts';
import { makeScan } from '../e2e/make-scan.ts';
import { run } from '../e2e/run-support.ts';

const SCAN = join(PROJECT, 'test', 'fixtures', 'born-digital.pdf');

describe('a run that has nothing to read', () => {
  it('is none: nothing is left behind, and nothing was said to have begun', async () => {
    const folder = makeFolder();
    const workDir = join(folder, 'runs');
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'empty', 'notes.txt'), 'x');
    const seen: unknown[] = [];
    const start = (input: string, match: string[] = []): Promise<unknown> =>
      run({
        input,
        output: join(folder, 'out'),
        workDir,
        settings: { match },
        onProgress: (progress) => seen.push(progress),
      });
    await expect(start(join(folder, 'typo'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    await expect(start(join(folder, 'empty'))).rejects.toMatchObject({ code: 'NO_PDFS' });
    await expect(start(join(PROJECT, 'test/fixtures'), ['nothing-is-called-so'])).rejects.toMatchObject({
      code: 'NO_PDFS',
    });
    expect(seen).toEqual([]);
    expect(await listRuns(workDir)).toEqual([]);
    expect(existsSync(workDir) ? readdirSync(workDir) : []).toEqual([]);
  });
});

describe('what is counted while a run is on', () => {
  it('is what its end says: a document of a damaged file is one to look at, also when it was read before', async () => {
    const folder = makeFolder();
    const input = join(folder, 'scans');
    mkdirSync(input);
    writeFileSync(join(input, 'sound.pdf'), makeScan(1, 1));
    writeFileSync(join(input, 'cut.pdf'), makeScan(2, 2).subarray(0, -30));
    for (const output of ['out', 'out-again']) {
      const seen: RunProgress[] = [];
      const { state } = await run({
        input,
        output: join(folder, output),
        workDir: join(folder, 'runs'),
        onProgress: (progress) => seen.push(progress),
      });
      expect(judgeRun(state).lookAt.map(({ path }) => path)).toEqual(['cut.pdf']);
      expect(seen.at(-1)).toMatchObject({ phase: 'ended', lookAt: 1 });
    }
  });
});

describe('one file named for the result', () => {
  it('is the result, and is made again by the same command', async () => {
    const folder = makeFolder();
    const again = (): Promise<unknown> =>
      run({ input: SCAN, output: join(folder, 'out.pdf'), workDir: join(folder, 'runs') });
    await again();
    expect(readFileSync(join(folder, 'out.pdf')).subarray(0, 5).toString()).toBe('%PDF-');
    expect(readdirSync(folder).sort()).toEqual(['out.pdf', 'runs']);
    await again();
    // Another run, whose result takes the place of the first one's.
    await run({
      input: SCAN,
      output: join(folder, 'out.pdf'),
      workDir: join(folder, 'runs'),
      settings: { mode: 'force' },
    });
    expect(readdirSync(folder).sort()).toEqual(['out.pdf', 'runs']);
  });

  it("is not begun where it is somebody else's", async () => {
    const folder = makeFolder();
    const output = join(folder, 'mine.txt');
    writeFileSync(output, 'my own words');
    const workDir = join(folder, 'runs');
    await expect(run({ input: SCAN, output, workDir })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS', exitCode: 64 });
    expect(readFileSync(output, 'utf8')).toBe('my own words');
    await run({ input: SCAN, output, workDir, settings: { onConflict: 'rename' } });
    expect(readdirSync(folder).sort()).toEqual(['mine (2).txt', 'mine.txt', 'runs']);
  });
});
