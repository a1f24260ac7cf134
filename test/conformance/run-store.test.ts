import { describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../src/core/ledger.ts';
import { RECORD } from '../runs/run-record.ts';
import { RUN_STORE_CASES, type RunStoreHarness } from './run-store.ts';

type Flaw = 'forgets on close' | 'loses the second of two' | 'gives torn events';

/** A store in memory that breaks one promise. */
function flawedHarness(flaw: Flaw): RunStoreHarness {
  let kept: LedgerEvent[] = [];
  return {
    open: () =>
      Promise.resolve({
        record: RECORD,
        append(events: readonly LedgerEvent[]) {
          kept.push(...(flaw === 'loses the second of two' ? events.slice(0, 1) : events));
          return Promise.resolve();
        },
        // oxlint-disable-next-line require-await
        async *load() {
          yield* kept;
        },
        writeProgress: () => Promise.resolve(),
        readProgress: () => Promise.resolve(undefined),
        close() {
          if (flaw === 'forgets on close') kept = [];
          return Promise.resolve();
        },
      }),
    tear() {
      if (flaw === 'gives torn events') kept = kept.slice(0, -2);
      return Promise.resolve();
    },
    dispose: () => Promise.resolve(),
  };
}

describe('the RunStore suite', () => {
  for (const flaw of ['forgets on close', 'loses the second of two', 'gives torn events'] as const) {
    it(`rejects a store that ${flaw}`, async () => {
      const verdicts = await Promise.allSettled(RUN_STORE_CASES.map((storeCase) => storeCase.run(flawedHarness(flaw))));
      expect(verdicts.some(({ status }) => status === 'rejected')).toBe(true);
    });
  }
});
