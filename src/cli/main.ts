import { asPipelineError, InternalError, type ExitCode } from '../core/errors.ts';
import { factsOfThisStart, ignoredAtStart } from './ignored-signals.ts';
import { runProgram, type ProgramContext } from './program.ts';
import { listenForStop } from './stop-signals.ts';
import { openTerminal } from './terminal.ts';
import { typedCommands } from './typed-commands.ts';
import { app } from '../app/app.ts';
import type { App } from '../app/contract.ts';

/** The working folder; `/` where it has been deleted, so that commands that do not need it still work. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

const NOTHING_TO_WAIT_FOR = 'The program waits for something that cannot come any more.';

/** Runs the command line this process was started with, and ends the process. Tests pass other parts. */
export function main(parts: App = app): void {
  const shell = { workingFolder: currentFolder(), environment: process.env };
  const typed = typedCommands({ ...shell, script: process.argv[1] ?? '', node: process.execPath });
  const terminal = openTerminal(process.stdout, process.stderr, process.env, typed);

  /** The one place the program ends: after all that was printed has left, and whatever may still be open. */
  const end = async (exitCode: ExitCode): Promise<never> => {
    let code = exitCode;
    try {
      await terminal.flush();
    } catch (error) {
      const failed = asPipelineError(error);
      terminal.say(`${failed.message} [${failed.code}] (${failed.exitCode})`);
      if (code === 0) code = failed.exitCode;
    }
    process.exit(code);
  };

  const endNow = (exitCode: ExitCode): void => {
    // The shell's prompt begins on a line of its own.
    terminal.draw('\n');
    void end(exitCode);
  };
  const stop = listenForStop(process, endNow, ignoredAtStart(factsOfThisStart()));
  const context: ProgramContext = {
    args: process.argv.slice(2),
    terminal,
    shell,
    stop,
    app: parts,
  };

  let crashed = false;
  const reportCrash = async (error: unknown): Promise<void> => {
    // A second crash while the first is being told must not hide it.
    if (crashed) return;
    crashed = true;
    const { reportError } = await import('./report-error.ts');
    await end(await reportError(error, context));
  };
  process.on('uncaughtException', (error) => void reportCrash(error));
  process.on('unhandledRejection', (error) => void reportCrash(error));
  // Node would end as if all were well where it waits for something that cannot come any more.
  process.on('beforeExit', () => void reportCrash(new InternalError('NOTHING_TO_WAIT_FOR', NOTHING_TO_WAIT_FOR)));

  void runProgram(context).then(end);
}
