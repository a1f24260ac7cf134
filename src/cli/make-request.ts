import { UsageError } from '../core/errors.ts';
import type { RunRequest } from '../core/run-request.ts';
import type { Settings } from '../core/config/settings-table.ts';
import type { PageLimits } from '../core/settings.ts';
import { readAvailableCpus } from '../work/available-cpus.ts';

/** The limits of a page, from the settings. */
export function pageLimits(settings: Pick<Settings, 'pageTimeout' | 'pageMegapixels' | 'pageMemory'>): PageLimits {
  return { seconds: settings.pageTimeout, megapixels: settings.pageMegapixels, memoryMiB: settings.pageMemory };
}

/** Pages to read at once: as asked, or as many as there are cores for us. */
export async function countJobs({ jobs }: Pick<Settings, 'jobs'>): Promise<number> {
  return jobs === 'auto' ? await readAvailableCpus() : jobs;
}

/** What `run` and `plan` ask for. @throws {UsageError} `MISSING_FLAG`: no input or no output was named. */
export async function makeRunRequest(settings: Settings): Promise<RunRequest> {
  const { input, output } = settings;
  if (input === undefined || input.length === 0) throw missingFlag('--input', 'Which PDFs? Name a folder or files', './scans');
  if (output === undefined) throw missingFlag('--output', 'Where should the results go? Name a folder', './text');
  return {
    source: { kind: 'local', paths: input },
    destination: { kind: 'local', folder: output },
    workDir: settings.workDir,
    jobs: await countJobs(settings),
    engine: settings.engine,
    tesseract: settings.tesseract,
    settings: {
      language: settings.lang,
      mode: settings.mode,
      dpi: settings.dpi,
      formats: settings.formats,
      onConflict: settings.onConflict,
      match: settings.match,
      recursive: settings.recursive,
      limits: pageLimits(settings),
    },
  };
}

/** A flag without which a command cannot start. */
export function missingFlag(flag: string, question: string, example: string): UsageError {
  return new UsageError('MISSING_FLAG', `${question}: ${flag} is missing.`, {
    safe: 'Nothing was started.',
    remedy: `Add ${flag} ${example}`,
  });
}
