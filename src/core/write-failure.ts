import { OutputError, PipelineError } from './errors.ts';

/** Says in a person's words why a write failed, from its errno code; other errors pass unchanged. */
export function asOutputError(error: unknown, path: string): unknown {
  if (error instanceof PipelineError || !(error instanceof Error) || !('code' in error)) return error;
  const safe = 'Finished pages are kept; no file was left half-written.';
  switch (error.code) {
    case 'ENOSPC':
      return new OutputError('DISK_FULL', `No room left on the disk of ${path}.`, {
        safe,
        remedy: 'Make room, or give --work-dir on another disk, then the same command.',
      });
    case 'EDQUOT':
      return new OutputError('DISK_QUOTA', `Your quota on the disk of ${path} is used up.`, {
        safe,
        remedy: '--work-dir on scratch, then the same command.',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EIO':
    case 'ENAMETOOLONG':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENOENT':
    case 'EEXIST':
    case 'ESTALE':
      return new OutputError('WRITE_FAILED', `Cannot write ${path} (${error.code}).`, {
        safe,
        remedy: 'Check that the folder exists and may be written to, then the same command.',
      });
    default:
      return error;
  }
}
