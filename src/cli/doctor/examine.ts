import { asPipelineError } from '../../core/errors.ts';
import type { Check, CheckContext, Finding } from './finding.ts';

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
    return { id, title, ...(await Promise.race([check.run(context), late])) };
  } catch (thrown) {
    const error = asPipelineError(thrown);
    const { remedy } = error.advice;
    return {
      id,
      title,
      status: 'fail',
      detail: `${error.message} [${error.code}]`,
      remedy: remedy === undefined ? undefined : { text: remedy, commands: [] },
    };
  } finally {
    clearTimeout(timer);
  }
}
