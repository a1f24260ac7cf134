import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockRun } from '../../src/runs/run-lock.ts';

describe('run lock', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('keeps a second process out while the first lives, and lets it in after', async () => {
    const first = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toMatchObject({ code: 'RUN_BUSY', exitCode: 75 });
    await first.release();
    const second = await lockRun(folder);
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over from a process that was killed', async () => {
    const script = `import { lockRun } from ${JSON.stringify(new URL('../../src/runs/run-lock.ts', import.meta.url).href)};
      await lockRun(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(lockRun(folder)).rejects.toMatchObject({ code: 'RUN_BUSY' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockRun(folder);
    await lock.release();
  });

  it('does not take a reused process number for the holder', async () => {
    const record = { host: hostname(), pid: process.pid, startTicks: '1', token: 'x' };
    await writeFile(join(folder, 'lock.json'), JSON.stringify(record));
    const lock = await lockRun(folder);
    expect(JSON.parse(await readFile(join(folder, 'lock.json'), 'utf8'))).not.toMatchObject({ token: 'x' });
    await lock.release();
  });

  it('trusts another host while it gives signs of life, and not after', async () => {
    const file = join(folder, 'lock.json');
    await writeFile(file, JSON.stringify({ host: 'another', pid: 1, startTicks: null, token: 'x' }));
    await expect(lockRun(folder)).rejects.toMatchObject({ code: 'RUN_BUSY' });
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(file, longAgo, longAgo);
    const lock = await lockRun(folder);
    await lock.release();
  });

  it('lets one of many takers win', async () => {
    await writeFile(join(folder, 'lock.json'), JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, startTicks: '1', token: 'x' }));
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => lockRun(folder)));
    const winners = results.filter((result) => result.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(JSON.parse(await readFile(join(folder, 'lock.json'), 'utf8'))).toMatchObject({ pid: process.pid });
    await winners[0]?.value.release();
  });
});
