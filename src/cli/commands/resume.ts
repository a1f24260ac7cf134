import type { ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { findRun } from '../find-run.ts';
import { followRun } from '../screens/follow-run.ts';
import { boxChoices, countJobs, slurmChanges } from '../make-request.ts';

/** `resume [run]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { app, positionals } = invocation;
  const loaded = await invocation.explainSettings();
  const { settings } = loaded;
  const { workDir, tesseract } = settings;
  const entry = findRun(await app.listRuns(workDir), positionals[0], workDir);
  const request = {
    workDir,
    name: entry.record.name,
    share: settings.share,
    jobs: await countJobs(settings),
    tesseract,
    box: boxChoices(settings),
    slurm: slurmChanges(loaded),
    detach: invocation.flags.detach === true,
  };
  return await followRun(invocation, settings, (observer, signal) => app.resumeRun(request, observer, signal));
}
