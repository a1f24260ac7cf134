import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainErrno, isErrnoOf } from '../core/errno.ts';
import { AccessError, TransientError, type PipelineError } from '../core/errors.ts';
import { ownerOf } from '../files/owner-of.ts';

const SAFE = 'Nothing was changed.';

/**
 * Says why a run folder cannot be read, and whose it is, or whose the work folder is that hides it: `RUN_NOT_READABLE`,
 * `WORK_DIR_NOT_READABLE`; `RUN_UNREADABLE` where it is not a matter of permission.
 */
export async function unreadableRun(path: string, cause: unknown): Promise<PipelineError> {
  if (!isErrnoOf(cause, 'access')) {
    const message = `The run folder ${path} cannot be read: ${explainErrno(cause)}.`;
    const remedy = 'The same command again, when its disk answers.';
    return new TransientError('RUN_UNREADABLE', message, { safe: SAFE, remedy }, { cause, scope: 'environment' });
  }
  const isHidden = await stat(path).then(
    () => false,
    (error: unknown) => isErrnoOf(error, 'access'),
  );
  if (isHidden) return unreadableWorkDir(dirname(path), cause);
  const owner = await ownerOf(path);
  const message = `The run folder ${path} ${saidOf(owner)}, and you may not read it.`;
  const remedy = `Ask ${owner ?? 'its owner'} to let you: chmod -R g+rwX ${path}\nOr take a work folder of your own with --work-dir.`;
  return new AccessError('RUN_NOT_READABLE', message, { safe: SAFE, remedy }, { cause, scope: 'run' });
}

/** Says whose a work folder is, in which this person may not look. */
export async function unreadableWorkDir(path: string, cause: unknown): Promise<AccessError> {
  const owner = await ownerOf(path);
  return new AccessError(
    'WORK_DIR_NOT_READABLE',
    `The work folder ${path} ${saidOf(owner)}, and you may not read it.`,
    { safe: SAFE, remedy: 'Take a work folder of your own with --work-dir.' },
    { cause, scope: 'run' },
  );
}

function saidOf(owner: string | undefined): string {
  return owner === undefined ? 'is not yours' : `belongs to ${owner}`;
}
