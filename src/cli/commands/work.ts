import { safeJson } from '../../core/safe-json.ts';
import { resolve } from 'node:path';
import { asPipelineError, EXIT, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';

/** `work <run folder> <task>`; what goes wrong is also a line of JSON, which the coordinator reads from the task's log. */
export async function run({ positionals, shell, app, signal, terminal }: Invocation): Promise<ExitCode> {
  const [folder = '', task = ''] = positionals;
  try {
    await app.workOnTask(resolve(shell.workingFolder, folder), task, signal);
  } catch (thrown) {
    const error = asPipelineError(thrown);
    terminal.say(safeJson({ type: 'error', exitCode: error.exitCode, ...error.toRecord() }));
    throw thrown;
  }
  return EXIT.ok;
}
