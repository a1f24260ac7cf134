import { describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../src/core/ledger.ts';
import { realDisk, type Disk } from '../../src/files/disk.ts';
import type { RunStore } from '../../src/runs/run-store.ts';
import { failAfter } from '../runs/fail-after.ts';

export interface RunStoreHarness {
  /** Opens the store as a new process would. */
  open(disk: Disk): Promise<RunStore & { close(): Promise<void> }>;
  /** Cuts bytes off the end of what was written last, as a power failure may. */
  tear(bytes: number): Promise<void>;
  dispose(): Promise<void>;
}

export interface RunStoreCase {
  readonly name: string;
  run(harness: RunStoreHarness): Promise<void>;
}

function eventOf(index: number): LedgerEvent {
  return { at: '2026-01-01T00:00:00.000Z', type: 'document-done', document: `Büch "${index}"\n` };
}

async function loadAll(store: RunStore): Promise<LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  for await (const event of store.load()) events.push(event);
  return events;
}

/** What every RunStore promises. */
export const RUN_STORE_CASES: readonly RunStoreCase[] = [
  {
    name: 'gives back what was appended, in order, also to another process',
    async run(harness) {
      const store = await harness.open(realDisk);
      await store.append([eventOf(1), eventOf(2)]);
      await store.append([eventOf(3)]);
      await store.close();
      const again = await harness.open(realDisk);
      expect(await loadAll(again)).toEqual([eventOf(1), eventOf(2), eventOf(3)]);
      await again.append([eventOf(4)]);
      expect(await loadAll(again)).toEqual([eventOf(1), eventOf(2), eventOf(3), eventOf(4)]);
      await again.close();
    },
  },
  {
    name: 'gives every acknowledged event after a failure at any write',
    async run(harness) {
      await (await harness.open(realDisk)).close();
      let acknowledged = 0;
      for (let n = 0, survived = false; !survived && n < 50; n++) {
        survived = true;
        const store = await harness.open(failAfter(realDisk, n));
        for (let i = 0; i < 5 && survived; i++) {
          try {
            await store.append([eventOf(acknowledged)]);
            acknowledged++;
          } catch {
            survived = false;
          }
        }
        await store.close().catch(() => undefined);
        const again = await harness.open(realDisk);
        const documents = (await loadAll(again)).map((event) => ('document' in event ? event.document : ''));
        await again.close();
        // A write that failed may still be there; none that was acknowledged may be missing, nor any be out of order.
        for (let i = 0; i < acknowledged; i++) expect(documents).toContain(`Büch "${i}"\n`);
        acknowledged = Math.max(acknowledged, new Set(documents).size);
      }
    },
  },
  {
    name: 'ignores a torn last line, whatever its length, and appends after it',
    async run(harness) {
      for (let bytes = 1; bytes < 60; bytes += 7) {
        const store = await harness.open(realDisk);
        const before = (await loadAll(store)).length;
        await store.append([eventOf(1), eventOf(2)]);
        await store.close();
        await harness.tear(bytes);
        const again = await harness.open(realDisk);
        const kept = (await loadAll(again)).length;
        expect(kept).toBeGreaterThanOrEqual(before + 1);
        await again.append([eventOf(3)]);
        expect(await loadAll(again)).toHaveLength(kept + 1);
        await again.close();
      }
    },
  },
];

/** Registers the whole suite for one store. */
export function describeRunStore(name: string, makeHarness: () => Promise<RunStoreHarness>): void {
  describe(`RunStore: ${name}`, () => {
    for (const storeCase of RUN_STORE_CASES) {
      it(storeCase.name, async () => {
        expect.hasAssertions();
        const harness = await makeHarness();
        try {
          await storeCase.run(harness);
        } finally {
          await harness.dispose();
        }
      });
    }
  });
}
