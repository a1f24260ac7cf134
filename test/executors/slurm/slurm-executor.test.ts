import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executor } from '../../../src/executors/executor.ts';
import { SlurmExecutor, type SlurmExecutorParts } from '../../../src/executors/slurm/slurm-executor.ts';
import { SlurmPrograms } from '../../../src/executors/slurm/slurm-programs.ts';
import { WaveStore } from '../../../src/executors/slurm/store/wave-store.ts';
import { realDisk } from '../../../src/files/disk.ts';
import type { ChunkResultLine } from '../../../src/runs/page-results.ts';
import { describeExecutor, EXECUTOR_CASES, type ExecutorHarness } from '../../conformance/executor.ts';

import { requireSlurm, SlurmLab } from '../../support/slurm-lab.ts';
import { LIMITS, RECIPE } from '../../work/pool-setup.ts';

const need = requireSlurm();
const TASK_PROGRAM = fileURLToPath(new URL('stand-in-task.ts', import.meta.url));

describe.skipIf(need.skip)('on a real cluster', () => {
  let lab: SlurmLab;
  let made = 0;
  beforeAll(async () => {
    lab = await SlurmLab.start({ nodes: 2, cpus: 2 });
  });
  afterAll(() => lab.close());

  async function makeHarness(change: Partial<SlurmExecutorParts> = {}): Promise<ExecutorHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'slurm-executor-'));
    await mkdir(join(folder, 'chunks'));
    const runName = `test-${made++}`;
    let calls = 0;
    const make = (): SlurmExecutor =>
      new SlurmExecutor({
        client: new SlurmPrograms({ ...process.env, ...lab.env }, {}, () => calls++),
        store: new WaveStore(join(folder, 'waves'), realDisk),
        runName,
        recipe: RECIPE,
        limits: LIMITS,
        wishes: { nodes: 2, cores: 2 },
        script: {
          runFolder: folder,
          program: { command: process.execPath, commandArguments: [TASK_PROGRAM] },
          sourceFolders: [],
        },
        environment: {},
        clock: Date.now,
        chunksFolder: join(folder, 'chunks'),
        disk: realDisk,
        pollMs: 1_000,
        gatherMs: 0,
        patienceMs: 5_000,
        leaving: false,
        notice: () => undefined,
        ...change,
      });
    const executors = [make()];
    return {
      executor: executors[0] as Executor,
      restart() {
        const next = make();
        executors.push(next);
        return Promise.resolve(next);
      },
      chunk: (id, file, pageNumbers) => ({
        id,
        // Absolute, as all files are that go to a node.
        ranges: [{ sha1: 'abc', file: `/stand-in/${file}`, pageNumbers }],
        recipe: RECIPE,
        limits: LIMITS,
      }),
      async results(chunkId) {
        const text = await readFile(join(folder, 'chunks', `${chunkId}.ndjson`), 'utf8').catch(() => undefined);
        return text
          ?.split('\n')
          .filter((line) => line.includes('"page"'))
          .map((line) => JSON.parse(line) as ChunkResultLine);
      },
      schedulerCalls: () => calls,
      async close() {
        for (const executor of executors) await executor.close();
        await lab.call('scancel', '-Q', '-u', String(process.getuid?.() ?? 0));
        await lab.until('its jobs have ended', async () => (await lab.call('squeue', '-h')) === '');
        await rm(folder, { recursive: true, force: true });
      },
    };
  }

  describeExecutor('slurm', makeHarness);

  describe('the Executor suite', () => {
    type Flaw = 'recovers nothing' | 'recovers the same work twice' | 'says done when the job has ended';

    function flawed(executor: Executor, flaw: Flaw): Executor {
      const chunks = new Map<string, Parameters<Executor['submit']>[0][number]>();
      return {
        name: executor.name,
        where: executor.where,
        pollIntervalMs: executor.pollIntervalMs,
        documentsInFlight: executor.documentsInFlight,
        pagesAtOnce: executor.pagesAtOnce,
        chunkRule: executor.chunkRule,
        outlivesUs: executor.outlivesUs,
        prepare: (sizeBytes) => executor.prepare(sizeBytes),
        pagesWanted: (gathered) => executor.pagesWanted(gathered),
        async recover(signal) {
          const recovered = await executor.recover(signal);
          return flaw === 'recovers nothing'
            ? []
            : recovered.flatMap((work) => (flaw === 'recovers the same work twice' ? [work, work] : [work]));
        },
        submit(wanted, signal) {
          for (const chunk of wanted) chunks.set(chunk.id, chunk);
          return executor.submit(wanted, signal);
        },
        async poll(handles, signal) {
          const statuses = await executor.poll(handles, signal);
          return flaw === 'says done when the job has ended'
            ? statuses.map((status) => (status.state === 'failed' ? { ...status, state: 'done' } : status))
            : statuses;
        },
        cancel: (handles) => executor.cancel(handles),
        close: () => executor.close(),
      };
    }

    for (const flaw of [
      'recovers nothing',
      'recovers the same work twice',
      'says done when the job has ended',
    ] as const) {
      it(`rejects an executor that ${flaw}`, async () => {
        const verdicts: boolean[] = [];
        for (const executorCase of EXECUTOR_CASES.filter(({ name }) =>
          /after a restart what|as a whole failed/.test(name),
        )) {
          const harness = await makeHarness();
          const restart = async (): Promise<Executor> => flawed(await harness.restart(), flaw);
          const kept = await executorCase.run({ ...harness, executor: flawed(harness.executor, flaw), restart }).then(
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
});
