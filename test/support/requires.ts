import { spawnSync } from 'node:child_process';
import { accessSync, appendFileSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import { SKIP_LOG_VARIABLE, type SkipRecord } from './explain-skips.ts';
import { HANG_MS } from './hang.ts';

/** Whether tests can run here, for `describe.skipIf(need.skip)` and `test.skipIf(need.skip)`. */
export interface Requirement {
  readonly skip: boolean;
  /** Why they are skipped, printed once at the end of the test run; empty when they are not. */
  readonly reason: string;
}

const PROJECT = resolve(import.meta.dirname, '../..');

/** Tells whether commands are on the PATH: `requireTools(['qpdf', 'pdftotext'])`. */
export function requireTools(names: readonly string[]): Requirement {
  const missing = names.filter((name) => findTool(name) === undefined);
  if (missing.length === 0) return MET;
  return lack(`not installed: ${missing.join(', ')} (scripts/install-test-tools.sh installs what the tests need)`);
}

/** Tells whether native Tesseract is here with these languages, `osd` among them if wanted. */
export function requireLanguages(codes: readonly string[]): Requirement {
  const tesseract = requireTools(['tesseract']);
  if (tesseract.skip) return tesseract;
  const installed = installedLanguages();
  const missing = codes.filter((code) => !installed.has(code));
  if (missing.length === 0) return MET;
  return lack(`Tesseract lacks language data: ${missing.join(', ')} (scripts/install-test-tools.sh installs it)`);
}

/** Tells whether a part of the development corpus lies beside the project, and where: its scans are not ours to pass on. */
export function requireCorpus(part: 'accuracy' | 'robustness'): Requirement & { readonly folder: string } {
  const folder = resolve(PROJECT, '../shared/corpus/dev', part);
  const met = existsSync(join(folder, 'manifest.json'));
  return { ...(met ? MET : lack(`the ${part} corpus is not beside the project`, true)), folder };
}

/** Tells whether something else that a test names holds here, with the reason to print where it does not. */
export function requireThat(holds: boolean, reason: string): Requirement {
  return holds ? MET : lack(reason);
}

/** Combines requirements: all must be met. */
export function requireAll(...needs: readonly Requirement[]): Requirement {
  const unmet = needs.filter((need) => need.skip);
  return { skip: unmet.length > 0, reason: unmet.map((need) => need.reason).join('; ') };
}

/** The absolute path of a command on the PATH; undefined where there is none. */
export function findTool(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}

const MET: Requirement = { skip: false, reason: '' };

function lack(reason: string, excused = false): Requirement {
  const log = process.env[SKIP_LOG_VARIABLE];
  const file = expect.getState().testPath;
  if (log !== undefined && file !== undefined) {
    const record: SkipRecord = { file, reason, excused };
    mkdirSync(dirname(log), { recursive: true });
    appendFileSync(log, `${JSON.stringify(record)}\n`);
  }
  return { skip: true, reason };
}

let languages: ReadonlySet<string> | undefined;

function installedLanguages(): ReadonlySet<string> {
  if (languages === undefined) {
    const answer = spawnSync('tesseract', ['--list-langs'], { encoding: 'utf8', timeout: HANG_MS });
    // Tesseract 4 lists on stderr, 5 on stdout; a heading comes first.
    const lines = `${answer.stdout}\n${answer.stderr}`.split('\n').map((line) => line.trim());
    languages = new Set(lines.filter((line) => /^[\w/-]+$/.test(line)));
  }
  return languages;
}
