import { join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { PageResult } from '../core/page.ts';
import type { ExecutorRequest, RunRequest, SlurmChoices } from '../core/run-request.ts';
import { SystemicFailureWatch } from '../core/systemic-failure.ts';
import { NULL_DELAY_VARIABLE } from '../engines/null.ts';
import type { Executor } from '../executors/executor.ts';
import { LocalExecutor } from '../executors/local.ts';
import { WaveStore } from '../executors/slurm/store/wave-store.ts';
import type { Disk } from '../files/disk.ts';
import { parseLine } from '../files/ndjson.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import type { RunFolder } from '../runs/run-folder.ts';
import type { WorkerPool } from '../work/worker-pool.ts';

/** What an executor of a run is made of. */
export interface ExecutorParts {
  readonly run: RunFolder;
  readonly request: Pick<RunRequest, 'executor' | 'tesseract' | 'workDir'>;
  readonly pool: WorkerPool;
  readonly disk: Disk;
  /** Paths of documents by SHA-1. */
  readonly names: ReadonlyMap<string, string>;
  readonly onPage: (sha1: string, page: PageResult) => void;
  readonly notice: (level: 'info' | 'warn', code: string, text: string) => void;
}

/** Builds what reads the pages. @throws {ConfigError} `RUN_ON_SLURM`: jobs of this run are still out there. */
export async function makeExecutor(parts: ExecutorParts): Promise<Executor> {
  const { run, request, pool, disk, names, onPage } = parts;
  if (request.executor.kind === 'slurm')
    return (await import('./make-slurm-executor.ts')).makeSlurmExecutor(parts, request.executor);
  const { waves } = await new WaveStore(run.wavesFolder, disk).load();
  if (waves.some(({ ended }) => !ended)) {
    throw new ConfigError('RUN_ON_SLURM', `Jobs of run ${run.record.name} are on Slurm.`, {
      why: 'Reading the same pages here would do the work twice.',
      safe: 'Nothing was changed.',
      remedy: `--executor slurm   goes on there\nocr-pipeline cancel ${run.record.name}   ends the jobs first`,
    });
  }
  return new LocalExecutor(
    { pool, disk, watch: new SystemicFailureWatch(), nameOf: (sha1) => names.get(sha1) ?? sha1, onPage },
    (chunkId) => ({ partial: run.chunkPartialFile(chunkId), result: run.chunkResultFile(chunkId) }),
    `${process.pid}-${Date.now()}`,
  );
}

function fileOf(run: RunFolder): string {
  return join(run.path, 'executor.json');
}

/** Keeps where a run is read, so that `resume` goes on there. */
export async function keepExecutor(run: RunFolder, executor: ExecutorRequest): Promise<void> {
  const kept = executor.kind === 'slurm' ? { kind: 'slurm', choices: executor.choices } : executor;
  const text = `${JSON.stringify(kept, null, 2)}\n`;
  if ((await readSmallFile(fileOf(run)).catch(() => undefined))?.text !== text)
    await run.disk.writeWhole(fileOf(run), text);
}

/** Where a run was read last; on this computer where nothing is said. */
export async function readExecutor(run: Pick<RunFolder, 'path'>): Promise<ExecutorRequest> {
  const text = await readSmallFile(join(run.path, 'executor.json')).then(
    (file) => file.text,
    () => '',
  );
  const kept = parseLine<{ readonly kind: 'local' } | { readonly kind: 'slurm'; readonly choices: SlurmChoices }>(text);
  return kept?.kind === 'slurm' ? { ...kept, detach: false } : { kind: 'local' };
}

/**
 * Variables that jobs get from the coordinator, by name and no others: where Tesseract's data lie, for a program that runs
 * outside a container, and what slows the null engine down in tests.
 */
export function jobEnvironment(environment: NodeJS.ProcessEnv, hasImage: boolean): Record<string, string> {
  const names = hasImage ? [NULL_DELAY_VARIABLE] : [NULL_DELAY_VARIABLE, 'TESSDATA_PREFIX'];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
}
