import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isLocked, lockRun } from '../../src/runs/run-lock.ts';

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
    expect(await isLocked(folder)).toBe(false);
    expect(await readdir(folder)).toEqual(['lock.2.json']);
  });

  it('takes over from a process that was killed', async () => {
    const script = `import { isLocked, lockRun } from ${JSON.stringify(new URL('../../src/runs/run-lock.ts', import.meta.url).href)};
      await lockRun(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(lockRun(folder)).rejects.toMatchObject({ code: 'RUN_BUSY' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockRun(folder);
    await lock.release();
  });

  it('takes over from a process that was killed and that nobody reaps, as in a container without an init', async () => {
    const script = `import { lockRun } from ${JSON.stringify(new URL('../../src/runs/run-lock.ts', import.meta.url).href)};
      await lockRun(${JSON.stringify(folder)}); console.log('locked', process.pid); setInterval(() => {}, 1000);`;
    // A program that never asks for the end of its children, and ends when its input closes.
    const parent = spawn('sh', ['-c', '"$0" --input-type=module -e "$1" <&- & exec cat', process.execPath, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const [said] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(/locked (\d+)/.exec(said.toString())?.[1]);
      process.kill(pid, 'SIGKILL');
      await vi.waitFor(async () => expect(await readFile(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '));
      expect(await isLocked(folder)).toBe(false);
      const lock = await lockRun(folder);
      await lock.release();
    } finally {
      parent.stdin.end();
      await once(parent, 'exit');
    }
  });

  it('does not take a reused process number for the holder', async () => {
    const record = { host: hostname(), pid: process.pid, startTicks: '1', released: false };
    await writeFile(join(folder, 'lock.1.json'), JSON.stringify(record));
    const lock = await lockRun(folder);
    expect(JSON.parse(await readFile(join(folder, 'lock.2.json'), 'utf8'))).not.toMatchObject({ startTicks: '1' });
    await lock.release();
  });

  it('trusts another host while it gives signs of life, and not after', async () => {
    const file = join(folder, 'lock.1.json');
    await writeFile(file, JSON.stringify({ host: 'another', pid: 1, startTicks: null, released: false }));
    await expect(lockRun(folder)).rejects.toMatchObject({ code: 'RUN_BUSY' });
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(file, longAgo, longAgo);
    const lock = await lockRun(folder);
    await lock.release();
  });

  it('lets one of many takers win, time after time', async () => {
    for (let round = 1; round <= 30; round++) {
      const dead = { host: hostname(), pid: 2 ** 22 + 1, startTicks: '1', released: false };
      const place = join(folder, String(round));
      await mkdir(place);
      await writeFile(join(place, 'lock.7.json'), JSON.stringify(dead));
      const results = await Promise.allSettled(Array.from({ length: 12 }, () => lockRun(place)));
      const winners = results.filter((result) => result.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      expect(await isLocked(place)).toBe(true);
      await winners[0]?.value.release();
    }
  });

  it('is never held by two processes at once, however they come, go and die', async () => {
    const held = join(folder, 'held');
    const script = `import { lockRun } from ${JSON.stringify(new URL('../../src/runs/run-lock.ts', import.meta.url).href)};
      import { readFile, rm, writeFile } from 'node:fs/promises';
      import { setTimeout as sleep } from 'node:timers/promises';
      const until = Date.now() + 4_000;
      let taken = 0;
      while (Date.now() < until) {
        const lock = await lockRun(${JSON.stringify(folder)}).catch((error) => {
          if (error.code !== 'RUN_BUSY') throw error;
        });
        if (!lock) continue;
        // Whoever was killed left this behind: only a living holder's file counts.
        const other = Number(await readFile(${JSON.stringify(held)}, 'utf8').catch(() => 0));
        const stat = other ? await readFile('/proc/' + other + '/stat', 'utf8').catch(() => '') : '';
        if (stat && !stat.includes(') Z ') && !stat.includes(') X ')) console.log('TWO');
        await writeFile(${JSON.stringify(held)}, String(process.pid));
        await sleep(Math.random() * 3);
        if (++taken === 5 && process.argv[1] === 'dies') process.kill(process.pid, 'SIGKILL');
        await rm(${JSON.stringify(held)}, { force: true });
        await lock.release();
      }
      console.log('taken', taken);`;
    const children = ['dies', 'dies', 'lives', 'lives'].map((fate) =>
      spawn(process.execPath, ['--input-type=module', '-e', script, fate], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    const outputs = await Promise.all(children.map(({ stdout }) => readText(stdout)));
    expect(outputs.join('')).not.toContain('TWO');
    // Those that lived took it, also after the others had died with it.
    for (const output of outputs.slice(2)) expect(Number(output.split(' ')[1])).toBeGreaterThan(0);
  });

  it('tells a holder that was taken for dead', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const lock = await lockRun(folder);
      await writeFile(
        join(folder, 'lock.2.json'),
        JSON.stringify({ host: 'another', pid: 1, startTicks: null, released: false }),
      );
      await vi.advanceTimersByTimeAsync(60_000);
      await vi.waitFor(() => expect(lock.lost.aborted).toBe(true));
      expect(lock.lost.reason).toMatchObject({ code: 'RUN_TAKEN_OVER', exitCode: 75 });
      await lock.release();
      expect(await isLocked(folder)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
