import { join } from 'node:path';
import { ConfigError, NoInputError } from '../core/errors.ts';
import type { RunObserver } from '../core/progress.ts';
import type { ExecutorRequest } from '../core/run-request.ts';
import { RunFolder } from '../runs/run-folder.ts';
import { secureRunFolder } from '../runs/run-privacy.ts';
import { chooseRecipe } from './choose-engine.ts';
import type { ResumeRequest, RunOutcome } from './contract.ts';
import { readExecutorRequest } from './executor-request.ts';
import { workOnRun } from './start-run.ts';
import { REAL_DEPENDENCIES, type RunDependencies } from './wiring.ts';

/** Goes on with a run as it was frozen. @throws {NoInputError} `RUN_NOT_FOUND`. @throws {ConfigError} `ENGINE_CHANGED`. */
export async function resumeRun(
  request: ResumeRequest,
  observer: RunObserver,
  signal: AbortSignal,
  dependencies: RunDependencies = REAL_DEPENDENCIES,
): Promise<RunOutcome> {
  const path = join(request.workDir, request.name);
  await secureRunFolder(path, request.share);
  const run = await RunFolder.open(path, dependencies.disk);
  if (!run) {
    throw new NoInputError('RUN_NOT_FOUND', `There is no run called "${request.name}" in ${request.workDir}.`, {
      remedy: 'ocr-pipeline status   lists the runs',
    });
  }
  await using _ = run;
  const { settings, recipe } = run.record;
  const executor = await executorOf(run, request);
  const { workDir, tesseract } = request;
  const now = await chooseRecipe({ engine: settings.engine, tesseract, settings, elsewhere: { workDir, executor } });
  if (now.digest !== recipe.digest) {
    throw new ConfigError(
      'ENGINE_CHANGED',
      `The run was started with ${recipe.engine} ${recipe.engineVersion}; here it is ${now.engine} ${now.engineVersion}, or its models or this program have changed.`,
      {
        safe: 'Nothing was changed. Pages already read are kept.',
        remedy: 'Start again with ocr-pipeline run: all pages are then read the same way.',
      },
    );
  }
  return await workOnRun(run, { ...request, executor }, observer, signal, dependencies);
}

/** Where a run goes on: as asked, or where it was read before. */
async function executorOf(run: RunFolder, request: ResumeRequest): Promise<ExecutorRequest> {
  const executor = await readExecutorRequest(run);
  const { slurm, detach } = request;
  return executor.kind === 'local' ? executor : { kind: 'slurm', choices: { ...executor.choices, ...slurm }, detach };
}
