import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, StoppedError } from '../../../src/core/errors.ts';
import type { Chunk } from '../../../src/core/chunk.ts';
import type { WorkStatus } from '../../../src/executors/executor.ts';
import { SlurmExecutor } from '../../../src/executors/slurm/slurm-executor.ts';
import { WaveStore } from '../../../src/executors/slurm/store/wave-store.ts';
import { realDisk, type Disk } from '../../../src/files/disk.ts';
import { failAfter } from '../../runs/fail-after.ts';
import { LIMITS, RECIPE } from '../../work/pool-setup.ts';
import { StandInScheduler } from './stand-in-scheduler.ts';

const signal = new AbortController().signal;

describe('the executor over a scheduler in memory', () => {
  let folder: string;
  let scheduler: StandInScheduler;
  let nowMs: number;
  let notices: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recovery-'));
    await mkdir(join(folder, 'chunks'));
    scheduler = new StandInScheduler(folder);
    nowMs = 1_000_000;
    notices = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function open(disk: Disk = realDisk): SlurmExecutor {
    const executor = new SlurmExecutor({
      client: scheduler,
      store: new WaveStore(join(folder, 'waves'), disk),
      runName: 'run-1',
      recipe: RECIPE,
      limits: LIMITS,
      wishes: { nodes: 2 },
      script: { runFolder: folder, program: { command: 'x', commandArguments: [] }, sourceFolders: [] },
      environment: {},
      clock: () => nowMs,
      chunksFolder: join(folder, 'chunks'),
      disk,
      pollMs: 15_000,
      gatherMs: 0,
      patienceMs: 300_000,
      leaving: false,
      notice: (_level, code, text) => void notices.push(`${code} ${text}`),
    });
    executors.push(executor);
    return executor;
  }

  function chunk(id: string, pages = 4): Chunk {
    return {
      id,
      ranges: [{ sha1: `sha-${id}`, file: `/f/${id}`, pageNumbers: Array.from({ length: pages }, (_, n) => n + 1) }],
      recipe: RECIPE,
      limits: LIMITS,
    };
  }

  const CHUNKS = [chunk('1-1'), chunk('1-2'), chunk('1-3')];

  /** Closed at the end of each test. */
  const executors: SlurmExecutor[] = [];
  afterEach(async () => {
    for (const executor of executors.splice(0)) await executor.close();
  });

  async function poll(
    executor: SlurmExecutor,
    chunks: readonly Chunk[] = CHUNKS,
  ): Promise<readonly WorkStatus['state'][]> {
    const handles = chunks.map(({ id }) => ({ chunkId: id, executor: 'slurm', key: 'run-1' }));
    return (await executor.poll(handles, signal)).map(({ state }) => state);
  }

  /** As a coordinator does: waits for what is recovered, submits the rest, until all is done. */
  async function finish(executor: SlurmExecutor): Promise<void> {
    const recovered = new Set((await executor.recover(signal)).map(({ chunk: { id } }) => id));
    const { done } = await new WaveStore(join(folder, 'waves'), realDisk).load();
    const rest = CHUNKS.filter(({ id }) => !recovered.has(id) && !done.has(id));
    if (rest.length > 0) await executor.submit(rest, signal);
    const waited = CHUNKS.filter(({ id }) => recovered.has(id) || rest.some((each) => each.id === id));
    for (let n = 0; n < 20 && (await poll(executor, waited)).some((state) => state !== 'done'); n++) {
      await scheduler.runAll();
      nowMs += 60_000;
    }
    expect(new Set(await poll(executor, waited))).toEqual(new Set(waited.length === 0 ? [] : ['done']));
  }

  it('loses and doubles nothing, at whichever write the program died', async () => {
    let deaths = 0;
    for (let n = 0; n < 60; n++) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(join(folder, 'chunks'), { recursive: true });
      scheduler = new StandInScheduler(folder);
      const died = await finish(open(failAfter(realDisk, n))).then(
        () => false,
        () => true,
      );
      if (died) deaths++;
      await finish(open());
      expect(Object.fromEntries(scheduler.timesRead), `died at write ${n}`).toEqual({ '1-1': 1, '1-2': 1, '1-3': 1 });
      expect(scheduler.open, `died at write ${n}`).toEqual([]);
      if (!died) break;
    }
    expect(deaths).toBeGreaterThan(6);
    expect(await readdir(join(folder, 'waves'))).toEqual(['journal.ndjson', 'logs']);
  });

  it('finds a job by its name when the answer to its submission was lost', async () => {
    const executor = open();
    await executor.recover(signal);
    scheduler.losesAnswers = true;
    await executor.submit(CHUNKS, signal);
    scheduler.losesAnswers = false;
    expect(await poll(executor)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(executor.where).toBe('Slurm 101');
    await scheduler.runAll();
    expect(await poll(executor)).toEqual(['done', 'done', 'done']);
    expect(scheduler.calls.filter((call) => call === 'sbatch')).toHaveLength(1);
  });

  it('finds a job by its name when sbatch took it and printed no number', async () => {
    const executor = open();
    await executor.recover(signal);
    scheduler.saysNoNumber = true;
    await executor.submit(CHUNKS, signal);
    expect(await poll(executor)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(executor.where).toBe('Slurm 101');
    await scheduler.runAll();
    expect(await poll(executor)).toEqual(['done', 'done', 'done']);
    expect(scheduler.calls.filter((call) => call === 'sbatch')).toHaveLength(1);
  });

  it.each(['PartitionDown', 'AssocGrpCPURunMinutesLimit', 'JobHeldAdmin'])(
    'keeps its place in the queue while Slurm says %s, and says so once',
    async (reason) => {
      const executor = open();
      await executor.recover(signal);
      await executor.submit(CHUNKS, signal);
      for (const task of scheduler.open) task.reason = reason;
      for (let polls = 0; polls < 5; polls++) expect(new Set(await poll(executor))).toEqual(new Set(['waiting']));
      expect(notices.filter((text) => text.includes(reason))).toHaveLength(1);
      expect(scheduler.calls).not.toContain('scancel');
      await scheduler.runAll();
      expect(new Set(await poll(executor))).toEqual(new Set(['done']));
    },
  );

  describe('where the queue takes two tasks at once', () => {
    const MANY = Array.from({ length: 12 }, (_, index) => chunk(`9-${index}`, 5_000));

    it('submits what fits, and the rest as it ends', async () => {
      scheduler.maxTasks = 2;
      const executor = open();
      await executor.recover(signal);
      await executor.submit(MANY, signal);
      expect(scheduler.open).toHaveLength(2);
      expect(new Set(await poll(executor, MANY))).toEqual(new Set(['waiting']));
      expect(executor.pagesWanted({ pages: 5_000, waitedMs: 1e6, allIn: true, expectedPages: 5_000 })).toBe(0);
      expect(notices.filter((text) => text.startsWith('SLURM_QUEUE_FULL'))).toHaveLength(1);
      for (let n = 0; n < 40 && (await poll(executor, MANY)).some((state) => state !== 'done'); n++) {
        expect(scheduler.open.length).toBeLessThanOrEqual(2);
        const [first] = scheduler.open;
        if (first) await scheduler.end(first, 'COMPLETED');
      }
      expect(new Set(await poll(executor, MANY))).toEqual(new Set(['done']));
      expect([...scheduler.timesRead.values()]).toEqual(MANY.map(() => 1));
      expect(await readdir(join(folder, 'waves'))).toEqual(['journal.ndjson', 'logs']);
    });

    it('and nothing of them is ours, waits half an hour, then stops', async () => {
      scheduler.maxTasks = 0;
      const executor = open();
      await executor.recover(signal);
      await executor.submit(CHUNKS, signal);
      expect(await poll(executor)).toEqual(['waiting', 'waiting', 'waiting']);
      nowMs += 20 * 60_000;
      expect(await poll(executor)).toEqual(['waiting', 'waiting', 'waiting']);
      nowMs += 20 * 60_000;
      await expect(poll(executor)).rejects.toMatchObject({ code: 'SLURM_QUEUE_FULL' });
    });

    it('tries again after a minute where others made room', async () => {
      scheduler.maxTasks = 0;
      const executor = open();
      await executor.recover(signal);
      await executor.submit(CHUNKS, signal);
      scheduler.maxTasks = 1;
      await poll(executor);
      expect(scheduler.open).toHaveLength(0);
      nowMs += 61_000;
      await poll(executor);
      expect(scheduler.open).toHaveLength(1);
      await scheduler.runAll();
      expect(await poll(executor)).toEqual(['done', 'done', 'done']);
    });
  });

  describe('where a container does not start', () => {
    const log = (node: string): string =>
      `--- ocr-pipeline task 1-0, start 1, on ${node}\nFATAL: could not open image: no space left\n--- ocr-pipeline ended with 255\n`;
    const failure = { reason: 'NonZeroExitCode' };

    it('on one node, that node is left out, and no page is blamed', async () => {
      const executor = open();
      await executor.recover(signal);
      await executor.submit(CHUNKS, signal);
      // All tries go to the broken node first, as one that is free at once.
      for (let n = 0; n < 10 && scheduler.open.length > 0; n++) {
        for (const task of scheduler.open) {
          const isBarred = scheduler.scripts[task.wave - 1]?.includes('--exclude=n7');
          if (isBarred) await scheduler.end(task, 'COMPLETED');
          else await scheduler.end(task, 'FAILED', { ...failure, node: 'n7', log: log('n7') });
        }
        await poll(executor);
        nowMs += 60_000;
      }
      expect(await poll(executor)).toEqual(['done', 'done', 'done']);
      expect(notices.filter((text) => text.includes('n7 does not start the program'))).toEqual([
        expect.stringContaining('no space left'),
      ]);
      expect(notices.filter((text) => text.startsWith('CHUNK_GIVEN_UP'))).toEqual([]);
    });

    it('on two nodes alike, the run stops with the end of the log', async () => {
      const executor = open();
      await executor.recover(signal);
      await executor.submit(CHUNKS, signal);
      for (const node of ['n1', 'n2']) {
        for (const task of scheduler.open) await scheduler.end(task, 'FAILED', { ...failure, node, log: log(node) });
        await poll(executor);
        nowMs += 60_000;
      }
      const handles = CHUNKS.map(({ id }) => ({ chunkId: id, executor: 'slurm', key: 'run-1' }));
      for (const { state, error } of await executor.poll(handles, signal)) {
        expect(state).toBe('failed');
        expect(error).toMatchObject({
          code: 'SLURM_NODES_BROKEN',
          message: expect.stringContaining('n1 and n2') as unknown,
        });
        expect(error?.why).toContain('could not open image: no space left');
      }
    });
  });

  it('counts pages that lie in results which are not complete yet, those of several tries once', async () => {
    const executor = open();
    await executor.recover(signal);
    await executor.submit(CHUNKS, signal);
    const pagesDone = async (): Promise<number[]> => {
      const handles = CHUNKS.map(({ id }) => ({ chunkId: id, executor: 'slurm', key: 'run-1' }));
      return (await executor.poll(handles, signal)).map((status) => status.pagesDone);
    };
    expect(await pagesDone()).toEqual([0, 0, 0]);
    const partial = join(folder, 'chunks', '1-1.101_0_0.partial');
    await writeFile(partial, '{"page":1}\n{"page":2}\n{"pag');
    expect(await pagesDone()).toEqual([2, 0, 0]);
    await writeFile(partial, 'e":3}\n', { flag: 'a' });
    await writeFile(join(folder, 'chunks', '1-1.101_0_1.partial'), '{"page":1}\n');
    expect(await pagesDone()).toEqual([3, 0, 0]);
    await scheduler.runAll();
    expect(await pagesDone()).toEqual([4, 4, 4]);
  });

  it('submits again what was never taken, after its patience and not before', async () => {
    const executor = open();
    await executor.recover(signal);
    scheduler.isDown = true;
    await executor.submit(CHUNKS, signal);
    expect(await poll(executor)).toEqual(['unknown', 'unknown', 'unknown']);
    nowMs += 3_600_000;
    expect(await poll(executor), 'an hour without an answer tells nothing').toEqual(['unknown', 'unknown', 'unknown']);
    expect(executor.pagesWanted({ pages: 5_000, waitedMs: 1e6, allIn: true, expectedPages: 5_000 })).toBe(0);
    scheduler.isDown = false;
    await poll(executor);
    nowMs += 299_000;
    await poll(executor);
    expect(scheduler.tasks).toHaveLength(0);
    nowMs += 2_000;
    await poll(executor);
    expect(scheduler.tasks).toHaveLength(1);
    expect(notices.join('\n')).toMatch(/SLURM_UNREACHABLE[^]*SLURM_ANSWERS[^]*gone without a trace/);
  });

  it('collects what is there after a restart while Slurm does not answer', async () => {
    const first = open();
    await first.recover(signal);
    await first.submit(CHUNKS, signal);
    const [task] = scheduler.open;
    if (!task) throw new Error('no task');
    await scheduler.end(task, 'COMPLETED', { chunks: 2 });
    scheduler.isDown = true;
    const next = open();
    expect((await next.recover(signal)).map(({ chunk: { id } }) => id)).toEqual(['1-3']);
    expect(await poll(next, [chunk('1-3')])).toEqual(['unknown']);
    expect(next.pagesWanted({ pages: 10, waitedMs: 1e9, allIn: true, expectedPages: 10 })).toBe(0);
    await scheduler.end(task, 'COMPLETED');
    expect(await poll(next, [chunk('1-3')])).toEqual(['done']);
  });

  it('leaves nothing behind of a wave that was refused, or that nobody wanted any more', async () => {
    const executor = open();
    await executor.recover(signal);
    const stop = new AbortController();
    scheduler.refusal = new ConfigError('SLURM_ACCOUNT', 'No such account.');
    await expect(executor.submit(CHUNKS, stop.signal)).rejects.toMatchObject({ code: 'SLURM_ACCOUNT' });
    scheduler.refusal = undefined;
    scheduler.beforeSubmit = () => stop.abort(new StoppedError('STOPPED', 'Stopped.'));
    await expect(executor.submit(CHUNKS, stop.signal)).rejects.toMatchObject({ code: 'STOPPED' });
    scheduler.beforeSubmit = () => undefined;
    expect((await new WaveStore(join(folder, 'waves'), realDisk).load()).waves.map(({ ended }) => ended)).toEqual([
      true,
      true,
    ]);
    expect(await open().recover(signal)).toEqual([]);
    expect(await poll(executor)).toEqual(['lost', 'lost', 'lost']);
  });

  it('says so at once when Slurm does not answer and nothing was ordered', async () => {
    scheduler.isDown = true;
    await expect(open().recover(signal)).rejects.toMatchObject({ code: 'SLURM_UNREACHABLE', exitCode: 75 });
  });

  it('believes a result and not the queue', async () => {
    const executor = open();
    await executor.recover(signal);
    await executor.submit(CHUNKS, signal);
    const [task] = scheduler.tasks;
    if (!task) throw new Error('no task');
    await scheduler.end(task, 'COMPLETED');
    task.state = 'RUNNING';
    expect(await poll(executor)).toEqual(['done', 'done', 'done']);
    await writeFile(join(folder, 'chunks', '9-9.ndjson'), 'torn');
    await executor.submit([chunk('9-9')], signal);
    expect(await poll(executor, [chunk('9-9')])).toEqual(['waiting']);
  });

  it('orders again what a cancelled job left, once, and then stops with the reason', async () => {
    const executor = open();
    await executor.recover(signal);
    await executor.submit(CHUNKS, signal);
    for (const expected of [
      ['waiting', 'waiting', 'done'],
      ['failed', 'failed', 'done'],
    ]) {
      const [task] = scheduler.open;
      if (!task) throw new Error('no task');
      await scheduler.end(task, 'CANCELLED', { chunks: 0 });
      if (expected[0] === 'waiting')
        await realDisk.writeWhole(
          join(folder, 'chunks', '1-3.ndjson'),
          `{"trailer":{"chunk":"1-3","pages":4,"pagesRead":4,"busyMs":1}}\n`,
        );
      expect(await poll(executor)).toEqual(expected);
    }
    expect(notices.join('\n')).toContain('was cancelled by somebody else');
    const [status] = await executor.poll([{ chunkId: '1-1', executor: 'slurm', key: 'run-1' }], signal);
    expect(status?.error).toMatchObject({ code: 'SLURM_CANCELLED', family: 'StoppedError' });
    expect(scheduler.open).toEqual([]);
  });

  it('finds out by accounting, or by patience alone, about jobs that the queue has forgotten', async () => {
    for (const keepsAccounts of [true, false]) {
      scheduler.keepsAccounts = keepsAccounts;
      const executor = open();
      await executor.recover(signal);
      const mine = [chunk(keepsAccounts ? '2-1' : '2-2')];
      await executor.submit(mine, signal);
      const [task] = scheduler.open;
      if (!task) throw new Error('no task');
      await scheduler.end(task, 'NODE_FAIL');
      scheduler.forgetEnded();
      expect(await poll(executor, mine)).toEqual([keepsAccounts ? 'waiting' : 'unknown']);
      nowMs += 301_000;
      await poll(executor, mine);
      await scheduler.runAll();
      expect(await poll(executor, mine)).toEqual(['done']);
    }
  });

  it('gives up a chunk that fails alone three times, and reads all others', async () => {
    const executor = open();
    await executor.recover(signal);
    await executor.submit(CHUNKS, signal);
    // A try has begun it each time and added nothing since.
    await writeFile(join(folder, 'chunks', '1-1.x.partial'), '{}\n');
    for (let n = 0; n < 8 && (await poll(executor)).some((state) => state !== 'done'); n++) {
      for (const task of scheduler.open) {
        const order = await new WaveStore(join(folder, 'waves'), realDisk).readTask(task.wave, task.arrayIndex ?? 0);
        const isBad = order?.task.chunks.some(({ id }) => id === '1-1');
        await scheduler.end(task, isBad ? 'FAILED' : 'COMPLETED', { reason: isBad ? 'NonZeroExitCode' : '' });
      }
      nowMs += 61_000;
    }
    expect(await poll(executor)).toEqual(['done', 'done', 'done']);
    expect(notices.join('\n')).toMatch(/CHUNK_GIVEN_UP 4 pages were given up/);
    expect(scheduler.timesRead.get('1-2')).toBe(1);
  });

  it('orders what failed together together: one submission a poll', async () => {
    const executor = open();
    await executor.recover(signal);
    const many = Array.from({ length: 200 }, (_, n) => chunk(`3-${n}`, 100));
    await executor.submit(many, signal);
    const tasks = [...scheduler.open];
    expect(tasks.length).toBeGreaterThan(1);
    for (const task of tasks) await scheduler.end(task, 'NODE_FAIL');
    scheduler.calls.length = 0;
    await poll(executor, many);
    expect(scheduler.calls.filter((call) => call === 'sbatch')).toHaveLength(1);
    expect(scheduler.calls.filter((call) => call === 'squeue')).toHaveLength(1);
  });
});
