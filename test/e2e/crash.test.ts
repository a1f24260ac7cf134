import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REAL_DEPENDENCIES } from '../../src/app/wiring.ts';
import { realDisk } from '../../src/files/disk.ts';
import { failAfter } from '../runs/fail-after.ts';
import { makeScan } from './make-scan.ts';
import { digestFolder, run, type TestRun } from './run-support.ts';

describe('a run whose disk fails', () => {
  let base: string;
  let input: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'crash-'));
    input = join(base, 'in');
    await mkdir(join(input, 'sub'), { recursive: true });
    await writeFile(join(input, 'a.pdf'), makeScan(3, 1));
    await writeFile(join(input, 'a-2.pdf'), makeScan(1, 2));
    await writeFile(join(input, 'sub/same as a.pdf'), makeScan(3, 1));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('ends in the same bytes at whichever write it failed, resumed by the same command', async () => {
    const test = (name: string, extra: Partial<TestRun> = {}): TestRun => ({
      input,
      output: join(base, name, 'out'),
      workDir: join(base, name, 'runs'),
      ...extra,
    });
    await run(test('whole'));
    const expected = await digestFolder(join(base, 'whole/out'));
    expect(Object.keys(expected)).toHaveLength(6);

    let failures = 0;
    // Early writes one by one, then every third: the later ones repeat the same steps for other documents.
    for (let n = 0; n < 400; n += n < 30 ? 1 : 3) {
      const name = `n${n}`;
      const disk = failAfter(realDisk, n);
      const failed = await run(test(name, { shell: { ...REAL_DEPENDENCIES, disk } })).then(
        () => false,
        () => true,
      );
      if (!failed) break;
      failures++;
      await run(test(name));
      expect(await digestFolder(join(base, name, 'out')), `after write ${n} failed`).toEqual(expected);
      const chunks = await readdir(
        join(base, name, 'runs', (await readdir(join(base, name, 'runs')))[0] ?? '', 'chunks'),
      );
      expect(chunks, `chunks left after write ${n} failed`).toEqual([]);
    }
    expect(failures).toBeGreaterThan(15);
  });
});
