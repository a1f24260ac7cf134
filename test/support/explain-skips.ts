/** Names the file in which the reporter finds why tests were skipped; set by vitest.config.ts. */
export const SKIP_LOG_VARIABLE = 'OCR_TEST_SKIP_LOG';

/** One line of the skip log. */
export interface SkipRecord {
  /** Absolute path of the test file. */
  readonly file: string;
  readonly reason: string;
  /** True where the lack is no fault even on a build server: data that is not part of the project. */
  readonly excused: boolean;
}

/** A test that did not run. */
export interface SkippedTest {
  /** Absolute path of its file. */
  readonly file: string;
  readonly name: string;
  /** What the test itself said: `context.skip('why')`. */
  readonly note?: string | undefined;
}

export interface SkipExplanation {
  /** What to print, one reason a line with the files it concerns below; empty when nothing was skipped. */
  readonly lines: readonly string[];
  /** Skipped tests that make the run a failure. */
  readonly faults: number;
}

const NO_REASON = 'no reason given: name one through test/support/requires.ts';

/**
 * Says why tests were skipped. A skip without a reason is always a fault; on a build server (`strict`) so is one for want of
 * a tool. Never one are the want of data that is not part of the project, and what a test says of itself while it runs:
 * that the case does not apply.
 */
export function explainSkips(
  skipped: readonly SkippedTest[],
  records: readonly SkipRecord[],
  strict: boolean,
): SkipExplanation {
  const byReason = new Map<string, Map<string, number>>();
  let faults = 0;
  for (const test of skipped) {
    const ofFile = records.filter((record) => record.file === test.file);
    const known = test.note === undefined ? [...new Set(ofFile.map((record) => record.reason))].join('; ') : test.note;
    const excused = test.note !== undefined || (ofFile.length > 0 && ofFile.every((record) => record.excused));
    if (known === '' || (strict && !excused)) faults++;
    const reason = known === '' ? NO_REASON : known;
    const files = byReason.get(reason) ?? new Map<string, number>();
    files.set(test.file, (files.get(test.file) ?? 0) + 1);
    byReason.set(reason, files);
  }
  const lines: string[] = [];
  for (const [reason, files] of byReason) {
    const count = [...files.values()].reduce((sum, each) => sum + each, 0);
    lines.push(`${count} skipped: ${reason}`);
    for (const [file, each] of files) lines.push(`    ${each} in ${file}`);
  }
  return { lines, faults };
}

/** Reads a skip log; lines that are no records (a torn last one) are left out. */
export function parseSkipLog(text: string): SkipRecord[] {
  const records: SkipRecord[] = [];
  for (const line of text.split('\n')) {
    try {
      const value: unknown = JSON.parse(line);
      if (isSkipRecord(value)) records.push(value);
    } catch {
      continue;
    }
  }
  return records;
}

function isSkipRecord(value: unknown): value is SkipRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { file, reason, excused } = value as Partial<Record<keyof SkipRecord, unknown>>;
  return typeof file === 'string' && typeof reason === 'string' && typeof excused === 'boolean';
}
