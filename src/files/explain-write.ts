import { isErrnoOf } from '../core/errno.ts';
import { PipelineError } from '../core/errors.ts';
import { asOutputError, type WriteFacts } from '../core/write-failure.ts';
import { inspectDisk } from './inspect-disk.ts';

/** As `asOutputError`; where no room is left it also says on which disk, and how much there is. */
export async function explainWrite(
  error: unknown,
  path: string,
  {
    file,
    ...facts
  }: Omit<WriteFacts, 'disk'> & { /** Where it lies, if `path` is not that. */ readonly file?: string },
): Promise<unknown> {
  if (error instanceof PipelineError || !isErrnoOf(error, 'room')) return asOutputError(error, path, facts);
  return asOutputError(error, path, { ...facts, disk: await inspectDisk(file ?? path) });
}
