import { explainErrno, readErrno, RAISE_LIMIT } from './errno.ts';
import { DocumentError, PipelineError, TransientError } from './errors.ts';

/**
 * Says in a person's words why a document cannot be read, from its errno; errors that are not the system's pass unchanged. A limit
 * of this process or machine is not the document's fault: that stops the run.
 */
export function asSourceError(error: unknown, path: string): unknown {
  const system = error instanceof PipelineError ? undefined : readErrno(error);
  if (!system) return error;
  const safe = 'The file itself was not touched.';
  switch (system.kind) {
    case 'absent':
      return new DocumentError(
        'SOURCE_GONE',
        `${path} is no longer there.`,
        { remedy: 'The next run lists the folder again.' },
        { cause: error },
      );
    case 'limit':
      return new TransientError(
        'SYSTEM_LIMIT',
        `${path} cannot be opened: ${explainErrno(error)}.`,
        { safe, remedy: RAISE_LIMIT },
        { cause: error, scope: 'environment' },
      );
    default: {
      const isItsOwn = system.kind === 'access' || system.kind === 'name' || system.kind === 'taken';
      return new DocumentError(
        'SOURCE_UNREADABLE',
        `${path} cannot be read: ${explainErrno(error)}.`,
        { safe, remedy: 'The same command tries it again.' },
        { cause: error, inARow: isItsOwn ? undefined : 'environment' },
      );
    }
  }
}
