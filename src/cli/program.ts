import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { quoteValue } from '../core/quote-value.ts';
import { closest } from '../core/config/closest.ts';
import { EXIT, UsageError, type ExitCode } from '../core/errors.ts';
import type { CallingShell } from '../config/config-files.ts';
import { COMMANDS, type Command } from './commands.ts';
import type { Invocation } from './invocation.ts';
import type { ParsedArguments } from './parse-arguments.ts';
import { programVersion } from '../config/program-version.ts';
import type { StopSignals } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';
import { TOPIC_NAMES } from './topics.ts';
import type { App } from '../app/contract.ts';

/** All the program touches of the world. */
export interface ProgramContext {
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly shell: CallingShell;
  readonly stop: StopSignals;
  readonly app: App;
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
      const { renderCommandHelp } = await import('./screens/render-help.ts');
      terminal.print(renderCommandHelp(command, terminal.typed));
      return EXIT.ok;
    }
    return await runCommand(command, rest, context);
  } catch (thrown) {
    const { reportError } = await import('./report-error.ts');
    return await reportError(thrown, context, command);
  }
}

async function printMainHelp({ terminal }: ProgramContext, asked: boolean): Promise<ExitCode> {
  const { renderMainHelp } = await import('./screens/render-help.ts');
  const text = renderMainHelp(programVersion(), terminal.typed);
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
  throw new UsageError('UNKNOWN_COMMAND', `There is no command called ${quoteValue(word)}.`, {
    ...advice,
    remedy:
      near === undefined
        ? 'ocr-pipeline --help   lists them'
        : `Did you mean ocr-pipeline ${isTopic ? `help ${near}` : near}?`,
  });
}

async function runCommand(command: Command, words: readonly string[], context: ProgramContext): Promise<ExitCode> {
  const { parseArguments } = await import('./parse-arguments.ts');
  const exists = (word: string): boolean => existsSync(resolve(context.shell.workingFolder, word));
  const parsed = await parseArguments(command, words, exists);
  const { loadCommand } = await import('./load-command.ts');
  const module = await loadCommand(command.name);
  context.stop.setStoppable(command.stoppable);
  return await module.run(makeInvocation(words, parsed, context));
}

function makeInvocation(words: readonly string[], parsed: ParsedArguments, context: ProgramContext): Invocation {
  const { terminal, shell, stop, app } = context;
  let loading: ReturnType<Invocation['explainSettings']> | undefined;
  const explainSettings: Invocation['explainSettings'] = () => {
    loading ??= (async () => {
      const { loadSettings } = await import('../config/load-settings.ts');
      const loaded = await loadSettings(parsed.settings, shell);
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
    app,
    shell,
    signal: stop.signal,
    explainSettings,
    loadSettings: async () => (await explainSettings()).settings,
  };
}
