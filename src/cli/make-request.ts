import { UsageError } from '../core/errors.ts';
import type {
  BoxChoices,
  DestinationRequest,
  ExecutorRequest,
  RunRequest,
  SlurmChoices,
  SourceRequest,
} from '../core/run-request.ts';
import type { ResolvedSettings } from '../core/config/resolve-settings.ts';
import type { Settings } from '../core/config/settings-table.ts';
import { DEFAULT_DOCUMENT_FAILURES, type PageLimits } from '../core/settings.ts';
import { readAvailableCpus } from '../config/available-cpus.ts';
import { SLURM_FLAGS } from './commands.ts';

/** The limits of a page, from the settings. */
export function pageLimits(settings: Pick<Settings, 'pageTimeout' | 'pageMegapixels' | 'pageMemory'>): PageLimits {
  return { seconds: settings.pageTimeout, megapixels: settings.pageMegapixels, memoryMiB: settings.pageMemory };
}

/** What a document may cost; only what differs from the default, so that runs of older versions keep their names. */
function documentLimits({
  documentFailures,
  documentTimeout,
}: Pick<Settings, 'documentFailures' | 'documentTimeout'>): Pick<PageLimits, 'documentFailures' | 'documentSeconds'> {
  return {
    ...(documentFailures === DEFAULT_DOCUMENT_FAILURES ? {} : { documentFailures }),
    ...(documentTimeout === undefined ? {} : { documentSeconds: documentTimeout }),
  };
}

/** Pages to read at once: as asked, or as many as there are cores for us. */
export async function countJobs({ jobs }: Pick<Settings, 'jobs'>): Promise<number> {
  return jobs === 'auto' ? await readAvailableCpus() : jobs;
}

/** What `run` and `plan` ask for. @throws {UsageError} `MISSING_FLAG`: no input or no output was named. */
export async function makeRunRequest(settings: Settings, detach = false): Promise<RunRequest> {
  return {
    source: sourceOf(settings),
    destination: destinationOf(settings),
    box: boxChoices(settings),
    executor: executorOf(settings, detach),
    workDir: settings.workDir,
    share: settings.share,
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
      limits: { ...pageLimits(settings), ...documentLimits(settings) },
    },
  };
}

/** Where pages are read. @throws {UsageError} `NOTHING_TO_DETACH`: work on this computer ends with the program. */
function executorOf(settings: Settings, detach: boolean): ExecutorRequest {
  if (settings.executor === 'slurm') return { kind: 'slurm', choices: slurmChoices(settings), detach };
  if (!detach) return { kind: 'local' };
  throw new UsageError(
    'NOTHING_TO_DETACH',
    '--detach is for runs on a cluster: on this computer pages are read by this program itself.',
    {
      safe: 'Nothing was started.',
      remedy: 'Add --executor slurm, or leave out --detach',
    },
  );
}

const SLURM_SETTINGS = [
  ...SLURM_FLAGS,
  'slurmPoll',
  'slurmGather',
  'slurmPatience',
] as const satisfies readonly (keyof SlurmChoices)[];

/** The settings that decide what is asked of Slurm, and no others. */
export function slurmChoices(settings: Settings): SlurmChoices {
  return Object.fromEntries(SLURM_SETTINGS.map((name) => [name, settings[name]])) as unknown as SlurmChoices;
}

/** Those of them that somebody has set, wherever; the others are as the run had them. */
export function slurmChanges({ settings, origins }: ResolvedSettings): Partial<SlurmChoices> {
  const set = SLURM_SETTINGS.filter((name) => origins[name] !== 'default');
  return Object.fromEntries(set.map((name) => [name, settings[name]]));
}

/** The settings that decide how Box is reached, and no others. */
export function boxChoices(settings: Settings): BoxChoices {
  const { boxClientId, boxClientSecret, boxLoginFile, boxCallsPerMinute, boxUploadsPerMinute, maxWait } = settings;
  const { boxApiUrl, boxUploadUrl, boxAccountUrl, boxWebUrl } = settings;
  return {
    boxClientId,
    boxClientSecret,
    boxLoginFile,
    boxCallsPerMinute,
    boxUploadsPerMinute,
    maxWait,
    boxApiUrl,
    boxUploadUrl,
    boxAccountUrl,
    boxWebUrl,
  };
}

function sourceOf({ input, boxFolder }: Settings): SourceRequest {
  const hasInput = input !== undefined && input.length > 0;
  if (boxFolder !== undefined && hasInput) throw twoPlaces('--box-folder', '--input', 'PDFs come from one place');
  if (boxFolder !== undefined) return { kind: 'box', address: boxFolder };
  if (hasInput) return { kind: 'local', paths: input };
  throw missingFlag('--input or --box-folder', 'Which PDFs? Name a folder or files', '--input ./scans');
}

function destinationOf({ output, boxFolder, boxOutputFolder }: Settings): DestinationRequest {
  if (output !== undefined && boxOutputFolder !== undefined)
    throw twoPlaces('--output', '--box-output-folder', 'Results go to one place');
  if (output !== undefined) return { kind: 'local', folder: output };
  if (boxOutputFolder !== undefined || boxFolder !== undefined) return { kind: 'box', address: boxOutputFolder };
  throw missingFlag('--output', 'Where should the results go? Name a folder', '--output ./text');
}

function twoPlaces(one: string, other: string, rule: string): UsageError {
  return new UsageError('TWO_PLACES', `${rule}: ${one} and ${other} were both given.`, {
    safe: 'Nothing was started.',
    remedy: `Leave out ${one} or ${other}; config explain says which file or variable gives it.`,
  });
}

/** A flag without which a command cannot start. */
export function missingFlag(flag: string, question: string, example: string): UsageError {
  return new UsageError('MISSING_FLAG', `${question}: ${flag} is missing.`, {
    safe: 'Nothing was started.',
    remedy: `Add ${example.startsWith('--') ? example : `${flag} ${example}`}`,
  });
}
