import { describe, expect, it } from 'vitest';
import { DOCUMENT_STORE_CASES, describeDocumentStore } from './document-store.ts';
import { settledWithin } from './document-store-samples.ts';
import { FLAWS, makeMemoryHarness } from './memory-store.ts';

describeDocumentStore('in memory', () => makeMemoryHarness());

describe('the DocumentStore suite can fail', () => {
  it.each(FLAWS)('rejects a store that %s', async (flaw) => {
    const failures: string[] = [];
    for (const storeCase of DOCUMENT_STORE_CASES) {
      const harness = await makeMemoryHarness(flaw);
      const running = storeCase.run(harness, () => {
        throw new Error('nothing is skipped here');
      });
      const failed = running.then(
        () => false,
        () => true,
      );
      // A store that never settles fails by the test's own time limit; here some seconds stand for it.
      if ((await settledWithin(running, 5_000)) === 'pending' || (await failed)) failures.push(storeCase.name);
      await harness.close();
    }
    expect(failures).not.toEqual([]);
    expect(failures.length).toBeLessThan(DOCUMENT_STORE_CASES.length);
  });
});
