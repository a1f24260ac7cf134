import { describe, expect, it } from 'vitest';
import { readClusterUse, sumUse } from '../../../src/executors/slurm/cluster-use.ts';
import { parseAccounting } from '../../../src/executors/slurm/parse/parse-accounting.ts';

const ROWS = parseAccounting(
  [
    '101_0|COMPLETED|0:0|n1|00:30:00|32|None|ocr-x-1',
    '101_1|CANCELLED by 1000|0:15|n2|00:15:00|32|None|ocr-x-1',
    '102_0|COMPLETED|0:0|n1|01:00:00|8|None|ocr-x-2',
    '103_0|PENDING|0:0|None assigned|00:00:00|8|None|ocr-x-3',
  ].join('\n'),
);
const signal = new AbortController().signal;
const wave = (n: number, jobId: string | undefined) => {
  return { wave: n, jobId, intentAtMs: 0, ended: true, askedCoreSeconds: 3_600 * 10 };
};

describe('what a run took on a cluster', () => {
  it('is the cores of all its jobs times their time, whatever end they came to', () => {
    const rate = { unit: 'SU', unitsPerCoreHour: 0.5 };
    expect(sumUse(ROWS, 7_200 * 32, rate)).toEqual({
      jobs: 3,
      nodes: 2,
      used: { coreSeconds: 1_800 * 32 + 900 * 32 + 3_600 * 8, cost: { unit: 'SU', amount: 16 } },
      asked: { coreSeconds: 7_200 * 32, cost: { unit: 'SU', amount: 32 } },
    });
  });

  it('has no price where no rate is known', () => {
    expect(sumUse(ROWS, 0, undefined).used.cost).toBeUndefined();
  });

  it('asks once for the jobs that were submitted, and is not told where nobody knows', async () => {
    const asked: unknown[] = [];
    const store = {
      load: () =>
        Promise.resolve({
          waves: [wave(1, '101'), wave(2, undefined), wave(3, '102')],
          done: new Set<string>(),
          measured: { pagesRead: 0, busyMs: 0 },
        }),
    };
    const client = (answer: typeof ROWS | 'unavailable' | undefined) => ({
      accounting: (of: unknown) => {
        asked.push(of);
        return Promise.resolve(answer);
      },
    });
    await expect(readClusterUse(store, client(ROWS), undefined, signal)).resolves.toMatchObject({
      asked: { coreSeconds: 2 * 3_600 * 10 },
    });
    expect(asked).toEqual([{ jobIds: ['101', '102'] }]);
    const silent: (typeof ROWS | 'unavailable' | undefined)[] = ['unavailable', undefined, []];
    for (const answer of silent) {
      await expect(readClusterUse(store, client(answer), undefined, signal)).resolves.toBeUndefined();
    }
  });
});
