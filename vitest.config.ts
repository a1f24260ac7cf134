import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    env: { NO_PROXY: '127.0.0.1,localhost', OMP_THREAD_LIMIT: '1' },
  },
});
