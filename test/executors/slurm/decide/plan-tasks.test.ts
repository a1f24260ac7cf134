import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  planTasks,
  type NodeShape,
  type PlacedChunk,
  type PlanTasksOptions,
} from '../../../../src/executors/slurm/decide/plan-tasks.ts';

const SAVIO3: NodeShape = { coresPerNode: 32, memoryMiB: 96_000, wholeNodes: true, nodes: 4, maxMinutes: 4_320 };
const HTC: NodeShape = { coresPerNode: 56, memoryMiB: 256_000, wholeNodes: false, nodes: 4, maxMinutes: 4_320 };
const OPTIONS: PlanTasksOptions = { shape: SAVIO3, secondsAPage: 2, workerMemoryMiB: 900, maxArraySize: 1_001 };

function chunksOf(pages: number, each = 100): PlacedChunk[] {
  return Array.from({ length: Math.ceil(pages / each) }, (_, index) => ({
    id: `c${index}`,
    pages: Math.min(each, pages - index * each),
  }));
}

function minutesOf(pages: number, workers: number, secondsAPage = 2): number {
  return (pages * secondsAPage) / workers / 60;
}

describe('tasks of a job', () => {
  const chunks = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 400 });
  const shapes: fc.Arbitrary<NodeShape> = fc.record({
    coresPerNode: fc.integer({ min: 1, max: 128 }),
    memoryMiB: fc.option(fc.integer({ min: 500, max: 1_000_000 }), { nil: undefined }),
    wholeNodes: fc.boolean(),
    nodes: fc.integer({ min: 1, max: 50 }),
    coresWanted: fc.option(fc.integer({ min: 1, max: 128 }), { nil: undefined }),
    maxMinutes: fc.option(fc.integer({ min: 1, max: 10_000 }), { nil: undefined }),
  });
  const options = fc.record({
    shape: shapes,
    secondsAPage: fc.double({ min: 0.01, max: 120, noNaN: true }),
    workerMemoryMiB: fc.integer({ min: 64, max: 4_000 }),
    maxArraySize: fc.integer({ min: 1, max: 1_001 }),
    minutes: fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
    maxWorkers: fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }),
  });

  test('hold every chunk once, or leave it for later, and something is always ordered', () => {
    fc.assert(
      fc.property(chunks, options, (sizes, chosen) => {
        const given = sizes.map((pages, index) => ({ id: `c${index}`, pages }));
        const { tasks, left } = planTasks(given, chosen);
        const placed = [...tasks.flatMap(({ chunkIds }) => chunkIds), ...left];
        expect(placed.toSorted()).toEqual(given.map(({ id }) => id).toSorted());
        expect(tasks.length).toBeGreaterThan(0);
        const pagesOf = new Map(given.map(({ id, pages }) => [id, pages]));
        for (const { chunkIds, pages } of tasks)
          expect(chunkIds.reduce((sum, id) => sum + (pagesOf.get(id) ?? NaN), 0)).toBe(pages);
      }),
    );
  });

  test('stay within what the scheduler, the partition and the memory allow', () => {
    fc.assert(
      fc.property(chunks, options, (sizes, chosen) => {
        const given = sizes.map((pages, index) => ({ id: `c${index}`, pages }));
        const { tasks, coresPerTask, maxWorkers, timeLimitMinutes, atOnce } = planTasks(given, chosen);
        const { shape, maxArraySize, workerMemoryMiB } = chosen;
        expect(tasks.length).toBeLessThanOrEqual(maxArraySize);
        expect(coresPerTask).toBeLessThanOrEqual(shape.coresPerNode);
        expect(timeLimitMinutes).toBeLessThanOrEqual(shape.maxMinutes ?? Infinity);
        expect(atOnce).toBeLessThanOrEqual(shape.nodes);
        const share = (shape.memoryMiB ?? Infinity) * (shape.wholeNodes ? 1 : coresPerTask / shape.coresPerNode);
        if (maxWorkers > 1) expect(maxWorkers * workerMemoryMiB).toBeLessThanOrEqual(share);
        expect(maxWorkers).toBeLessThanOrEqual(chosen.maxWorkers ?? Infinity);
        // Three times what it should take, as far as the limit goes; a lone chunk may be longer than any task should be.
        for (const { chunkIds, pages } of tasks) {
          if (chunkIds.length > 1) {
            const minutes = minutesOf(pages, Math.min(coresPerTask, maxWorkers), chosen.secondsAPage);
            expect(minutes).toBeLessThanOrEqual(timeLimitMinutes + 1e-6);
          }
        }
      }),
    );
  });

  test('are as even as the chunks allow', () => {
    fc.assert(
      fc.property(chunks, (sizes) => {
        const { tasks, left } = planTasks(
          sizes.map((pages, index) => ({ id: `c${index}`, pages })),
          { ...OPTIONS, secondsAPage: 60 },
        );
        const pages = tasks.map((task) => task.pages);
        expect(left).toEqual([]);
        expect(Math.max(...pages) - Math.min(...pages)).toBeLessThanOrEqual(100);
      }),
    );
  });

  test('take 20 to 60 minutes each on the nodes asked for', () => {
    for (const pages of [60_000, 200_000, 500_000, 1_000_000]) {
      const { tasks, timeLimitMinutes, coresPerTask } = planTasks(chunksOf(pages), OPTIONS);
      for (const task of tasks) {
        expect(minutesOf(task.pages, 32)).toBeGreaterThanOrEqual(19);
        expect(minutesOf(task.pages, 32)).toBeLessThanOrEqual(61);
      }
      expect(coresPerTask).toBe(32);
      expect(timeLimitMinutes).toBeGreaterThanOrEqual(60);
    }
  });

  test('are as many as there are nodes, or full rounds of them', () => {
    expect(planTasks(chunksOf(250_000), OPTIONS).tasks).toHaveLength(8);
    expect(planTasks(chunksOf(100_000), OPTIONS).tasks).toHaveLength(4);
    expect(planTasks(chunksOf(60_000), OPTIONS).tasks).toHaveLength(3);
  });

  test('of a small run are one, with the fewest cores that end it soon', () => {
    const { tasks, coresPerTask, timeLimitMinutes } = planTasks(chunksOf(900), { ...OPTIONS, shape: HTC });
    expect(tasks).toHaveLength(1);
    expect(coresPerTask).toBe(3);
    expect(timeLimitMinutes).toBe(30);
    expect(planTasks(chunksOf(20), { ...OPTIONS, shape: HTC })).toMatchObject({
      coresPerTask: 1,
      timeLimitMinutes: 10,
    });
  });

  test('on a shared partition take eight cores, or as many as are wanted', () => {
    expect(planTasks(chunksOf(50_000), { ...OPTIONS, shape: HTC }).coresPerTask).toBe(8);
    expect(planTasks(chunksOf(50_000), { ...OPTIONS, shape: { ...HTC, coresWanted: 20 } }).coresPerTask).toBe(20);
  });

  test('run fewer pages at once where there is little memory', () => {
    expect(planTasks(chunksOf(50_000), { ...OPTIONS, shape: { ...SAVIO3, memoryMiB: 9_100 } }).maxWorkers).toBe(10);
    expect(planTasks(chunksOf(50_000), { ...OPTIONS, maxWorkers: 4 }).maxWorkers).toBe(4);
  });

  test('leave for later what does not fit into one array', () => {
    const { tasks, left } = planTasks(chunksOf(1_000_000), { ...OPTIONS, maxArraySize: 3 });
    expect(tasks).toHaveLength(3);
    expect(left.length).toBeGreaterThan(5_000);
    for (const task of tasks) expect(minutesOf(task.pages, 32)).toBeLessThanOrEqual(60);
  });

  test('come the same for the same chunks', () => {
    expect(planTasks(chunksOf(30_000, 73), OPTIONS)).toEqual(planTasks(chunksOf(30_000, 73), OPTIONS));
  });

  test('of a million pages are planned without weight', () => {
    const { tasks } = planTasks(chunksOf(1_000_000, 80), OPTIONS);
    expect(tasks.flatMap(({ chunkIds }) => chunkIds)).toHaveLength(12_500);
  });
});
