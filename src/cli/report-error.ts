import {
  asPipelineError,
  errorFromRecord,
  InternalError,
  UsageError,
  type ExitCode,
  type PipelineError,
} from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import { safeJson } from '../core/safe-json.ts';
import type { CallingShell } from '../config/config-files.ts';
import type { Command } from './commands.ts';
import { describeCrash, writeCrashLog } from './crash-log.ts';
import { programVersion } from '../config/program-version.ts';
import { wrap } from './screens/display-text.ts';
import { renderError } from './screens/render-error.ts';
import type { Terminal } from './terminal.ts';

/** What is needed to tell an error. */
export interface ErrorContext {
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly shell: CallingShell;
}

/** Prints an error, and for a defect of ours keeps its stack, and answers with the exit code. */
export async function reportError(thrown: unknown, context: ErrorContext, command?: Command): Promise<ExitCode> {
  const { terminal } = context;
  const debug = wantsDebug(context);
  let error = asPipelineError(thrown);
  const crash = describeCrash(thrown, [
    `ocr-pipeline ${programVersion()}, Node ${process.versions.node}, ${process.platform}`,
  ]);
  if (error instanceof InternalError) {
    error = withReportAdvice(error, await writeCrashLog(crash, context.shell));
  }
  if (terminal.jsonErrors) {
    const { remedy, ...record } = error.toRecord();
    const typed = remedy === undefined ? undefined : terminal.typed(remedy);
    terminal.say(safeJson({ type: 'error', exitCode: error.exitCode, ...record, remedy: typed }));
    return error.exitCode;
  }
  // The message is for people; the stack is for whoever was asked to look.
  terminal.say(renderError(withoutSecrets(error), error.exitCode, terminal.columns(), terminal.typed));
  if (debug) terminal.say(crash);
  if (error instanceof UsageError) terminal.say(await usageHint(command, terminal));
  return error.exitCode;
}

async function usageHint(command: Command | undefined, terminal: Terminal): Promise<string> {
  const { typed } = terminal;
  if (command === undefined) return typed('\nUsage: ocr-pipeline <command> [options]     (ocr-pipeline --help)');
  const { usageLine } = await import('./screens/render-help.ts');
  const label = 'Usage: ';
  const usage = wrap(typed(usageLine(command)), terminal.columns() - label.length).join(
    `\n${' '.repeat(label.length)}`,
  );
  return `\n${label}${usage}\n       ${typed(`ocr-pipeline ${command.name} --help`)}   explains each option`;
}

function clean(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redact(text);
}

/** Of what nobody foresaw the message is somebody else's, and may repeat what was sent. */
function withoutSecrets(error: PipelineError): PipelineError {
  const record = error.toRecord();
  const { message, why, safe, remedy } = record;
  return errorFromRecord({
    ...record,
    message: redact(message),
    why: clean(why),
    safe: clean(safe),
    remedy: clean(remedy),
  });
}

function withReportAdvice(error: InternalError, logFile: string | undefined): InternalError {
  return new InternalError(
    error.code,
    `This is a defect of the program: ${error.message}`,
    {
      safe: error.advice.safe ?? 'Finished pages are kept; the same command goes on.',
      remedy: `Please report it${logFile === undefined ? '' : `, with ${logFile}`}.`,
    },
    { cause: error },
  );
}

/** Looked up without the settings, which may be what is wrong. */
function wantsDebug({ args, shell }: ErrorContext): boolean {
  const flag = args.findIndex((word) => word === '--log-level');
  const given =
    flag >= 0 ? args[flag + 1] : args.find((word) => word.startsWith('--log-level='))?.slice('--log-level='.length);
  return (given ?? shell.environment['OCR_PIPELINE_LOG_LEVEL']) === 'debug';
}
