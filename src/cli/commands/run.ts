import { createInterface } from 'node:readline/promises';
import { UsageError, type ExitCode } from '../../core/errors.ts';
import type { RunRequest } from '../../core/run-request.ts';
import type { Invocation } from '../invocation.ts';
import { followRun } from '../screens/follow-run.ts';
import { makeRunRequest } from '../make-request.ts';

/** `run --input PATH... --output FOLDER` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  if (invocation.flags['dry-run'] === true) return await (await import('./plan.ts')).run(invocation);
  const settings = await invocation.loadSettings();
  const request = await makeRunRequest(settings, invocation.flags.detach === true);
  const follow = (everything: boolean): Promise<ExitCode> =>
    followRun(invocation, settings, (observer, signal) =>
      invocation.app.startRun(meaning(request, everything), observer, signal),
    );
  try {
    return await follow(invocation.flags.everything === true);
  } catch (error) {
    if (
      !(error instanceof UsageError) ||
      error.code !== 'WHOLE_ACCOUNT' ||
      !(await confirmWholeAccount(error, invocation))
    )
      throw error;
    return await follow(true);
  }
}

function meaning(request: RunRequest, everything: boolean): RunRequest {
  const { source } = request;
  return source.kind === 'box' ? { ...request, source: { ...source, everything } } : request;
}

/** Asks, where a person is there to answer. */
async function confirmWholeAccount({ message }: UsageError, { terminal, flags }: Invocation): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || flags.json === true) return false;
  terminal.say(message);
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await asked.question('Read every PDF in it? [y/N] ')).trim());
  } finally {
    asked.close();
  }
}
