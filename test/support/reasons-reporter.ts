import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule, TestRunEndReason, TestSuite, Vitest } from 'vitest/node';
import { explainSkips, parseSkipLog, type SkippedTest } from './explain-skips.ts';

/** Names a file to which the counts of the run are written as JSON, for `.ci/run`. */
export const COUNTS_VARIABLE = 'OCR_TEST_COUNTS';

export interface TestCounts {
  readonly passed: number;
  /** Tests that failed, files and suites that could not be set up, errors outside any test, and skips that are a fault. */
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Prints at the end why tests were skipped, and makes the run fail where a skip has no reason or, with CI=true, where
 * a tool was missing. Writes the counts where {@link COUNTS_VARIABLE} says.
 */
export class ReasonsReporter implements Reporter {
  readonly #skipLog: string;
  #vitest: Vitest | undefined;

  constructor(skipLog: string) {
    this.#skipLog = skipLog;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason = 'passed',
  ): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    const skipped: SkippedTest[] = [];
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed++;
        else if (result.state === 'failed') counts.failed++;
        else if (result.state === 'skipped' && !isBelowFault(test)) {
          skipped.push({ file: module.moduleId, name: test.fullName, note: result.note });
        }
      }
    }
    counts.skipped = skipped.length;
    counts.failed += this.#explain(skipped, reason);
    const file = process.env[COUNTS_VARIABLE];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts satisfies TestCounts));
  }

  #explain(skipped: readonly SkippedTest[], reason: TestRunEndReason): number {
    const log = existsSync(this.#skipLog) ? readFileSync(this.#skipLog, 'utf8') : '';
    rmSync(this.#skipLog, { force: true });
    // With `-t pattern` all other tests count as skipped, which is what was asked for; so it is after an interruption.
    const asked = this.#vitest?.config.testNamePattern !== undefined || reason === 'interrupted';
    if (skipped.length === 0 || asked) return 0;
    const root = this.#vitest?.config.root ?? process.cwd();
    const named = skipped.map((test) => ({ ...test, file: relative(root, test.file) }));
    const records = parseSkipLog(log).map((record) => ({ ...record, file: relative(root, record.file) }));
    const { lines, faults } = explainSkips(named, records, isBuildServer());
    this.#vitest?.logger.log(['', ...lines].join('\n'));
    if (faults > 0) {
      const why = isBuildServer()
        ? 'CI is set, where no test may be skipped for want of a tool'
        : 'each skip needs a reason';
      this.#vitest?.logger.error(`${faults} skipped tests count as failed: ${why}.`);
      process.exitCode = 1;
    }
    return faults;
  }
}

/** Whether a test did not run because what its suite sets up failed, which is counted there. */
function isBelowFault(test: TestCase): boolean {
  for (let above: TestSuite | TestModule = test.parent; ; above = above.parent) {
    if (above.errors().length > 0) return true;
    if (above.type === 'module') return false;
  }
}

function isBuildServer(): boolean {
  return !['', '0', 'false'].includes((process.env['CI'] ?? '').toLowerCase());
}
