import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from '../../../../src/stores/box/login/file-lock.ts';

describe('a lock in a file', () => {
  let folder: string;
  let lock: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-lock-'));
    lock = join(folder, 'box.json.lock');
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  it('lets in one at a time and leaves nothing', async () => {
    let inside = 0;
    let most = 0;
    const turn = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withFileLock(lock, turn)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is given back when the work fails', async () => {
    await expect(withFileLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withFileLock(lock, async () => 'yes')).toBe('yes');
  });

  it('is taken over at once from a process that has ended', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve));
    await writeFile(lock, `${hostname()} ${child.pid} abc`);
    expect(await withFileLock(lock, async () => 'ours')).toBe('ours');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over from another computer after a minute, and not before', async () => {
    await writeFile(lock, 'another-computer 1 abc');
    let waits = 0;
    const clock = {
      now: () => Date.now(),
      async sleep() {
        waits++;
        if (waits === 3) await utimes(lock, new Date(Date.now() - 61_000), new Date(Date.now() - 61_000));
        if (waits > 10) throw new Error('it was never taken over');
      },
    };
    expect(await withFileLock(lock, async () => 'ours', clock)).toBe('ours');
    expect(waits).toBe(3);
  });

  it('is waited for no longer than is sensible', async () => {
    await writeFile(lock, `${hostname()} ${process.pid} abc`);
    const clock = { now: () => Date.now(), sleep: async () => undefined };
    await expect(withFileLock(lock, async () => 'never', clock)).rejects.toMatchObject({ code: 'BOX_LOGIN_LOCKED' });
  });
});
