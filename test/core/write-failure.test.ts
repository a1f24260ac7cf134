import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { OutputError, TransientError } from '../../src/core/errors.ts';
import { asOutputError } from '../../src/core/write-failure.ts';
import { systemError } from '../support/system-errors.ts';

describe('a write that fails', () => {
  test.each(Object.entries(constants.errno))('for %s is never a defect of the program', (name, number) => {
    const failure = asOutputError(systemError(number), '/scratch/x');
    expect(failure).toBeInstanceOf(OutputError);
    expect(failure).toMatchObject({ exitCode: 74, scope: 'environment' });
    const words = { ENOSPC: /^No room left/, EDQUOT: /^Your quota on the disk of \/scratch\/x is used up/ }[name];
    expect((failure as Error).message).toMatch(words ?? /^Cannot write \/scratch\/x: .+ \(E[A-Z0-9]+\)\.$/);
  });

  test.each([
    ['--output', 'ENOSPC', 'Make room there, or give --output on another disk; then the same command.'],
    ['--work-dir', 'EDQUOT', 'Remove files of yours there, or give --work-dir on scratch; then the same command.'],
    [undefined, 'ENOSPC', 'Make room there; then the same command.'],
    [undefined, 'EDQUOT', 'Remove files of yours there; then the same command.'],
  ] as const)(
    'advises another disk by the flag that names it, and none where no flag does: %s, %s',
    (flag, name, remedy) => {
      const failure = asOutputError(systemError(constants.errno[name]), '/x', { flag }) as OutputError;
      expect(failure.advice.remedy).toBe(remedy);
    },
  );

  test('what is already explained, or is not the system’s, passes unchanged', () => {
    for (const error of [new TransientError('RUN_BUSY', 'x'), new Error('x'), new TypeError('x')])
      expect(asOutputError(error, '/x')).toBe(error);
  });
});
