import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findClutter, removeClutter } from '../../src/app/clean-up.ts';
import { listRuns } from '../../src/app/find-runs.ts';
import { lockRun } from '../../src/runs/run-lock.ts';
import { makeFolder, PROJECT, runCli } from '../cli/run-cli.ts';
import { run } from '../e2e/run-support.ts';

const SCAN = join(PROJECT, 'test', 'fixtures', 'born-digital.pdf');

/** A work folder with one run that is complete and has left scratch, and one that never began. */
async function makeRuns(): Promise<{ home: string; workDir: string; done: string; empty: string; output: string }> {
  const home = makeFolder();
  const workDir = join(home, 'ocr-runs');
  const output = join(home, 'text');
  const outcome = await run({ input: SCAN, output, workDir });
  writeFileSync(join(outcome.folder, 'chunks', 'left-over.ndjson'), 'x'.repeat(1000));
  const empty = join(workDir, 'empty-000000');
  mkdirSync(empty);
  const record = { ...outcome.record, name: 'empty-000000' };
  writeFileSync(join(empty, 'run.json'), JSON.stringify(record));
  return { home, workDir, done: outcome.record.name, empty, output };
}

describe('clean', () => {
  it('lists what no run needs, and removes nothing until somebody says so', async () => {
    const { home, workDir, done } = await makeRuns();
    const { code, stdout } = await runCli(['clean'], { env: { HOME: home } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run +\S+ \S+ +empty-000000\n +never began$/m);
    expect(stdout).toMatch(new RegExp(`^scratch +1\\.0 kB +${done}\n +all its documents are complete$`, 'm'));
    expect(stdout).toContain('Nothing was removed. To remove them:  ocr-pipeline clean --yes');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(readdirSync(workDir).sort()).toEqual([done, 'empty-000000'].sort());
  });

  it('removes it with --yes, and leaves results, reports and page results', async () => {
    const { home, workDir, done, empty, output } = await makeRuns();
    const before = readFileSync(join(output, 'born-digital.txt'));
    const { code, stdout } = await runCli(['clean', '--yes', '--json'], { env: { HOME: home } });
    expect(code).toBe(0);
    const { items } = JSON.parse(stdout) as { items: { kind: string; removed: boolean }[] };
    expect(items.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['run', 'scratch']));
    expect(items.every(({ removed }) => removed)).toBe(true);
    expect(existsSync(empty)).toBe(false);
    expect(readdirSync(join(workDir, done, 'chunks'))).toEqual([]);
    expect(existsSync(join(workDir, done, 'report.html'))).toBe(true);
    expect(readdirSync(join(workDir, done, 'documents'))).toHaveLength(1);
    expect(readFileSync(join(output, 'born-digital.txt'))).toEqual(before);
    // The run is as it was: the same command has nothing to do.
    expect((await run({ input: SCAN, output, workDir })).record.name).toBe(done);
    expect(await findClutter({ workDir, names: [], cacheFolder: join(home, 'no-cache') })).toEqual([]);
  });

  it('removes a whole run that is named, and never one that is alive', async () => {
    const { workDir, done, empty } = await makeRuns();
    const cacheFolder = join(workDir, 'no-cache');
    {
      await using _lock = await lockRun(empty);
      await using _other = await lockRun(join(workDir, done));
      expect(await findClutter({ workDir, names: [], cacheFolder })).toEqual([]);
      const named = await findClutter({ workDir, names: [done], cacheFolder });
      expect(named).toMatchObject([{ kind: 'run', kept: 'it is being worked on' }]);
      expect(await removeClutter(named)).toMatchObject([{ removed: false }]);
      // It came alive after the list was made.
      const late = await removeClutter(named.map((item) => ({ ...item, kept: undefined })));
      expect(late).toMatchObject([{ removed: false, kept: expect.stringContaining('being worked on') as string }]);
    }
    expect(await listRuns(workDir)).toHaveLength(2);
    expect(await removeClutter(await findClutter({ workDir, names: [done], cacheFolder }))).toMatchObject([
      { run: done, removed: true },
    ]);
    expect(readdirSync(workDir)).toEqual(['empty-000000']);
  });

  it('never removes results: not those in a run folder, nor those that wait for a name', async () => {
    const folder = makeFolder();
    const workDir = join(folder, 'runs');
    mkdirSync(join(folder, 'text'));
    writeFileSync(join(folder, 'text', 'born-digital.txt'), "somebody's own");
    const { record } = await run({ input: SCAN, output: join(folder, 'text'), workDir });
    const named = await findClutter({ workDir, names: [record.name], cacheFolder: join(folder, 'no-cache') });
    expect(named).toMatchObject([{ kept: expect.stringContaining('results wait in it') as string }]);
    expect(await removeClutter(named)).toMatchObject([{ removed: false }]);
    expect(await findClutter({ workDir, names: [], cacheFolder: join(folder, 'no-cache') })).toEqual([]);
  });
});
