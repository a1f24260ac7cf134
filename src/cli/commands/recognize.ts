import type { ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { boxChoices, countJobs, pageLimits } from '../make-request.ts';
import { findTarget, requireOutput, runStep } from '../run-step.ts';

/** `recognize FILE... --output FOLDER` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const settings = await invocation.loadSettings();
  const { lang, engine, tesseract, mode, dpi } = settings;
  const request = {
    outputFolder: requireOutput(settings, 'results/'),
    target: await findTarget(invocation, settings),
    box: boxChoices(settings),
    jobs: await countJobs(settings),
    limits: pageLimits(settings),
    engine,
    tesseract,
    recognition: { language: lang, mode, dpi },
  };
  return await runStep(invocation, invocation.app.recognizePages(request, invocation.signal));
}
