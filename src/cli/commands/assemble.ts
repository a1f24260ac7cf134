import { resolve } from 'node:path';
import type { ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { boxChoices, countJobs, missingFlag, pageLimits } from '../make-request.ts';
import { findTarget, requireOutput, runStep } from '../run-step.ts';
import type { AssembleRequest } from '../../app/contract.ts';

/** `assemble FILE... --results FOLDER --output FOLDER` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const settings = await invocation.loadSettings();
  const { flags, shell } = invocation;
  const target = await findTarget(invocation, settings);
  if (target.kind === 'files' && flags.results === undefined) {
    throw missingFlag('--results', 'Where did recognize put its page results? Name that folder', 'results/');
  }
  const request: AssembleRequest = {
    outputFolder: requireOutput(settings, 'text/'),
    target,
    box: boxChoices(settings),
    jobs: await countJobs(settings),
    limits: pageLimits(settings),
    resultsFolder: resolve(shell.workingFolder, flags.results ?? '.'),
    formats: settings.formats,
  };
  return await runStep(invocation, invocation.app.assembleDocuments(request, invocation.signal));
}
