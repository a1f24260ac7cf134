import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { quoteValue } from '../core/quote-value.ts';
import { safeJson } from '../core/safe-json.ts';
import { SETTINGS } from '../core/config/settings-table.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
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
  const visible = COMMANDS.filter(({ name }) => name !== 'work' && name !== 'engines').map(({ name }) => name);
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
  return await module.run(makeInvocation(command, words, parsed, context));
}

/**
 * What a project's file decides of a command beyond how pages are read needs the person's trust, and is said before anything
 * is started. `config` shows such settings, and uses none.
 */
async function checkProjectTrust(command: Command, loaded: LoadedSettings, context: ProgramContext): Promise<void> {
  const { project, fromProject } = loaded;
  if (project === undefined || command.name === 'config') return;
  const names = fromProject.filter((name) => SETTINGS[name].needsTrust && command.settings.includes(name));
  if (names.length === 0) return;
  const { listSettings, requireTrust } = await import('./ask-trust.ts');
  const { terminal, shell, stop } = context;
  if (!project.trusted) await requireTrust(loaded, project, names, { terminal, shell, signal: stop.signal });
  // Commands that look only say what they look at themselves.
  if (!command.settings.includes('onConflict')) return;
  if (terminal.jsonErrors) {
    const text = names.map((name) => `${SETTINGS[name].key} comes from ${loaded.origins[name]}`).join('; ');
    terminal.say(safeJson({ type: 'notice', level: 'info', code: 'FROM_PROJECT_FILE', text }));
  } else terminal.say(`From ${project.shown}:\n${listSettings(loaded, names)}`);
}

function makeInvocation(
  command: Command,
  words: readonly string[],
  parsed: ParsedArguments,
  context: ProgramContext,
): Invocation {
  const { terminal, shell, stop, app } = context;
  let loading: ReturnType<Invocation['explainSettings']> | undefined;
  const explainSettings: Invocation['explainSettings'] = () => {
    loading ??= (async () => {
      const { loadSettings } = await import('../config/load-settings.ts');
      const loaded = await loadSettings(parsed.settings, shell);
      terminal.jsonErrors ||= loaded.settings.progress === 'json';
      if (!terminal.jsonErrors) for (const warning of loaded.warnings) terminal.say(`warn: ${warning}`);
      await checkProjectTrust(command, loaded, context);
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
