import { safeJson } from '../../core/safe-json.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { makeRunRequest } from '../make-request.ts';
import { showPlanProgress } from '../screens/progress/plan-progress.ts';
import { renderPlan } from '../screens/render-plan.ts';
import { quoteWord } from '../quote-word.ts';

/** Words that make no difference to a run. */
const PLAN_ONLY = ['--dry-run', '--verbose', '-v'];

/** `plan --input PATH... --output FOLDER`, and `run --dry-run` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, flags, app, signal } = invocation;
  const settings = await invocation.loadSettings();
  const request = await makeRunRequest(settings);
  const quiet = flags.json === true || settings.progress === 'none' || settings.progress === 'json';
  const progress = showPlanProgress(terminal, quiet, Date.now);
  const plan = await app.planRun(request, signal, (step) => progress.tell(step)).finally(() => progress.end());
  if (flags.json === true) {
    terminal.print(safeJson(plan, 2));
    return EXIT.ok;
  }
  const command = [
    terminal.typed('ocr-pipeline run'),
    ...invocation.words.filter((word) => !PLAN_ONLY.includes(word)).map(quoteWord),
  ].join(' ');
  terminal.print(renderPlan(plan, { width: terminal.columns(), verbose: flags.verbose === true, command }));
  return EXIT.ok;
}
