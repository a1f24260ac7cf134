import { asPipelineError } from '../../core/errors.ts';
import type { Check, CheckContext, Finding, Remedy } from './finding.ts';

/** No check may keep a person waiting longer. */
const CHECK_TIMEOUT_MS = 30_000;

/** Runs checks at the same time and gives their findings in the order of the checks, each as soon as it can be told. */
export async function* examine(
  checks: readonly Check[],
  context: CheckContext,
  timeoutMs = CHECK_TIMEOUT_MS,
): AsyncGenerator<Finding> {
  const findings = checks.map((check) => runBounded(check, context, check.timeoutMs ?? timeoutMs));
  for (const finding of findings) yield await finding;
}

async function runBounded(check: Check, context: CheckContext, timeoutMs: number): Promise<Finding> {
  const { id, title } = check;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Omit<Finding, 'id' | 'title'>>((resolve) => {
    timer = setTimeout(
      () => resolve({ status: 'fail', detail: `no answer within ${Math.round(timeoutMs / 1000)} s` }),
      timeoutMs,
    );
  });
  try {
    return withCommand({ id, title, ...(await Promise.race([check.run(context), late])) });
  } catch (thrown) {
    const error = asPipelineError(thrown);
    const { remedy } = error.advice;
    return withCommand({
      id,
      title,
      status: 'fail',
      detail: `${error.message} [${error.code}]`,
      remedy: remedy === undefined ? undefined : splitRemedy(remedy),
    });
  } finally {
    clearTimeout(timer);
  }
}

function isCommand(line: string): boolean {
  return /^(?:ocr-pipeline|npm|chmod|sudo|apptainer) /.test(line);
}

/** An error's advice: lines that are commands, and the rest. */
function splitRemedy(remedy: string): Remedy {
  const lines = remedy.split('\n');
  const commands = lines.filter(isCommand).map((line) => line.replace(/ {3,}.*$/, ''));
  const text = lines.filter((line) => !isCommand(line) || / {3,}/.test(line)).join('\n');
  return { text: commands.length > 0 && text === '' ? 'This may help:' : text, commands };
}

/** Every finding that is not well ends with something to type; where nothing else is known, with looking again. */
function withCommand(finding: Finding): Finding {
  const { id, status, remedy } = finding;
  if ((status !== 'warn' && status !== 'fail') || (remedy?.commands.length ?? 0) > 0) return finding;
  const text = remedy?.text ?? 'Look again, alone:';
  return { ...finding, remedy: { text, commands: [`ocr-pipeline doctor ${id}`] } };
}
