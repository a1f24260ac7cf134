import { join } from 'node:path';
import { isExecutorRequest } from '../core/check-shape.ts';
import { ConfigError } from '../core/errors.ts';
import type { ExecutorRequest, SlurmChoices } from '../core/run-request.ts';
import { WaveStore } from '../executors/slurm/store/wave-store.ts';
import { parseLine, sealLine } from '../files/ndjson.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import type { RunFolder } from '../runs/run-folder.ts';

function fileOf(run: RunFolder): string {
  return join(run.path, 'executor.json');
}

/** Keeps where a run is read, so that `resume` goes on there. */
export async function saveExecutorRequest(run: RunFolder, executor: ExecutorRequest): Promise<void> {
  const kept = executor.kind === 'slurm' ? { kind: 'slurm', choices: executor.choices } : executor;
  const text = sealLine(kept);
  if ((await readSmallFile(fileOf(run)).catch(() => undefined))?.text !== text)
    await run.disk.writeWhole(fileOf(run), text);
}

/** Where a run was read last; on this computer where nothing is said. @throws {ConfigError} `RUN_DAMAGED`. */
export async function readExecutorRequest(run: Pick<RunFolder, 'path'>): Promise<ExecutorRequest> {
  const text = await readSmallFile(join(run.path, 'executor.json')).then(
    (file) => file.text,
    () => '',
  );
  if (text === '') return { kind: 'local' };
  const kept = parseLine<{ readonly kind: 'local' } | { readonly kind: 'slurm'; readonly choices: SlurmChoices }>(
    text.trimEnd(),
  );
  if (!isExecutorRequest(kept)) throw damagedRequest(run.path);
  return kept?.kind === 'slurm' ? { ...kept, detach: false } : { kind: 'local' };
}

function damagedRequest(folder: string): ConfigError {
  return new ConfigError('RUN_DAMAGED', `${join(folder, 'executor.json')} is not as it was written.`, {
    why: 'A disk failed, or something else wrote there. Where the run was read is not known.',
    safe: 'The pages that were read are kept.',
    remedy: 'The same ocr-pipeline run command as before, which says where: it goes on.',
  });
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
