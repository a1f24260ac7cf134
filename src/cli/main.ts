import { asPipelineError, type ExitCode } from '../core/errors.ts';
import { reportError, runProgram, type ProgramContext } from './program.ts';
import { listenForStop } from './stop-signals.ts';
import { openTerminal } from './terminal.ts';
import { wiring } from './wiring.ts';

const terminal = openTerminal(process.stdout, process.stderr, process.env);
const surroundings = { workingFolder: process.cwd(), environment: process.env };
const args = process.argv.slice(2);

/** The one place the program ends: after all that was printed has left, and whatever may still be open. */
async function end(exitCode: ExitCode): Promise<never> {
  let code = exitCode;
  try {
    await terminal.flush();
  } catch (error) {
    const failed = asPipelineError(error);
    terminal.say(`${failed.message} [${failed.code}] (${failed.exitCode})`);
    if (code === 0) code = failed.exitCode;
  }
  process.exit(code);
}

const stop = listenForStop(process, (exitCode) => {
  // The shell's prompt, or the last words of others, begin on a line of their own.
  terminal.draw('\n');
  void end(exitCode);
});

const context: ProgramContext = { args, terminal, surroundings, stop, wiring };

let crashed = false;
const crash = (error: unknown): void => {
  // A second crash while the first is being told must not hide it.
  if (crashed) return;
  crashed = true;
  void reportError(error, context).then(end);
};
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

void runProgram(context).then(end);
