import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { SKIP_LOG_VARIABLE } from './test/support/explain-skips.ts';
import { ReasonsReporter } from './test/support/reasons-reporter.ts';

const skipLog = join(tmpdir(), `ocr-pipeline-skips-${randomUUID()}.ndjson`);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    reporters: ['default', new ReasonsReporter(skipLog)],
    env: { NO_PROXY: '127.0.0.1,localhost', OMP_THREAD_LIMIT: '1', [SKIP_LOG_VARIABLE]: skipLog },
  },
});
