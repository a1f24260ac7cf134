import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Chunk, PageRange } from '../../src/core/chunk.ts';
import { ConfigError, MissingDependencyError, StoppedError, TransientError } from '../../src/core/errors.ts';
import { CLUSTER_CHUNKS, countPages } from '../../src/core/pack-chunks.ts';
import type { Executor, GatheredPages, RecoveredWork, WorkHandle, WorkState } from '../../src/executors/executor.ts';
import { PageGatherer } from '../../src/session/page-gatherer.ts';
import { ChunkTracker } from '../../src/session/chunk-tracker.ts';
import { LIMITS, RECIPE } from '../work/pool-setup.ts';

/** An executor whose work ends when the test says so. */
class ToldExecutor implements Executor {
  readonly name = 'told';
  readonly where = 'a test';
  readonly pollIntervalMs = 1;
  readonly documentsInFlight = 1_000;
  readonly pagesAtOnce = 1;
  readonly chunkRule = CLUSTER_CHUNKS;
  readonly outlivesUs = true;
  readonly submitted: Chunk[][] = [];
  readonly cancelled: string[] = [];
  readonly recovered: RecoveredWork[] = [];
  readonly states = new Map<string, WorkState>();
  wanted: (gathered: GatheredPages) => number = ({ pages }) => pages;
  refusal: Error | undefined;
  /** What a submission takes. */
  accepting: Promise<void> = Promise.resolve();

  prepare(): void {}

  pagesWanted(gathered: GatheredPages): number {
    return this.wanted(gathered);
  }

  recover(): Promise<readonly RecoveredWork[]> {
    return Promise.resolve(this.recovered);
  }

  async submit(chunks: readonly Chunk[]): Promise<readonly WorkHandle[]> {
    if (this.refusal) throw this.refusal;
    this.submitted.push([...chunks]);
    await this.accepting;
    return chunks.map(({ id }) => ({ chunkId: id, executor: this.name, key: 'k' }));
  }

  poll(handles: readonly WorkHandle[]) {
    const error = new MissingDependencyError('X', 'It failed.').toRecord();
    return Promise.resolve(
      handles.map((handle) => ({
        handle,
        state: this.states.get(handle.chunkId) ?? ('running' as const),
        pagesDone: 0,
        error,
      })),
    );
  }

  cancel(handles: readonly WorkHandle[]): Promise<void> {
    this.cancelled.push(...handles.map(({ chunkId }) => chunkId));
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const never = new AbortController().signal;

function range(sha1: string, pages: number, from = 1): PageRange {
  return { sha1, file: `/f/${sha1}`, pageNumbers: Array.from({ length: pages }, (_, n) => n + from) };
}

describe('the tracker', () => {
  let executor: ToldExecutor;
  let tracker: ChunkTracker;
  let done: string[];
  let allWait: number;
  function make(leavesEarly = false): ChunkTracker {
    let made = 0;
    return new ChunkTracker({
      executor,
      makeChunk: (ranges) => ({ id: `c${++made}`, ranges, recipe: RECIPE, limits: LIMITS }),
      onDone: ({ id }) => Promise.resolve(void done.push(id)),
      onAllWaiting: leavesEarly ? () => void allWait++ : undefined,
    });
  }
  beforeEach(() => {
    executor = new ToldExecutor();
    done = [];
    allWait = 0;
    tracker = make();
  });
  afterEach(() => tracker.close(false));

  it('lets small documents share a chunk, and each go on when it is done', async () => {
    executor.wanted = ({ allIn, pages }) => (allIn ? pages : 0);
    tracker.documents.expect(['a', 'b']);
    const a = tracker.read('a', range('A', 3), never);
    await sleep(5);
    expect(executor.submitted).toEqual([]);
    const b = tracker.read('b', range('B', 4), never);
    await sleep(5);
    expect(executor.submitted.map((chunks) => chunks.map(({ ranges }) => ranges.map(({ sha1 }) => sha1)))).toEqual([
      [['A', 'B']],
    ]);
    executor.states.set('c1', 'done');
    await Promise.all([a, b]);
    expect(done).toEqual(['c1']);
  });

  it('does not hold pages back for a document that came to nothing', async () => {
    executor.wanted = ({ allIn, pages }) => (allIn ? pages : 0);
    tracker.documents.expect(['a', 'broken']);
    const a = tracker.read('a', range('A', 3), never);
    await sleep(5);
    tracker.end('broken');
    await sleep(5);
    expect(executor.submitted).toHaveLength(1);
    executor.states.set('c1', 'done');
    await a;
  });

  it('takes a large document in parts, and waits for all of them', async () => {
    let first = true;
    executor.wanted = ({ pages }) => {
      if (!first) return executor.states.has('c1') ? pages : 0;
      first = false;
      return Math.min(pages, 150);
    };
    const read = tracker.read('a', range('A', 400), never);
    let isDone = false;
    void read.then(() => (isDone = true));
    await sleep(5);
    expect(executor.submitted.flat().map(({ ranges }) => countPages(ranges))).toEqual([75, 75]);
    for (const id of ['c1', 'c2']) executor.states.set(id, 'done');
    await sleep(20);
    expect(isDone).toBe(false);
    const pages = executor.submitted.flat().flatMap(({ ranges }) => ranges.flatMap(({ pageNumbers }) => pageNumbers));
    expect(pages).toEqual(range('A', 400).pageNumbers);
    for (const { id } of executor.submitted.flat()) executor.states.set(id, 'done');
    await read;
  });

  it('waits for what an earlier coordinator submitted, and submits only the rest', async () => {
    const chunk: Chunk = { id: 'old', ranges: [range('A', 10)], recipe: RECIPE, limits: LIMITS };
    executor.recovered.push({ chunk, handle: { chunkId: 'old', executor: 'told', key: 'k' } });
    expect(await tracker.recover(never)).toEqual(new Set(['old']));
    const read = tracker.read('a', range('A', 14), never);
    await sleep(5);
    expect(executor.submitted.flat().flatMap(({ ranges }) => ranges)).toEqual([range('A', 4, 11)]);
    for (const id of ['old', 'c1']) executor.states.set(id, 'done');
    await read;
    expect(done.toSorted()).toEqual(['c1', 'old']);
  });

  it('lets whoever waits go when it is stopped, while the work goes on', async () => {
    const stop = new AbortController();
    const read = tracker.read('a', range('A', 3), stop.signal);
    await sleep(5);
    stop.abort(new StoppedError('STOPPED', 'Stopped.'));
    await expect(read).rejects.toMatchObject({ code: 'STOPPED' });
    expect(executor.cancelled).toEqual([]);
    await tracker.close(true);
    expect(executor.cancelled).toEqual(['c1']);
  });

  it('tells all who wait that their work was refused, or has failed', async () => {
    executor.refusal = new MissingDependencyError('SLURM_MISSING', 'No Slurm.');
    await expect(tracker.read('a', range('A', 3), never)).rejects.toMatchObject({ code: 'SLURM_MISSING' });
    executor.refusal = undefined;
    const reads = ['B', 'C'].map((sha1) => tracker.read(sha1, range(sha1, 3), never));
    for (const id of ['c2', 'c3']) executor.states.set(id, 'failed');
    for (const read of reads) await expect(read).rejects.toMatchObject({ code: 'X' });
  });

  it('tells whoever waits for lost work that it was refused when it was submitted again', async () => {
    tracker = make();
    const waiting = tracker.read('a', range('a', 3), never);
    waiting.catch(() => undefined);
    await expect.poll(() => executor.submitted.length).toBe(1);
    executor.refusal = new ConfigError('REFUSED', 'Not any more.');
    executor.states.set('c1', 'lost');
    await expect(waiting).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('submits lost work again with the next poll where a refusal passes', async () => {
    tracker = make();
    const waiting = tracker.read('a', range('a', 3), never);
    waiting.catch(() => undefined);
    await expect.poll(() => executor.submitted.length).toBe(1);
    let refusals = 0;
    const submit = executor.submit.bind(executor);
    executor.submit = (chunks) => {
      if (refusals++ < 2) return Promise.reject(new TransientError('BUSY', 'Not now.'));
      executor.states.set('c1', 'done');
      return submit(chunks);
    };
    executor.states.set('c1', 'lost');
    await waiting;
    expect(executor.submitted).toHaveLength(2);
    expect(done).toEqual(['c1']);
  });

  it('submits again what its executor lost, and gives up after a few times', async () => {
    const read = tracker.read('a', range('A', 3), never);
    executor.states.set('c1', 'lost');
    await expect(read).rejects.toMatchObject({ code: 'X' });
    expect(executor.submitted).toHaveLength(5);
  });

  it('does not leave while what it submits is not yet accepted', async () => {
    tracker = make(true);
    tracker.documents.expect(['a', 'b']);
    const stop = new AbortController();
    const a = tracker.read('a', range('A', 3), stop.signal);
    await sleep(20);
    const accepted = Promise.withResolvers<void>();
    executor.accepting = accepted.promise;
    const b = tracker.read('b', range('B', 3), stop.signal);
    await sleep(20);
    expect(executor.submitted).toHaveLength(2);
    expect(allWait, 'a submission is under way').toBe(0);
    accepted.resolve();
    await sleep(20);
    expect(allWait).toBeGreaterThan(0);
    stop.abort();
    for (const read of [a, b]) await expect(read).rejects.toThrow(StoppedError);
  });

  it('says when there is nothing left but to wait, and not while something is being done', async () => {
    tracker = make(true);
    tracker.documents.expect(['a', 'b']);
    const a = tracker.read('a', range('A', 3), never);
    await sleep(20);
    expect(allWait, 'b is still to come').toBe(0);
    const b = tracker.read('b', range('B', 3), never);
    await sleep(20);
    expect(allWait).toBeGreaterThan(0);
    executor.states.set('c1', 'done');
    await a;
    allWait = 0;
    await sleep(20);
    expect(allWait, 'a is being assembled').toBe(0);
    tracker.end('a');
    await sleep(20);
    expect(allWait).toBeGreaterThan(0);
    executor.states.set('c2', 'done');
    await b;
  });
});

describe('gathered pages', () => {
  it('are each taken once, in the order they came', () => {
    const documents = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(documents, fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 20 }), (sizes, takes) => {
        const gatherer = new PageGatherer<string>();
        for (const [index, pages] of sizes.entries()) void gatherer.add(range(String(index), pages), never);
        const ranges = [...takes, Infinity].flatMap((wanted) => gatherer.take(wanted).ranges);
        const pages = ranges.flatMap(({ sha1, pageNumbers }) => pageNumbers.map((number) => `${sha1} ${number}`));
        expect(pages).toEqual(
          sizes.flatMap((size, index) => range(String(index), size).pageNumbers.map((number) => `${index} ${number}`)),
        );
        expect(gatherer.describe().pages).toBe(0);
      }),
    );
  });

  it('tell how long they wait and how many there will be', () => {
    let nowMs = 0;
    const gatherer = new PageGatherer<string>(() => nowMs);
    gatherer.expect(['a', 'b', 'c', 'd']);
    gatherer.markWaiting('a');
    void gatherer.add(range('A', 50), never);
    nowMs = 700;
    expect(gatherer.describe()).toEqual({ pages: 50, waitedMs: 700, allIn: false, expectedPages: 200 });
    for (const id of ['b', 'c', 'd']) gatherer.end(id);
    expect(gatherer.describe().allIn).toBe(true);
  });
});
