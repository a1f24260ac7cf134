import { createInterface } from 'node:readline/promises';
import { join } from 'node:path';
import { homeFolder, showPath } from '../../config/config-files.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import { safeJson } from '../../core/safe-json.ts';
import type { Clutter, CleanOutcome } from '../../app/contract.ts';
import type { Invocation } from '../invocation.ts';
import { findRun } from '../find-run.ts';
import { cleanText, padEnd, padStart, truncate, wrap } from '../screens/display-text.ts';
import { countOf, formatBytes } from '../screens/format-numbers.ts';

/** `clean [run...] [--yes] [--json]` */
export async function run(invocation: Invocation): Promise<ExitCode> {
  const { app, flags, terminal, positionals, shell } = invocation;
  const { workDir } = await invocation.loadSettings();
  const entries = positionals.length > 0 ? await app.listRuns(workDir) : [];
  const names = positionals.map((name) => findRun(entries, name, workDir).record.name);
  const cacheFolder = join(
    shell.environment['XDG_CACHE_HOME'] || join(homeFolder(shell.environment), '.cache'),
    'ocr-pipeline',
  );
  const found = await app.findClutter({ workDir, names, cacheFolder });
  if (flags.json === true) {
    const outcomes: readonly (Clutter | CleanOutcome)[] = flags.yes === true ? await app.removeClutter(found) : found;
    terminal.print(safeJson({ workDir, items: outcomes }, 2));
    return exitOf(outcomes);
  }
  const removable = found.filter(({ kept }) => kept === undefined);
  if (found.length === 0) {
    terminal.print(`Nothing to remove in ${showPath(workDir, shell)}.\n${terminal.typed('Next: ocr-pipeline status')}`);
    return EXIT.ok;
  }
  terminal.print(renderClutter(found, shell, terminal.columns()));
  if (removable.length === 0) return EXIT.ok;
  if (flags.yes !== true && !(await asks(invocation, removable.length))) {
    const again = `ocr-pipeline clean ${[...names, '--yes'].join(' ')}`;
    terminal.print(terminal.typed(`Nothing was removed. To remove them:  ${again}`));
    return EXIT.ok;
  }
  const outcomes = await app.removeClutter(removable);
  const removed = outcomes.filter((each) => each.removed);
  const sizeBytes = removed.reduce((sum, each) => sum + each.sizeBytes, 0);
  terminal.print(`Removed ${countOf(removed.length, 'item')}, ${formatBytes(sizeBytes)}. Results were not touched.`);
  for (const { run: name, paths, kept } of outcomes)
    if (kept !== undefined) terminal.say(`warn: ${cleanText(name ?? paths[0] ?? '')} stays: ${cleanText(kept)}`);
  return exitOf(outcomes);
}

/** What should have gone and did not. */
function exitOf(items: readonly (Clutter | CleanOutcome)[]): ExitCode {
  return items.some((item) => 'removed' in item && !item.removed && item.kept === undefined) ? EXIT.output : EXIT.ok;
}

const KINDS: Readonly<Record<Clutter['kind'], string>> = { run: 'run', scratch: 'scratch', cache: 'cache' };

function renderClutter(found: readonly Clutter[], shell: Invocation['shell'], width: number): string {
  const lines = [`${padEnd('WHAT', 9)}${padStart('SIZE', 9)}  WHICH`];
  for (const { kind, run: name, paths, sizeBytes, reason, kept } of found) {
    const which = name ?? showPath(paths[0] ?? '', shell);
    const head = `${padEnd(KINDS[kind], 9)}${padStart(formatBytes(sizeBytes), 9)}  ${cleanText(which)}`;
    lines.push(truncate(head, width));
    const why = kept === undefined ? reason : `stays: ${kept}`;
    lines.push(...wrap(cleanText(why), width - 20).map((line) => `${' '.repeat(20)}${line}`));
  }
  return [...lines, ''].join('\n');
}

/** Asks a person; nobody is there to be asked where input or output is no terminal. */
async function asks({ terminal, signal }: Invocation, count: number): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const input = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await input.question(`Remove ${countOf(count, 'item')}? Results stay. [y/N] `, { signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch {
    terminal.say('');
    return false;
  } finally {
    input.close();
  }
}
