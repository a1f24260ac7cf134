import { safeJson } from '../../core/safe-json.ts';
import { EXIT, PipelineError, StoppedError, type ExitCode } from '../../core/errors.ts';
import type { RunObserver } from '../../core/progress.ts';
import type { Settings } from '../../core/config/settings-table.ts';
import { showPath } from '../../config/config-files.ts';
import { countRun } from '../../core/run-state.ts';
import type { Invocation } from '../invocation.ts';
import { formatCount } from './format-numbers.ts';
import { makeReporter } from './progress/reporters.ts';
import { renderSummary } from './render-summary.ts';
import { summarizeRun, type RunSummary } from './run-summary.ts';
import type { RunOutcome } from '../../app/contract.ts';

/** Shows a run while it is on, then tells what became of it. Answers with the exit code. */
export async function followRun(
  invocation: Invocation,
  settings: Pick<Settings, 'progress' | 'logLevel'>,
  start: (observer: RunObserver, signal: AbortSignal) => Promise<RunOutcome>,
): Promise<ExitCode> {
  const { terminal, signal, flags } = invocation;
  const reporter = makeReporter(terminal, { style: settings.progress, logLevel: settings.logLevel, clock: Date.now });
  const onStop = (): void => reporter.stopping();
  signal.addEventListener('abort', onStop, { once: true });
  let outcome: RunOutcome;
  try {
    signal.throwIfAborted();
    outcome = await start(reporter, signal);
  } catch (error) {
    // A run that was asked to stop ends with the reason it was given, unless something else broke.
    if (signal.aborted && !(error instanceof PipelineError) && signal.reason instanceof StoppedError)
      throw signal.reason;
    throw error;
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
  return summary.exitCode;
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
