import { EXIT, type ExitCode } from '../../core/errors.ts';
import { showPath } from '../../config/config-files.ts';
import type { Invocation } from '../commands.ts';
import { makeRunRequest } from '../make-request.ts';
import { renderPlan } from '../render-plan.ts';
import { quoteWord } from '../quote-word.ts';

/** `plan --input PATH... --output FOLDER`, and `run --dry-run` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { terminal, flags, surroundings, wiring, signal } = invocation;
  const request = await makeRunRequest(await invocation.loadSettings());
  const plan = await wiring.planRun(request, signal);
  if (flags.json === true) {
    terminal.print(JSON.stringify(plan, null, 2));
    return EXIT.ok;
  }
  const inputs = request.source.paths.slice(0, 3).map((path) => quoteWord(showPath(path, surroundings)));
  const more = request.source.paths.length > 3 ? ' ...' : '';
  const command = `ocr-pipeline run --input ${inputs.join(' ')}${more} --output ${quoteWord(showPath(request.destination.folder, surroundings))}`;
  terminal.print(renderPlan(plan, { width: terminal.columns(), verbose: flags.verbose === true, command }));
  return EXIT.ok;
}
