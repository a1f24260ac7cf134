import { dirname, resolve } from 'node:path';
import type { ExecutorRequest } from '../core/run-request.ts';
import type { Executor } from '../executors/executor.ts';
import { SlurmExecutor } from '../executors/slurm/slurm-executor.ts';
import { SlurmPrograms } from '../executors/slurm/slurm-programs.ts';
import { WaveStore } from '../executors/slurm/store/wave-store.ts';
import { jobEnvironment, type ExecutorParts } from './make-executor.ts';

/** The program's own entry, which nodes see where no image is named. */
const ENTRY = resolve(import.meta.dirname, '../../bin/ocr-pipeline.js');

/** Builds the executor that reads pages on a cluster. */
export function makeSlurmExecutor(
  { run, request, disk, notice }: ExecutorParts,
  { choices, detach }: Extract<ExecutorRequest, { kind: 'slurm' }>,
): Executor {
  const { recipe, settings, source, name } = run.record;
  const { slurmImage, slurmCores } = choices;
  return new SlurmExecutor({
    client: new SlurmPrograms(process.env, {
      account: choices.slurmAccount,
      partition: choices.slurmPartition,
      qos: choices.slurmQos,
    }),
    store: new WaveStore(run.wavesFolder, disk),
    runName: name,
    recipe,
    limits: settings.limits,
    wishes: {
      partition: choices.slurmPartition,
      nodes: choices.slurmNodes,
      cores: slurmCores === 'auto' ? undefined : slurmCores,
      minutes: choices.slurmTime,
    },
    script: {
      runFolder: run.path,
      account: choices.slurmAccount,
      partition: choices.slurmPartition,
      qos: choices.slurmQos,
      program:
        slurmImage === undefined ? { command: process.execPath, commandArguments: [ENTRY] } : { image: slurmImage },
      sourceFolders: source.kind === 'local' ? [...new Set(source.ids.flatMap((path) => [path, dirname(path)]))] : [],
    },
    tesseract: slurmImage === undefined ? request.tesseract : undefined,
    environment: jobEnvironment(process.env, slurmImage !== undefined),
    clock: Date.now,
    chunksFolder: run.chunksFolder,
    disk,
    pollMs: choices.slurmPoll * 1_000,
    gatherMs: choices.slurmGather * 1_000,
    patienceMs: choices.slurmPatience * 1_000,
    leaving: detach,
    notice,
  });
}
