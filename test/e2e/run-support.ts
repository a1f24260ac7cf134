import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resumeRun } from '../../src/app/resume-run.ts';
import { startRun } from '../../src/app/start-run.ts';
import { REAL_DEPENDENCIES, type RunDependencies } from '../../src/app/wiring.ts';
import type { RunOutcome } from '../../src/app/contract.ts';
import type { RunNotice, RunProgress } from '../../src/core/progress.ts';
import type { RunRequest } from '../../src/core/run-request.ts';
import { DEFAULT_LIMITS, type RunSettings } from '../../src/core/settings.ts';

/** How Box would be reached, if a test did. */
export const NO_BOX: RunRequest['box'] = {
  boxClientId: undefined,
  boxClientSecret: undefined,
  boxLoginFile: undefined,
  boxCallsPerMinute: 1_000,
  boxUploadsPerMinute: 240,
  maxWait: 60,
  boxApiUrl: 'https://api.box.com',
  boxUploadUrl: 'https://upload.box.com/api',
  boxAccountUrl: 'https://account.box.com/api/oauth2',
  boxWebUrl: 'https://app.box.com',
};

/** What a test varies of a run. */
export interface TestRun {
  readonly input: string | readonly string[];
  readonly output: string;
  readonly workDir: string;
  readonly jobs?: number | undefined;
  readonly executor?: RunRequest['executor'] | undefined;
  readonly settings?: Partial<RunSettings> | undefined;
  readonly shell?: RunDependencies | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  readonly notices?: RunNotice[] | undefined;
}

/** Runs the pipeline in this process with the null engine: everything is real but the reading. */
export function run(test: TestRun): Promise<RunOutcome> {
  const { engine = 'null', ...settings } = test.settings ?? {};
  const request: RunRequest = {
    source: { kind: 'local', paths: typeof test.input === 'string' ? [test.input] : test.input },
    destination: { kind: 'local', folder: test.output },
    workDir: test.workDir,
    jobs: test.jobs ?? 2,
    box: NO_BOX,
    executor: test.executor ?? { kind: 'local' },
    engine,
    settings: {
      language: 'eng',
      mode: 'skip',
      dpi: 300,
      formats: ['txt', 'pdf'],
      onConflict: 'stop',
      match: [],
      recursive: true,
      limits: DEFAULT_LIMITS,
      ...settings,
    },
  };
  return startRun(
    request,
    observerOf(test),
    test.signal ?? new AbortController().signal,
    test.shell ?? REAL_DEPENDENCIES,
  );
}

/** Goes on with a run by name. */
export function resume(
  name: string,
  test: Pick<TestRun, 'workDir' | 'jobs' | 'onProgress' | 'notices'>,
): Promise<RunOutcome> {
  const { workDir, jobs = 2 } = test;
  return resumeRun(
    { workDir, name, jobs, box: NO_BOX, slurm: {}, detach: false },
    observerOf(test),
    new AbortController().signal,
  );
}

function observerOf(test: Pick<TestRun, 'onProgress' | 'notices'>) {
  return {
    progress: (progress: RunProgress) => test.onProgress?.(progress),
    notice: (notice: RunNotice) => void test.notices?.push(notice),
  };
}

/** Every file below a folder with the SHA-1 of its bytes, by path. */
export async function digestFolder(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    digests[path.slice(folder.length + 1)] = createHash('sha1')
      .update(await readFile(path))
      .digest('hex');
  }
  return Object.fromEntries(Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How often each page was read, by document path, from the run's log. */
export async function pagesRead(runFolder: string): Promise<string[]> {
  const text = await readFile(join(runFolder, 'log.ndjson'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line.includes('"event":"page"'))
    .map((line) => JSON.parse(line) as { document: string; pageNumber: number })
    .map(({ document, pageNumber }) => `${document} ${pageNumber}`)
    .sort();
}
