import { explainErrno, readErrno, RAISE_LIMIT } from './errno.ts';
import { TransientError } from './errors.ts';

/**
 * Says in a person's words that this machine cannot start a program at the moment: a limit of the account or machine, or a disk
 * that does not answer. Undefined where the program itself is why: it is missing, or none that can be run here.
 */
export function explainStart(error: unknown, program: string): TransientError | undefined {
  const kind = readErrno(error)?.kind;
  if (kind !== 'limit' && kind !== 'passing' && kind !== 'room') return undefined;
  return new TransientError(
    kind === 'limit' ? 'SYSTEM_LIMIT' : 'SYSTEM_REFUSED',
    `${program} cannot be started: ${explainErrno(error)}.`,
    {
      safe: 'No document is to blame. All that is finished is kept.',
      remedy: kind === 'limit' ? RAISE_LIMIT : 'Mend what it names, then the same command.',
    },
    { cause: error, scope: 'environment' },
  );
}
