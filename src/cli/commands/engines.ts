import { safeJson } from '../../core/safe-json.ts';
import { asPipelineError, EXIT, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';

/** `engines --json`: the engine that would read, with its version and the digests of its models; one line of JSON. */
export async function run({ loadSettings, app, terminal }: Invocation): Promise<ExitCode> {
  try {
    terminal.print(safeJson(await app.identifyEngine(await loadSettings())));
  } catch (thrown) {
    const error = asPipelineError(thrown);
    terminal.say(safeJson({ type: 'error', exitCode: error.exitCode, ...error.toRecord() }));
    return error.exitCode;
  }
  return EXIT.ok;
}
