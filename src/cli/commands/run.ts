import type { ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { followRun } from '../screens/follow-run.ts';
import { makeRunRequest } from '../make-request.ts';

/** `run --input PATH... --output FOLDER` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  if (invocation.flags['dry-run'] === true) return await (await import('./plan.ts')).run(invocation);
  const settings = await invocation.loadSettings();
  const request = await makeRunRequest(settings, invocation.flags.detach === true);
  return await followRun(invocation, settings, (observer, signal) =>
    invocation.app.startRun(request, observer, signal),
  );
}
