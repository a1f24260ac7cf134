import { spawn } from 'node:child_process';
import { childEnvironment, type Environment } from '../core/child-environment.ts';
import type { RunEnd } from './contract.ts';

/** A notice is sent within this time, or not at all. */
const TIMEOUT_MS = 60_000;

/**
 * Runs a person's command by the shell, with the end of a run in its environment and no login: `OCR_RUN`, `OCR_EXIT_CODE`,
 * `OCR_SUMMARY`, `OCR_REPORT`. What it prints goes to standard error. Answers with what went wrong, if anything; never
 * rejects.
 */
export function runWhenDone(
  command: string,
  { run, exitCode, summary, report }: RunEnd,
  environment: Environment,
  timeoutMs = TIMEOUT_MS,
): Promise<string | undefined> {
  const told = { OCR_RUN: run, OCR_EXIT_CODE: String(exitCode), OCR_SUMMARY: summary, OCR_REPORT: report ?? '' };
  return new Promise((resolve) => {
    const child = spawn(command, {
      shell: true,
      // Its standard output is ours to keep clean: results are there.
      stdio: ['ignore', 2, 2],
      env: childEnvironment('command', environment, told),
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(code === null ? `it was ended by ${signal ?? 'a signal'}` : `it ended with ${code}`);
    });
  });
}
