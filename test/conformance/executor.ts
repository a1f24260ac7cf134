import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../src/core/chunk.ts';
import type { Executor, WorkHandle, WorkStatus } from '../../src/executors/executor.ts';
import type { ChunkResultLine } from '../../src/runs/page-results.ts';

/** An executor over stand-in pages: `file` of a range says how its pages behave (`ok`, `slow`, `page-error`, `missing`). */
export interface ExecutorHarness {
  readonly executor: Executor;
  /** The executor as another coordinator would make it after this one died with all its memory. */
  restart(): Promise<Executor>;
  chunk(id: string, file: string, pageNumbers: readonly number[]): Chunk;
  /** The complete result file of a chunk, or undefined where it is not complete. */
  results(chunkId: string): Promise<readonly ChunkResultLine[] | undefined>;
  /** Calls that went to the scheduler, where there is one. */
  readonly schedulerCalls?: (() => number) | undefined;
  close(): Promise<void>;
}

export interface ExecutorCase {
  readonly name: string;
  run(harness: ExecutorHarness): Promise<void>;
}

const signal = new AbortController().signal;

async function untilEnded(executor: Executor, handles: readonly WorkHandle[]): Promise<readonly WorkStatus[]> {
  for (let n = 0; n < 600; n++) {
    const statuses = await executor.poll(handles, signal);
    if (statuses.every(({ state }) => state === 'done' || state === 'failed' || state === 'lost')) return statuses;
    await sleep(50);
  }
  throw new Error('the work did not end in 30 s');
}

/** What every Executor promises. */
export const EXECUTOR_CASES: readonly ExecutorCase[] = [
  {
    name: 'gives every page of every chunk a result, and says done only then',
    async run({ executor, chunk, results }) {
      const chunks = [chunk('a', 'ok', [1, 2, 3]), chunk('b', 'page-error', [4]), chunk('c', 'slow', [5, 6])];
      const handles = await executor.submit(chunks, signal);
      expect(handles.map(({ chunkId }) => chunkId)).toEqual(['a', 'b', 'c']);
      for (const status of await executor.poll(handles, signal)) {
        if (status.state === 'done') expect(await results(status.handle.chunkId)).toBeDefined();
      }
      const ended = await untilEnded(executor, handles);
      expect(ended.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
      expect((await results('a'))?.map(({ page }) => page.pageNumber).sort()).toEqual([1, 2, 3]);
      expect((await results('b'))?.[0]?.page).toMatchObject({ state: 'failed', error: { code: 'PAGE_DAMAGED' } });
      expect(ended[2]?.pagesDone).toBe(2);
    },
  },
  {
    name: 'answers in the order asked, and again the same',
    async run({ executor, chunk }) {
      const handles = await executor.submit([chunk('a', 'ok', [1]), chunk('b', 'ok', [2])], signal);
      await untilEnded(executor, handles);
      for (let n = 0; n < 2; n++) {
        const statuses = await executor.poll([...handles].reverse(), signal);
        expect(statuses.map(({ handle, state }) => [handle.chunkId, state])).toEqual([
          ['b', 'done'],
          ['a', 'done'],
        ]);
      }
    },
  },
  {
    name: 'hands out handles that are plain JSON and good after a restart',
    async run({ executor, chunk, restart, results }) {
      const handles = await executor.submit([chunk('a', 'ok', [1, 2])], signal);
      await untilEnded(executor, handles);
      const copies = JSON.parse(JSON.stringify(handles)) as WorkHandle[];
      expect(copies).toEqual(handles);
      const again = await restart();
      // Done or lost; a chunk whose result is there may be asked for again without harm.
      const [status] = await again.poll(copies, signal);
      expect(['done', 'lost']).toContain(status?.state);
      expect(await results('a')).toHaveLength(2);
      await again.close();
    },
  },
  {
    name: 'names after a restart what is still under way, to be waited for, and nothing else',
    async run({ executor, chunk, restart, results }) {
      const pages = Array.from({ length: 30 }, (_, index) => index + 1);
      await untilEnded(executor, await executor.submit([chunk('b', 'ok', [1])], signal));
      await executor.submit([chunk('a', 'slow', pages)], signal);
      const again = await restart();
      const recovered = await again.recover(signal);
      expect(recovered.map(({ chunk: { id } }) => id)).toEqual(again.outlivesUs ? ['a'] : []);
      if (again.outlivesUs) {
        expect(recovered[0]?.chunk).toEqual(chunk('a', 'slow', pages));
        const ended = await untilEnded(
          again,
          recovered.map(({ handle }) => handle),
        );
        expect(ended[0]).toMatchObject({ state: 'done', pagesDone: 30 });
        expect((await results('a'))?.map(({ page }) => page.pageNumber).sort((x, y) => x - y)).toEqual(pages);
      }
      await again.close();
    },
  },
  {
    name: 'says lost, not running, of work it has never heard of',
    async run({ executor }) {
      const [status] = await executor.poll([{ chunkId: 'x', executor: executor.name, key: 'nobody' }], signal);
      expect(status?.state).toBe('lost');
    },
  },
  {
    name: 'tells why a chunk as a whole failed',
    async run({ executor, chunk }) {
      const [status] = await untilEnded(executor, await executor.submit([chunk('a', 'missing', [1])], signal));
      expect(status).toMatchObject({ state: 'failed', error: { family: 'MissingDependencyError' } });
    },
  },
  {
    name: 'cancels, also what has ended or was never there',
    async run({ executor, chunk, results }) {
      const pages = Array.from({ length: 200 }, (_, index) => index + 1);
      const handles = await executor.submit([chunk('a', 'slow', pages), chunk('b', 'ok', [1])], signal);
      await executor.cancel([...handles, { chunkId: 'x', executor: executor.name, key: 'nobody' }]);
      const ended = await untilEnded(executor, handles);
      expect(ended[0]?.state).not.toBe('done');
      expect(await results('a')).toBeUndefined();
      await executor.cancel(handles);
    },
  },
  {
    name: 'asks once, whatever the number',
    async run({ executor, chunk, schedulerCalls }) {
      const chunks = Array.from({ length: 30 }, (_, index) => chunk(`c${index}`, 'ok', [1]));
      const handles = await executor.submit(chunks, signal);
      const before = schedulerCalls?.() ?? 0;
      expect(await executor.poll(handles, signal)).toHaveLength(30);
      expect((schedulerCalls?.() ?? 0) - before).toBeLessThanOrEqual(1);
      await untilEnded(executor, handles);
    },
  },
];

/** Registers the whole suite for one executor. */
export function describeExecutor(name: string, makeHarness: () => Promise<ExecutorHarness>): void {
  describe(`Executor: ${name}`, () => {
    for (const executorCase of EXECUTOR_CASES) {
      it(executorCase.name, async () => {
        expect.hasAssertions();
        const harness = await makeHarness();
        try {
          await executorCase.run(harness);
        } finally {
          await harness.close();
        }
      });
    }
  });
}
