import type { ChildProcess } from 'node:child_process';
import { childEnvironment, type Environment } from '../core/child-environment.ts';
import { explainErrno } from '../core/errno.ts';
import { startProgram } from '../files/start-program.ts';
import type { RunEnd } from './contract.ts';

/** A notice is sent within this time, or not at all. */
const TIMEOUT_MS = 60_000;

/**
 * Runs a person's command by the shell, with the end of a run in its environment and no login: `OCR_RUN`, `OCR_EXIT_CODE`,
 * `OCR_SUMMARY`, `OCR_REPORT`. What it prints goes to standard error. Answers with what went wrong, if anything; never
 * rejects.
 */
export async function runWhenDone(
  command: string,
  { run, exitCode, summary, report }: RunEnd,
  environment: Environment,
  timeoutMs = TIMEOUT_MS,
): Promise<string | undefined> {
  const told = { OCR_RUN: run, OCR_EXIT_CODE: String(exitCode), OCR_SUMMARY: summary, OCR_REPORT: report ?? '' };
  let child: ChildProcess;
  try {
    child = await startProgram(command, [], {
      shell: true,
      // Its standard output is ours to keep clean: results are there.
      stdio: ['ignore', 2, 2],
      env: childEnvironment('command', environment, told),
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
  } catch (error) {
    return `it could not be started: ${explainErrno(error)}`;
  }
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve(explainErrno(error)));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(code === null ? `it was ended by ${signal ?? 'a signal'}` : `it ended with ${code}`);
    });
  });
}
