import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemicFailureWatch } from '../../src/core/systemic-failure.ts';
import type { Executor, WorkStatus } from '../../src/executors/executor.ts';
import { LocalExecutor } from '../../src/executors/local.ts';
import { DocumentBudgets } from '../../src/work/document-budgets.ts';
import { realDisk } from '../../src/files/disk.ts';
import type { ChunkResultLine } from '../../src/runs/page-results.ts';
import { describeExecutor, EXECUTOR_CASES, type ExecutorHarness } from '../conformance/executor.ts';
import { LIMITS, makePool, RECIPE } from '../work/pool-setup.ts';

async function makeHarness(): Promise<ExecutorHarness> {
  const folder = await mkdtemp(join(tmpdir(), 'executor-'));
  const pool = makePool(2);
  const made: LocalExecutor[] = [];
  const make = (): LocalExecutor => {
    const executor = new LocalExecutor(
      {
        pool,
        disk: realDisk,
        watch: new SystemicFailureWatch(),
        budgets: new DocumentBudgets(),
        nameOf: () => 'a.pdf',
        onPage: () => undefined,
      },
      (id) => ({ partial: join(folder, `${id}.partial`), result: join(folder, `${id}.ndjson`) }),
      `process-${made.length}`,
    );
    made.push(executor);
    return executor;
  };
  return {
    executor: make(),
    restart: () => Promise.resolve(make()),
    chunk: (id, file, pageNumbers) => ({
      id,
      ranges: [{ sha1: 'abc', file, pageNumbers }],
      recipe: RECIPE,
      limits: LIMITS,
    }),
    async results(chunkId) {
      const text = await readFile(join(folder, `${chunkId}.ndjson`), 'utf8').catch(() => undefined);
      return text
        ?.split('\n')
        .filter((line) => line.includes('"page"'))
        .map((line) => JSON.parse(line) as ChunkResultLine);
    },
    async close() {
      await pool.kill();
      // What a chunk was about to write is written before its folder goes.
      for (const executor of made) await executor.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describeExecutor('local', makeHarness);

type Flaw = 'says done at once' | 'forgets what it told once' | 'calls the unknown running';

/** The local executor with one promise broken. */
function flawed(executor: Executor, flaw: Flaw): Executor {
  const told = new Set<string>();
  return {
    name: executor.name,
    where: executor.where,
    pollIntervalMs: 1,
    documentsInFlight: 1,
    pagesAtOnce: executor.pagesAtOnce,
    chunkRule: executor.chunkRule,
    outlivesUs: executor.outlivesUs,
    prepare: (sizeBytes) => executor.prepare(sizeBytes),
    pagesWanted: (gathered) => executor.pagesWanted(gathered),
    recover: (signal) => executor.recover(signal),
    submit: (chunks, signal) => executor.submit(chunks, signal),
    async poll(handles, signal) {
      const statuses = await executor.poll(handles, signal);
      return statuses.map((status): WorkStatus => {
        if (flaw === 'says done at once') return { ...status, state: 'done' };
        if (flaw === 'calls the unknown running')
          return status.state === 'lost' ? { ...status, state: 'running' } : status;
        if (told.has(status.handle.chunkId)) return { ...status, state: 'lost' };
        if (status.state === 'done') told.add(status.handle.chunkId);
        return status;
      });
    },
    cancel: (handles) => executor.cancel(handles),
    close: () => executor.close(),
  };
}

describe('the Executor suite', () => {
  for (const flaw of ['says done at once', 'forgets what it told once', 'calls the unknown running'] as const) {
    it(`rejects an executor that ${flaw}`, async () => {
      const verdicts: boolean[] = [];
      // Only cases that end soon for each flaw: a wrong one must not make this test wait for the suite's time limit.
      for (const executorCase of EXECUTOR_CASES.filter(({ name }) => /every page|order asked|never heard/.test(name))) {
        const harness = await makeHarness();
        const kept = await executorCase.run({ ...harness, executor: flawed(harness.executor, flaw) }).then(
          () => true,
          () => false,
        );
        verdicts.push(kept);
        await harness.close();
      }
      expect(verdicts).toContain(false);
    });
  }
});
