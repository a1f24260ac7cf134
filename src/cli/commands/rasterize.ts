import type { ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { boxChoices, countJobs, pageLimits } from '../make-request.ts';
import { findTarget, requireOutput, runStep } from '../run-step.ts';

/** `rasterize FILE... --output FOLDER` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const settings = await invocation.loadSettings();
  const request = {
    outputFolder: requireOutput(settings, 'pages/'),
    target: await findTarget(invocation, settings),
    box: boxChoices(settings),
    jobs: await countJobs(settings),
    limits: pageLimits(settings),
    dpi: settings.dpi,
  };
  return await runStep(invocation, invocation.app.rasterizePages(request, invocation.signal));
}
