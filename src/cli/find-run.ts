import { quoteValue } from '../core/quote-value.ts';
import { closest } from '../core/config/closest.ts';
import { NoInputError, UsageError } from '../core/errors.ts';
import type { RunEntry } from '../app/contract.ts';

/**
 * The run a person means: its whole name, the beginning of it, or without a name the newest.
 * @param entries newest first.
 * @throws {NoInputError} `NO_RUNS`, `RUN_NOT_FOUND`. @throws {UsageError} `RUN_AMBIGUOUS`.
 */
export function findRun<Entry extends Pick<RunEntry, 'record'>>(
  entries: readonly Entry[],
  given: string | undefined,
  workDir: string,
): Entry {
  const [newest] = entries;
  if (newest === undefined) {
    throw new NoInputError('NO_RUNS', `There are no runs in ${workDir}.`, {
      remedy: 'ocr-pipeline run --input ./scans --output ./text   starts one.\n--work-dir says where else to look.',
    });
  }
  if (given === undefined) return newest;
  // A folder's name that the shell completed.
  const name = given.replace(/\/+$/, '').split('/').at(-1) ?? given;
  const exact = entries.find(({ record }) => record.name === name);
  if (exact) return exact;
  const matching = entries.filter(({ record }) => record.name.startsWith(name));
  const [match] = matching;
  if (match !== undefined && matching.length === 1) return match;
  const names = entries.map(({ record }) => record.name);
  if (match === undefined) {
    const near = closest(name, names);
    throw new NoInputError('RUN_NOT_FOUND', `There is no run called ${quoteValue(name)} in ${workDir}.`, {
      remedy: near === undefined ? 'ocr-pipeline status   lists them' : `Did you mean ${near}?`,
    });
  }
  throw new UsageError('RUN_AMBIGUOUS', `${quoteValue(name)} is the beginning of ${matching.length} runs.`, {
    remedy: `One of: ${matching
      .slice(0, 5)
      .map(({ record }) => record.name)
      .join(', ')}`,
  });
}
