import { safeJson } from '../core/safe-json.ts';
import { resolve } from 'node:path';
import type { Settings } from '../core/config/settings-table.ts';
import { EXIT, UsageError, type ExitCode } from '../core/errors.ts';
import type { Invocation } from './invocation.ts';
import { cleanText } from './screens/display-text.ts';
import { findRun } from './find-run.ts';
import { countOf } from './screens/format-numbers.ts';
import { missingFlag } from './make-request.ts';
import type { StepItem, StepTarget } from '../app/contract.ts';

/** What a single step is applied to. @throws {UsageError} neither files nor a run were named, or both. */
export async function findTarget(invocation: Invocation, { workDir }: Settings): Promise<StepTarget> {
  const { flags, positionals, shell, app } = invocation;
  if (flags.run !== undefined) {
    if (positionals.length > 0) {
      throw new UsageError('FILES_AND_RUN', 'Files and --run were both named; give one of them.', {
        safe: 'Nothing was started.',
      });
    }
    const entry = findRun(await app.listRuns(workDir), flags.run, workDir);
    return { kind: 'run', workDir, name: entry.record.name };
  }
  if (positionals.length === 0) {
    throw new UsageError('MISSING_ARGUMENT', 'Which files? None was named.', { safe: 'Nothing was started.' });
  }
  const files = positionals.map((file) => resolve(shell.workingFolder, file));
  return { kind: 'files', files, pageNumbers: flags.pages };
}

/** The output folder. @throws {UsageError} `MISSING_FLAG`. */
export function requireOutput({ output }: Settings, example: string): string {
  if (output === undefined) throw missingFlag('--output', 'Where should the results go? Name a folder', example);
  return output;
}

/** Runs a single step: what was written goes to standard output, a path a line; what failed to standard error. */
export async function runStep({ terminal, flags }: Invocation, items: AsyncIterable<StepItem>): Promise<ExitCode> {
  let written = 0;
  let failed = 0;
  for await (const item of items) {
    if (item.problem === undefined) written++;
    else failed++;
    if (flags.json === true) terminal.print(safeJson(item));
    else if (item.problem !== undefined) terminal.say(`failed ${describe(item)}: ${cleanText(item.problem)}`);
    else if (item.file !== undefined) terminal.print(cleanText(item.file));
  }
  terminal.say(`${countOf(written, 'file')} written${failed > 0 ? `, ${failed} failed` : ''}`);
  return failed > 0 ? EXIT.someFailed : EXIT.ok;
}

function describe({ source, pageNumber }: StepItem): string {
  return cleanText(pageNumber === undefined ? source : `${source} p.${pageNumber}`);
}
