import { explainErrno, readErrno, type ErrnoKind } from './errno.ts';
import { OutputError, PipelineError, type ErrorScope } from './errors.ts';

/** What helps, by what the refusal is about. */
const REMEDIES: Partial<Readonly<Record<ErrnoKind, string>>> = {
  limit: 'Raise the limit, or start fewer programs beside this one; then the same command.',
  passing: 'The same command again, when the disk answers.',
  name: 'Give a folder on another disk, then the same command.',
};

/**
 * Says in a person's words why a write failed, from its errno; errors that are not the system's pass unchanged. The scope is the
 * environment's unless the caller knows better.
 */
export function asOutputError(error: unknown, path: string, scope?: ErrorScope): unknown {
  const system = error instanceof PipelineError ? undefined : readErrno(error);
  if (!system) return error;
  const safe = 'Finished pages are kept; no file was left half-written.';
  const details = { cause: error, scope };
  switch (system.name) {
    case 'ENOSPC':
      return new OutputError(
        'DISK_FULL',
        `No room left on the disk of ${path}.`,
        {
          safe,
          remedy: 'Make room, or give --work-dir on another disk, then the same command.',
        },
        details,
      );
    case 'EDQUOT':
      return new OutputError(
        'DISK_QUOTA',
        `Your quota on the disk of ${path} is used up.`,
        {
          safe,
          remedy: '--work-dir on scratch, then the same command.',
        },
        details,
      );
    default: {
      const remedy =
        REMEDIES[system.kind] ?? 'Check that the folder exists and may be written to, then the same command.';
      return new OutputError(
        'WRITE_FAILED',
        `Cannot write ${path}: ${explainErrno(error)}.`,
        { safe, remedy },
        details,
      );
    }
  }
}
