import { OutputError } from '../core/errors.ts';

/** A result's name is taken by a file that is not ours, and the policy is to leave that alone. */
export function nameTaken(path: string): OutputError {
  return new OutputError(
    'NAME_TAKEN',
    `"${path}" is already there, not made by this program.`,
    {
      safe: 'It was not touched. Our result waits in the run folder.',
      remedy: '--on-conflict rename | version | skip',
    },
    { scope: 'document' },
  );
}
