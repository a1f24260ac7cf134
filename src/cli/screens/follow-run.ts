import { safeJson } from '../../core/safe-json.ts';
import { asPipelineError, EXIT, PipelineError, StoppedError, type ExitCode } from '../../core/errors.ts';
import type { RunObserver } from '../../core/progress.ts';
import type { Settings } from '../../core/config/settings-table.ts';
import { showPath } from '../../config/config-files.ts';
import { countRun } from '../../core/run-state.ts';
import type { Invocation } from '../invocation.ts';
import { cleanText } from './display-text.ts';
import { formatCount } from './format-numbers.ts';
import { makeReporter } from './progress/reporters.ts';
import { renderSummary, verdictOf } from './render-summary.ts';
import { summarizeRun, type RunSummary } from './run-summary.ts';
import type { RunEnd, RunOutcome } from '../../app/contract.ts';

/** Shows a run while it is on, then tells what became of it. Answers with the exit code. */
export async function followRun(
  invocation: Invocation,
  settings: Pick<Settings, 'progress' | 'logLevel' | 'whenDone'>,
  start: (observer: RunObserver, signal: AbortSignal) => Promise<RunOutcome>,
): Promise<ExitCode> {
  const { terminal, signal, flags } = invocation;
  const reporter = makeReporter(terminal, { style: settings.progress, logLevel: settings.logLevel, clock: Date.now });
  const onStop = (): void => reporter.stopping();
  signal.addEventListener('abort', onStop, { once: true });
  let name = '';
  const observer: RunObserver = {
    progress: (progress) => {
      name = progress.run;
      reporter.progress(progress);
    },
    notice: (notice) => reporter.notice(notice),
  };
  let outcome: RunOutcome;
  try {
    signal.throwIfAborted();
    outcome = await start(observer, signal);
  } catch (thrown) {
    const error = stopError(thrown, signal);
    reporter.end();
    await announceEnd(invocation, settings, { run: name, exitCode: error.exitCode, summary: error.message });
    // What we did not foresee keeps its own stack.
    throw error instanceof StoppedError ? error : thrown;
  } finally {
    signal.removeEventListener('abort', onStop);
    reporter.end();
  }
  const summary = summarizeRun(outcome.state);
  if (outcome.detached) {
    terminal.print(
      flags.json === true
        ? safeJson({ detached: true, ...summaryJson(outcome, summary) }, 2)
        : terminal.typed(describeLeaving(outcome)),
    );
    return EXIT.ok;
  }
  terminal.print(
    flags.json === true ? safeJson(summaryJson(outcome, summary), 2) : describe(invocation, outcome, summary),
  );
  const { record, reportFile: report, durationMs } = outcome;
  const end = { run: record.name, exitCode: summary.exitCode, summary: verdictOf(summary, durationMs), report };
  await announceEnd(invocation, settings, end);
  return summary.exitCode;
}

/** A run that was asked to stop ends with the reason it was given, unless something else broke. */
function stopError(thrown: unknown, signal: AbortSignal): PipelineError {
  if (signal.aborted && !(thrown instanceof PipelineError) && signal.reason instanceof StoppedError)
    return signal.reason;
  return asPipelineError(thrown);
}

/** Runs the person's own command. Whatever becomes of it, the run is as it is. */
async function announceEnd(
  { app, terminal }: Invocation,
  { whenDone }: Pick<Settings, 'whenDone'>,
  end: RunEnd,
): Promise<void> {
  if (whenDone === undefined) return;
  const problem = await app.runWhenDone(whenDone, end);
  if (problem !== undefined) terminal.say(`warn: the command of --when-done did not do: ${cleanText(problem)}`);
}

function describe({ shell, terminal }: Invocation, outcome: RunOutcome, summary: RunSummary): string {
  const { record, reportFile, durationMs } = outcome;
  const { kind, ids, name, stem } = record.destination;
  const folder = showPath(ids[0] ?? name, shell);
  // The one file that was named for the result.
  const place = stem === undefined ? folder : `${folder}/${stem}.${record.settings.formats.join()}`;
  return renderSummary(summary, {
    durationMs,
    destination: kind === 'local' ? place : name,
    report: reportFile === undefined ? undefined : showPath(reportFile, shell),
    width: terminal.columns(),
  });
}

function describeLeaving({ record: { name }, state }: RunOutcome): string {
  const { documents } = countRun(state);
  return [
    `Run ${name} is on Slurm and goes on without this program.`,
    '',
    ` Documents   ${formatCount(documents.done)} done, ${formatCount(documents.waiting)} waiting for their pages`,
    ` Look        ocr-pipeline status ${name}`,
    ` Collect     ocr-pipeline resume ${name}            (stays until the end)`,
    `             ocr-pipeline resume ${name} --detach   (once; good for cron)`,
    ` Stop        ocr-pipeline cancel ${name}`,
  ].join('\n');
}

function summaryJson({ record, folder, reportFile, durationMs }: RunOutcome, summary: RunSummary): object {
  return {
    run: record.name,
    folder,
    report: reportFile ?? null,
    source: record.source,
    destination: record.destination,
    durationMs,
    ...summary,
  };
}
