import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../../../src/core/errors.ts';
import {
  decideRetry,
  FREE_TRIES,
  TRIES_ALONE,
  type EndedTask,
  type UnfinishedChunk,
} from '../../../../src/executors/slurm/decide/decide-retry.ts';
import {
  CALIBRATION_PAGES,
  decideWave,
  SMALL_RUN_PAGES,
  type WaveSituation,
} from '../../../../src/executors/slurm/decide/decide-wave.ts';
import { hopelessReason } from '../../../../src/executors/slurm/decide/hopeless-reason.ts';
import { recordQueue } from '../../../../src/executors/slurm/decide/record-queue.ts';
import { LiveWork } from '../../../../src/executors/slurm/live-work.ts';
import { NO_HISTORY } from '../../../../src/executors/slurm/store/wave-store.ts';
import type { GatheredPages } from '../../../../src/executors/executor.ts';
import { LIMITS, RECIPE } from '../../../work/pool-setup.ts';

describe('what becomes of a task that left work undone', () => {
  const chunk = (change: Partial<UnfinishedChunk> = {}): UnfinishedChunk => ({
    id: 'a',
    history: NO_HISTORY,
    begun: false,
    progressed: false,
    ...change,
  });
  const task = (end: EndedTask['end'], change: Partial<EndedTask> = {}): EndedTask => ({
    end,
    logTail: 'last words',
    minutes: 60,
    workers: 8,
    unfinished: [chunk()],
    wasAlone: false,
    isOld: false,
    node: 'n7',
    ...change,
  });

  it('gets more time when it ran out of time', () => {
    expect(decideRetry(task('time-limit')).again[0]).toMatchObject({ id: 'a', minutes: 90, alone: false });
  });

  it('reads fewer pages at once when it ran out of memory, down to one, and only then counts', () => {
    expect(decideRetry(task('out-of-memory')).again[0]).toMatchObject({ maxWorkers: 4 });
    expect(decideRetry(task('out-of-memory', { workers: 3, wasAlone: true })).again[0]).toMatchObject({
      maxWorkers: 1,
      history: NO_HISTORY,
    });
    const history = { ...NO_HISTORY, failedAlone: TRIES_ALONE - 1 };
    const alone = task('out-of-memory', { workers: 1, wasAlone: true, unfinished: [chunk({ begun: true, history })] });
    expect(decideRetry(alone).quarantined).toHaveLength(1);
  });

  it('is free when it was not its fault, away from the node, but not for ever without a page', () => {
    for (const end of ['node-failure', 'launch-failure', 'lost'] as const) {
      expect(decideRetry(task(end)).again[0]).toMatchObject({ excludeNode: 'n7', history: { freeTries: 1 } });
    }
    for (const end of ['preempted', 'worker-stopped'] as const)
      expect(decideRetry(task(end)).again[0]?.excludeNode).toBeUndefined();
    const worn = chunk({ history: { ...NO_HISTORY, freeTries: FREE_TRIES } });
    expect(decideRetry(task('node-failure', { unfinished: [worn] })).stop).toMatchObject({
      code: 'SLURM_JOBS_END',
      family: 'TransientError',
    });
    const moved = { ...worn, progressed: true, begun: true };
    expect(decideRetry(task('preempted', { unfinished: [moved] })).again[0]?.history.freeTries).toBe(1);
  });

  it('is ordered anew when its order was lost with a folder that was away', () => {
    const error: ErrorRecord = { family: 'NoInputError', code: 'TASK_NOT_FOUND', message: 'There is no order.' };
    const decision = decideRetry(task('worker-failed', { error }));
    expect(decision.stop).toBeUndefined();
    expect(decision.again[0]).toMatchObject({ id: 'a', history: { freeTries: 1 } });
  });

  it('puts what had begun when its program failed into tasks of its own, and the rest together', () => {
    const unfinished = [chunk({ id: 'a', begun: true }), chunk({ id: 'b' })];
    expect(decideRetry(task('worker-failed', { unfinished })).again.map(({ id, alone }) => [id, alone])).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });

  it('gives up after three failures alone, with the reason, unless pages were added', () => {
    let history = NO_HISTORY;
    const error: ErrorRecord = { family: 'InternalError', code: 'INTERNAL', message: 'It broke.' };
    for (let n = 1; n < TRIES_ALONE; n++) {
      const { again } = decideRetry(
        task('worker-failed', { wasAlone: true, error, unfinished: [chunk({ begun: true, history })] }),
      );
      expect(again[0]).toMatchObject({ alone: true, history: { failedAlone: n } });
      history = again[0]?.history ?? history;
    }
    const last = task('worker-failed', { wasAlone: true, error, unfinished: [chunk({ begun: true, history })] });
    expect(decideRetry(last).quarantined[0]?.reason).toMatchObject({
      code: 'CHUNK_GIVEN_UP',
      family: 'PageError',
      why: 'It broke.',
    });
    expect(
      decideRetry({ ...last, unfinished: [chunk({ begun: true, progressed: true, history })] }).quarantined,
    ).toEqual([]);
  });

  it('stops the run for what no other try will mend, with the end of the log', () => {
    const error: ErrorRecord = {
      family: 'MissingDependencyError',
      code: 'LANG_MISSING',
      message: 'There is no language data called "xyz".',
    };
    expect(decideRetry(task('worker-failed', { error })).stop).toMatchObject({
      ...error,
      why: 'The log ends:\nlast words',
    });
  });

  it('tries once more what broke before this coordinator began: somebody may have made room, or mended it', () => {
    const error: ErrorRecord = { family: 'OutputError', code: 'DISK_FULL', message: 'No room left.' };
    expect(decideRetry(task('worker-failed', { error })).stop?.code).toBe('DISK_FULL');
    const again = { again: [{ id: 'a', history: { freeTries: 1 } }] };
    expect(decideRetry(task('worker-failed', { error, isOld: true }))).toMatchObject(again);
    expect(decideRetry(task('folder-missing', { isOld: true, node: undefined }))).toMatchObject(again);
  });

  it('tries another node when one does not see the run folder, and stops when none does', () => {
    const first = decideRetry(task('folder-missing', { node: 'n7', unfinished: [chunk({})] }));
    expect(first.again).toMatchObject([{ excludeNode: 'n7', history: { freeTries: 1 } }]);
    const history = first.again[0]?.history ?? NO_HISTORY;
    expect(decideRetry(task('folder-missing', { node: 'n8', unfinished: [chunk({ history })] })).stop?.code).toBe(
      'SLURM_FOLDER_MISSING',
    );
    expect(decideRetry(task('folder-missing', { node: undefined })).stop?.code).toBe('SLURM_FOLDER_MISSING');
  });

  it('never forgets a chunk and never does two things with one', () => {
    const ends = [
      'completed',
      'time-limit',
      'out-of-memory',
      'preempted',
      'node-failure',
      'cancelled',
      'launch-failure',
      'worker-stopped',
      'worker-failed',
      'folder-missing',
      'unknown',
      'lost',
    ] as const;
    const histories = fc.record({
      freeTries: fc.nat(6),
      failedAlone: fc.nat(3),
      cancelled: fc.nat(2),
      keptBytes: fc.nat(9),
    });
    const chunks = fc.array(fc.record({ history: histories, begun: fc.boolean(), progressed: fc.boolean() }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(fc.constantFrom(...ends), chunks, fc.integer({ min: 1, max: 40 }), (end, drafts, workers) => {
        const unfinished = drafts.map((draft, index) => ({ ...draft, id: String(index) }));
        const { again, quarantined, stop } = decideRetry(
          task(end, { unfinished, workers, wasAlone: unfinished.length === 1 }),
        );
        const named = [...again, ...quarantined].map(({ id }) => id);
        if (stop) expect(named).toEqual([]);
        else expect(named.toSorted()).toEqual(unfinished.map(({ id }) => id));
      }),
    );
  });
});

describe('when a wave is ordered', () => {
  const gathered = (change: Partial<GatheredPages> = {}): GatheredPages => ({
    pages: 100,
    waitedMs: 0,
    allIn: false,
    expectedPages: 100,
    ...change,
  });
  const situation = (change: Partial<WaveSituation> = {}): WaveSituation => ({
    nodes: 2,
    coresPerTask: 32,
    liveTasks: 0,
    waves: 0,
    sinceLastWaveMs: 1e9,
    gatherMs: 120_000,
    leaving: false,
    ...change,
  });

  it('takes all of a small run at once, when it is all there', () => {
    expect(decideWave(gathered(), situation())).toBe(0);
    expect(decideWave(gathered({ allIn: true }), situation())).toBe(100);
  });

  it('begins a large run with a few pages that tell what one costs', () => {
    const large = gathered({ pages: 60_000, expectedPages: 1_000_000 });
    expect(decideWave(large, situation())).toBe(CALIBRATION_PAGES);
    expect(
      decideWave(gathered({ pages: SMALL_RUN_PAGES, expectedPages: SMALL_RUN_PAGES, allIn: true }), situation()),
    ).toBe(SMALL_RUN_PAGES);
  });

  it('waits for them, but not for ever: queues are long', () => {
    const large = gathered({ pages: 200_000, expectedPages: 1_000_000 });
    expect(decideWave(large, situation({ waves: 1, liveTasks: 1, sinceLastWaveMs: 10_000 }))).toBe(0);
    expect(decideWave(large, situation({ waves: 1, liveTasks: 1, sinceLastWaveMs: 600_000 }))).toBe(200_000);
  });

  it('waits until there is work for all nodes, or they stand idle for too long', () => {
    const known = { secondsAPage: 2, waves: 1 };
    // Two nodes of 32 cores for forty minutes.
    const enough = 76_800;
    expect(decideWave(gathered({ pages: enough - 1 }), situation(known))).toBe(0);
    expect(decideWave(gathered({ pages: enough }), situation(known))).toBe(enough);
    expect(decideWave(gathered({ pages: enough }), situation({ ...known, liveTasks: 2 }))).toBe(0);
    expect(decideWave(gathered({ waitedMs: 120_000 }), situation(known))).toBe(100);
    expect(decideWave(gathered({ waitedMs: 120_000 }), situation({ ...known, liveTasks: 2 }))).toBe(0);
  });

  it('holds nothing back when the program leaves', () => {
    expect(
      decideWave(gathered({ pages: 90_000, allIn: true, expectedPages: 90_000 }), situation({ leaving: true })),
    ).toBe(90_000);
    expect(decideWave(gathered({ pages: 90_000, expectedPages: 1e6 }), situation({ leaving: true }))).toBe(0);
  });
});

describe('what the queue says', () => {
  function workOf(tasks: number): LiveWork {
    const work = new LiveWork();
    const orders = Array.from({ length: tasks }, (_, index) => ({
      index,
      chunks: [{ id: `c${index}`, ranges: [], history: NO_HISTORY }],
    }));
    work.add({ wave: 1, recipe: RECIPE, limits: LIMITS, minutes: 60, environment: {}, tasks: orders }, 'ocrp-r-1', 0);
    return work;
  }
  const row = (arrayIndex: number, state: string, reason = '') => ({
    jobName: 'ocrp-r-1',
    jobId: '7',
    arrayIndex,
    state,
    reason,
    nodes: '',
  });

  it('tells what waits, runs, and is gone, and takes the job up that nobody knew', () => {
    const work = workOf(3);
    const verdict = recordQueue(work, [row(0, 'PENDING', 'Priority'), row(1, 'RUNNING')], 5, hopelessReason);
    expect(work.tasks.map(({ state }) => state)).toEqual(['waiting', 'running', 'gone']);
    expect(verdict.ended.map(({ index }) => index)).toEqual([2]);
    expect(verdict.adopted).toEqual([{ wave: 1, jobId: '7' }]);
    expect(recordQueue(work, [row(0, 'PENDING', 'Priority'), row(1, 'RUNNING')], 6, hopelessReason)).toMatchObject({
      changed: false,
      adopted: [],
    });
    expect(
      recordQueue(work, [row(0, 'PENDING', 'Priority'), row(1, 'PENDING', 'BeginTime')], 7, hopelessReason).takenBack,
    ).toBe(1);
  });

  it('believes a hopeless reason at the second poll in a row', () => {
    const work = workOf(1);
    const rows = [row(0, 'PENDING', 'PartitionTimeLimit')];
    expect(recordQueue(work, rows, 5, hopelessReason).hopeless).toBeUndefined();
    expect(recordQueue(work, rows, 6, hopelessReason).hopeless?.code).toBe('SLURM_TIME');
    expect(recordQueue(work, [row(0, 'RUNNING')], 7, hopelessReason).hopeless).toBeUndefined();
    expect(recordQueue(work, rows, 8, hopelessReason).hopeless).toBeUndefined();
  });

  it('takes a job that a node could not start for one that has ended, and says that it must go', () => {
    const work = workOf(1);
    const { ended, held } = recordQueue(work, [row(0, 'PENDING', 'launch failed requeued held')], 5, hopelessReason);
    expect(ended).toEqual(held);
    expect(work.tasks[0]?.endRow?.state).toBe('FAILED');
  });
});
