import { safeJson } from '../../core/safe-json.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { findRun } from '../find-run.ts';

/** `report [run]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { app, positionals, terminal, flags } = invocation;
  const { workDir } = await invocation.loadSettings();
  const entry = findRun(await app.listRuns(workDir), positionals[0], workDir);
  const file = await app.writeReport(entry);
  terminal.print(flags.json === true ? safeJson({ run: entry.record.name, report: file }) : file);
  if (flags.json !== true) terminal.say('Open it in a browser; it needs no network.');
  return EXIT.ok;
}
