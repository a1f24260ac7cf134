import { safeJson } from '../../core/safe-json.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import type { Invocation } from '../invocation.ts';
import { findRun } from '../find-run.ts';

/** `cancel [run]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { app, positionals, terminal, flags } = invocation;
  const { workDir } = await invocation.loadSettings();
  const entry = findRun(await app.listRuns(workDir), positionals[0], workDir);
  const { name } = entry.record;
  const outcome = await app.cancelRun(entry);
  if (flags.json === true) terminal.print(safeJson({ run: name, outcome }));
  else if (outcome === 'not-running') terminal.print(`Run ${name} is not running; nothing was changed.`);
  else if (outcome === 'jobs-cancelled') {
    terminal.print(
      terminal.typed(
        `The jobs of run ${name} were cancelled. All finished pages are kept.\nNext: ocr-pipeline resume ${name}   to go on`,
      ),
    );
  } else {
    terminal.print(
      `Run ${name} was asked to stop. It finishes the pages in hand and keeps all others.\n` +
        terminal.typed(`Next: ocr-pipeline status ${name}       ocr-pipeline resume ${name}   to go on`),
    );
  }
  return EXIT.ok;
}
