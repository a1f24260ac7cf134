import { randomUUID } from 'node:crypto';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SKIP_LOG_VARIABLE } from './test/support/explain-skips.ts';
import { ReasonsReporter } from './test/support/reasons-reporter.ts';
import { findUnitTests } from './test/support/unit-tests.ts';

const skipLog = join(tmpdir(), `ocr-pipeline-skips-${randomUUID()}.ndjson`);

/** Files that take minutes, the longest first: begun last, they would make everybody wait. */
const LONG = ['test/containers/image', 'test/e2e/slurm-', 'test/e2e/', 'test/executors/slurm/', 'test/cli/'];

const ALL = 'test/**/*.test.ts';
/** What `npm run check` runs: they need nothing but Node, keep nothing between them, and so share their processes. */
const UNIT = findUnitTests(import.meta.dirname);

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = LONG.findIndex((part) => moduleId.includes(part));
  return place === -1 ? LONG.length : place;
}

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: UNIT, isolate: false } },
      { extends: true, test: { name: 'whole', include: [ALL], exclude: UNIT } },
    ],
    // Only a test that hangs comes to these: none depends on speed, and machines with other work beside are ten times slower.
    // Twice what any one wait in it may take (test/support/hang.ts), so that what hung is named.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    pool: 'forks',
    // Many tests wait for other programs: on two cores one worker alone would take half an hour.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongFirst },
    reporters: ['default', new ReasonsReporter(skipLog)],
    env: { NO_PROXY: '127.0.0.1,localhost', OMP_THREAD_LIMIT: '1', [SKIP_LOG_VARIABLE]: skipLog },
  },
});
