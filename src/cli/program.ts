import { closest } from '../core/config/closest.ts';
import { asPipelineError, EXIT, InternalError, UsageError, type ExitCode, type PipelineError } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import type { ConfigSurroundings } from '../config/config-files.ts';
import { COMMANDS, type Command, type Invocation } from './commands.ts';
import { describeCrash, keepCrash } from './crash-log.ts';
import type { ParsedArguments } from './parse-arguments.ts';
import { programVersion } from './program-version.ts';
import { renderError } from './render-error.ts';
import type { StopSignals } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';
import { TOPIC_NAMES } from './topics.ts';
import type { Wiring } from './wiring.ts';

/** All the program touches of the world. */
export interface ProgramContext {
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly surroundings: ConfigSurroundings;
  readonly stop: StopSignals;
  readonly wiring: Wiring;
}

/** Runs one command line to its exit code. Never rejects: errors are printed, with what to do. */
export async function runProgram(context: ProgramContext): Promise<ExitCode> {
  const { args, terminal } = context;
  let command: Command | undefined;
  try {
    const [first = '', ...rest] = args;
    if (first === '--version' || first === '-V') {
      terminal.print(programVersion());
      return EXIT.ok;
    }
    if (first === '' || first === '--help' || first === '-h') return await printMainHelp(context, first !== '');
    command = findCommand(first);
    if (asksForHelp(rest)) {
      const { renderCommandHelp } = await import('./render-help.ts');
      terminal.print(renderCommandHelp(command));
      return EXIT.ok;
    }
    return await runCommand(command, rest, context);
  } catch (thrown) {
    return await reportError(thrown, context, command);
  }
}

async function printMainHelp({ terminal }: ProgramContext, asked: boolean): Promise<ExitCode> {
  const { renderMainHelp } = await import('./render-help.ts');
  const text = renderMainHelp(programVersion());
  if (asked) terminal.print(text);
  else terminal.say(text);
  return asked ? EXIT.ok : EXIT.usage;
}

function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

function findCommand(word: string): Command {
  const command = COMMANDS.find(({ name }) => name === word);
  if (command) return command;
  const advice = { safe: 'Nothing was started.' };
  if (word.startsWith('-')) {
    throw new UsageError('NO_COMMAND', `The command comes first, before ${word}.`, {
      ...advice,
      remedy: `Did you mean ocr-pipeline run ${word} ... ?`,
    });
  }
  const visible = COMMANDS.filter(({ name }) => name !== 'work').map(({ name }) => name);
  const near = closest(word, [...visible, ...TOPIC_NAMES]);
  const isTopic = near !== undefined && TOPIC_NAMES.includes(near);
  throw new UsageError('UNKNOWN_COMMAND', `There is no command called "${word}".`, {
    ...advice,
    remedy: near === undefined ? 'ocr-pipeline --help   lists them' : `Did you mean ocr-pipeline ${isTopic ? `help ${near}` : near}?`,
  });
}

async function runCommand(command: Command, words: readonly string[], context: ProgramContext): Promise<ExitCode> {
  const { parseArguments } = await import('./parse-arguments.ts');
  const parsed = await parseArguments(command, words);
  const module = await command.load();
  context.stop.setStoppable(command.stoppable);
  return await module.run(makeInvocation(words, parsed, context));
}

function makeInvocation(words: readonly string[], parsed: ParsedArguments, context: ProgramContext): Invocation {
  const { terminal, surroundings, stop, wiring } = context;
  let loading: ReturnType<Invocation['explainSettings']> | undefined;
  const explainSettings: Invocation['explainSettings'] = () => {
    loading ??= (async () => {
      const { loadSettings } = await import('../config/load-settings.ts');
      const loaded = await loadSettings(parsed.settings, surroundings);
      terminal.jsonErrors ||= loaded.settings.progress === 'json';
      if (!terminal.jsonErrors) for (const warning of loaded.warnings) terminal.say(`warn: ${warning}`);
      return loaded;
    })();
    return loading;
  };
  return {
    words,
    positionals: parsed.positionals,
    flags: parsed.flags,
    terminal,
    wiring,
    surroundings,
    signal: stop.signal,
    explainSettings,
    loadSettings: async () => (await explainSettings()).settings,
  };
}

/** Prints an error, and for a defect of ours keeps its stack, and answers with the exit code. */
export async function reportError(
  thrown: unknown,
  context: Pick<ProgramContext, 'args' | 'terminal' | 'surroundings'>,
  command?: Command,
): Promise<ExitCode> {
  const { terminal } = context;
  const debug = wantsDebug(context);
  let error = asPipelineError(thrown);
  const crash = describeCrash(thrown, [`ocr-pipeline ${programVersion()}, Node ${process.versions.node}, ${process.platform}`]);
  if (error instanceof InternalError) {
    error = withReportAdvice(error, await keepCrash(crash, context.surroundings));
  }
  if (terminal.jsonErrors) {
    terminal.say(JSON.stringify({ type: 'error', exitCode: error.exitCode, ...redactRecord(error) }));
    return error.exitCode;
  }
  // The message is for people; the stack is for whoever was asked to look.
  terminal.say(renderError(error, error.exitCode, terminal.columns()));
  if (debug) terminal.say(crash);
  if (error instanceof UsageError) terminal.say(await usageHint(command));
  return error.exitCode;
}

async function usageHint(command: Command | undefined): Promise<string> {
  if (command === undefined) return '\nUsage: ocr-pipeline <command> [options]     (ocr-pipeline --help)';
  const { usageLine } = await import('./render-help.ts');
  return `\nUsage: ${usageLine(command)}\n       ocr-pipeline ${command.name} --help   explains each option`;
}

function redactRecord(error: PipelineError): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(error.toRecord()).map(([key, value]) => [key, typeof value === 'string' ? redact(value) : value]),
  );
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
function wantsDebug({ args, surroundings }: Pick<ProgramContext, 'args' | 'surroundings'>): boolean {
  const flag = args.findIndex((word) => word === '--log-level');
  const given = flag >= 0 ? args[flag + 1] : args.find((word) => word.startsWith('--log-level='))?.slice('--log-level='.length);
  return (given ?? surroundings.environment['OCR_PIPELINE_LOG_LEVEL']) === 'debug';
}
