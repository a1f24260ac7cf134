import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoppedError } from '../../src/core/errors.ts';
import type { WorkerPool } from '../../src/work/worker-pool.ts';
import { makePool } from './pool-setup.ts';

describe('worker pool', () => {
  let pool: WorkerPool;
  let folder: string;
  const never = new AbortController().signal;
  beforeEach(async () => {
    pool = makePool(2);
    folder = await mkdtemp(join(tmpdir(), 'pool-'));
  });
  afterEach(async () => {
    await pool.kill();
    await rm(folder, { recursive: true, force: true });
  });

  function read(file: string, pageNumber = 1, signal = never, timeoutMs = 20_000): Promise<unknown> {
    return pool.run(
      { call: 'read', request: { file, pageNumber }, timeoutMs, subject: { document: file, pageNumber } },
      signal,
    );
  }

  it('answers every request, more of them than workers', async () => {
    const pages = await Promise.all(Array.from({ length: 40 }, (_, index) => read('ok', index + 1)));
    expect(pages.map((page) => (page as { pageNumber: number }).pageNumber)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    expect(pool.active).toEqual([]);
  });

  it('has as many workers ready before there is a page as were asked for, and none beyond its size', async () => {
    for (const workers of [1, 9]) pool.prepare(workers);
    const answers = (await Promise.all(Array.from({ length: 6 }, () => read('was-prepared')))) as {
      preparations: number;
      pid: number;
    }[];
    expect(answers.map(({ preparations }) => preparations)).toEqual(Array.from({ length: 6 }, () => 1));
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(2);
  });

  it('passes on the verdict of a worker, which stays usable', async () => {
    await expect(read('page-error')).rejects.toMatchObject({ family: 'PageError', code: 'PAGE_DAMAGED' });
    await expect(read('missing')).rejects.toMatchObject({ family: 'MissingDependencyError', exitCode: 69 });
    await expect(read('ok')).resolves.toMatchObject({ state: 'done' });
  });

  it('blames a page that crashes its worker three times, and goes on', async () => {
    const [bad, good] = await Promise.allSettled([read('crash'), read('ok')]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'PAGE_CRASHED', advice: { why: 'boom' } } });
    expect(good.status).toBe('fulfilled');
    await expect(read('ok')).resolves.toMatchObject({ state: 'done' });
  });

  it('tries again on a fresh worker, three times in all', async () => {
    const file = join(folder, 'tries');
    await expect(read(`flaky ${file}`)).resolves.toMatchObject({ state: 'done' });
    expect(await readFile(file, 'utf8')).toBe('xxx');
  });

  it('tries what the kernel killed twice once more, with nothing beside it that could hold the memory', async () => {
    const file = join(folder, 'kills');
    const seen: number[] = [];
    const sampling = setInterval(() => {
      if (pool.active.some(({ document }) => document.startsWith('sigkill'))) seen.push(pool.active.length);
    }, 10);
    const killed = read(`sigkill ${file}`);
    await Promise.all([killed, ...Array.from({ length: 30 }, (_, index) => read('slow', index + 1))]);
    clearInterval(sampling);
    expect(await readFile(file, 'utf8')).toBe('xxx');
    expect(seen.at(-1)).toBe(1);
    expect(seen).toContain(2);
  });

  it('ends a page that hangs at its time limit, names that limit, and does not try it again', async () => {
    const busy: number[] = [];
    const request = { file: 'hang', pageNumber: 1 };
    const wanted = { call: 'read' as const, request, timeoutMs: 1_200, subject: { document: 'hang' } };
    await expect(pool.run({ ...wanted, onBusy: (ms) => busy.push(ms) }, never)).rejects.toMatchObject({
      code: 'PAGE_TIMEOUT',
      message: 'The page took longer than 1 s (opening it).',
    });
    expect(busy).toHaveLength(1);
    await expect(read('ok')).resolves.toMatchObject({ state: 'done' });
  });

  it('ends a page that takes too much memory', async () => {
    await expect(read('memory')).rejects.toMatchObject({ code: 'PAGE_MEMORY' });
  });

  it('drops what waits when told to stop, and finishes what is in hand', async () => {
    const aborter = new AbortController();
    const pages = Array.from({ length: 12 }, (_, index) => read('slow', index + 1, aborter.signal));
    const settled = Promise.allSettled(pages);
    setTimeout(() => aborter.abort(new StoppedError('STOPPED', 'Stop.')), 350);
    const results = await settled;
    const done = results.filter(({ status }) => status === 'fulfilled').length;
    expect(done).toBeLessThan(12);
    expect(results.every((result) => result.status === 'fulfilled' || result.reason instanceof StoppedError)).toBe(
      true,
    );
    expect(pool.active).toEqual([]);
  });

  it('settles every caller when it is killed', async () => {
    const settled = Promise.allSettled([read('hang'), read('hang'), read('ok')]);
    setTimeout(() => void pool.kill(), 500);
    for (const result of await settled) expect(result).toMatchObject({ status: 'rejected' });
    await expect(read('ok')).rejects.toBeInstanceOf(StoppedError);
  });
});
