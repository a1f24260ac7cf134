import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLoginLock } from '../../../../src/stores/box/login/login-lock.ts';

const MODULE = new URL('../../../../src/stores/box/login/login-lock.ts', import.meta.url).href;
/** No process has a number as high as this. */
const DEAD = { host: hostname(), pid: 2 ** 22 + 1, startTicks: '1', released: false };

describe('the lock of a login', () => {
  let folder: string;
  let login: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'login-lock-'));
    login = join(folder, 'box.json');
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
    await Promise.all(Array.from({ length: 8 }, () => withLoginLock(login, turn)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is given back when the work fails', async () => {
    await expect(withLoginLock(login, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLoginLock(login, async () => 'yes')).toBe('yes');
  });

  it('is taken over at once from a process that has ended', async () => {
    await writeFile(`${login}.lock.4.json`, JSON.stringify(DEAD));
    expect(await withLoginLock(login, async () => 'ours')).toBe('ours');
    expect(await readdir(folder)).toEqual([]);
  });

  it('left behind by the dead, is taken by one of twelve at a time, however they come', async () => {
    const held = join(folder, 'held');
    const script = `import { withLoginLock } from ${JSON.stringify(MODULE)};
      import { open, rm } from 'node:fs/promises';
      process.stdin.once('data', async () => {
        for (let round = 0; round < 10; round++) {
          await withLoginLock(${JSON.stringify(login)}, async () => {
            const file = await open(${JSON.stringify(held)}, 'wx').catch(() => console.log('TWO'));
            await file?.close();
            await rm(${JSON.stringify(held)}, { force: true });
          }, { now: Date.now, sleep: () => new Promise((done) => setTimeout(done, Math.random() * 4)) });
        }
        console.log('done');
        process.exit(0);
      });
      console.log('ready');`;
    await writeFile(`${login}.lock.1.json`, JSON.stringify(DEAD));
    const takers = Array.from({ length: 12 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const said = takers.map(({ stdout }) => readText(stdout));
    for (const { stdin } of takers) stdin.end('go\n');
    for (const text of await Promise.all(said)) {
      expect(text).toContain('done');
      expect(text).not.toContain('TWO');
    }
  });

  it('is taken over from another computer after a minute, and not before', async () => {
    const lock = `${login}.lock.1.json`;
    await writeFile(lock, JSON.stringify({ ...DEAD, host: 'another-computer' }));
    let waits = 0;
    const clock = {
      now: () => Date.now(),
      async sleep() {
        waits++;
        if (waits === 3) await utimes(lock, new Date(Date.now() - 61_000), new Date(Date.now() - 61_000));
        if (waits > 10) throw new Error('it was never taken over');
      },
    };
    expect(await withLoginLock(login, async () => 'ours', clock)).toBe('ours');
    expect(waits).toBe(3);
  });

  it('is waited for no longer than is sensible', async () => {
    await writeFile(`${login}.lock.1.json`, JSON.stringify({ ...DEAD, pid: process.pid, startTicks: null }));
    const clock = { now: () => Date.now(), sleep: async () => undefined };
    await expect(withLoginLock(login, async () => 'never', clock)).rejects.toMatchObject({ code: 'BOX_LOGIN_LOCKED' });
  });
});
