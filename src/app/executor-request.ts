import { join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { ExecutorRequest, SlurmChoices } from '../core/run-request.ts';
import { WaveStore } from '../executors/slurm/store/wave-store.ts';
import { parseLine } from '../files/ndjson.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import type { RunFolder } from '../runs/run-folder.ts';

function fileOf(run: RunFolder): string {
  return join(run.path, 'executor.json');
}

/** Keeps where a run is read, so that `resume` goes on there. */
export async function saveExecutorRequest(run: RunFolder, executor: ExecutorRequest): Promise<void> {
  const kept = executor.kind === 'slurm' ? { kind: 'slurm', choices: executor.choices } : executor;
  const text = `${JSON.stringify(kept, null, 2)}\n`;
  if ((await readSmallFile(fileOf(run)).catch(() => undefined))?.text !== text)
    await run.disk.writeWhole(fileOf(run), text);
}

/** Where a run was read last; on this computer where nothing is said. */
export async function readExecutorRequest(run: Pick<RunFolder, 'path'>): Promise<ExecutorRequest> {
  const text = await readSmallFile(join(run.path, 'executor.json')).then(
    (file) => file.text,
    () => '',
  );
  const kept = parseLine<{ readonly kind: 'local' } | { readonly kind: 'slurm'; readonly choices: SlurmChoices }>(text);
  return kept?.kind === 'slurm' ? { ...kept, detach: false } : { kind: 'local' };
}

/** Checks that a run may be read here. @throws {ConfigError} `RUN_ON_SLURM`: jobs of this run are still out there. */
export async function checkNotOnSlurm(run: RunFolder): Promise<void> {
  const { waves } = await new WaveStore(run.wavesFolder, run.disk).load();
  if (waves.every(({ ended }) => ended)) return;
  throw new ConfigError('RUN_ON_SLURM', `Jobs of run ${run.record.name} are on Slurm.`, {
    why: 'Reading the same pages here would do the work twice.',
    safe: 'Nothing was changed.',
    remedy: `--executor slurm   goes on there\nocr-pipeline cancel ${run.record.name}   ends the jobs first`,
  });
}
