import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readErrno } from '../../../src/core/errno.ts';
import { explainStart } from '../../../src/core/start-failure.ts';
import { slurmMissing, SlurmPrograms } from '../../../src/executors/slurm/slurm-programs.ts';
import { ALL_ERRNOS, expectSound, systemError } from '../../support/system-errors.ts';

describe.each(ALL_ERRNOS)('a program of Slurm that cannot be started for %s', (_name, number) => {
  it('is missing, or this machine has no room for it', () => {
    const refusal = systemError(number, { syscall: 'spawn squeue', path: 'squeue' });
    const mayPass = ['limit', 'passing', 'room'].includes(readErrno(refusal)?.kind ?? '');
    const error = explainStart(refusal, 'squeue') ?? slurmMissing('squeue', refusal);
    expectSound(error, { scopes: ['environment'], exitCodes: [mayPass ? 75 : 69] });
    expect(error.message).toMatch(number === 2 ? /is not on the PATH/ : /\(E[A-Z0-9]+\)/);
  });
});

describe('a program of Slurm', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'no-slurm-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['that is not there', () => Promise.resolve(), /is not on the PATH/],
    ['that may not be run', () => writeFile(join(folder, 'squeue'), '#!/bin/sh\n'), /permission denied \(EACCES\)/],
    ['that is a folder', () => mkdir(join(folder, 'squeue')), /permission denied \(EACCES\)/],
  ] as const)('%s is told as missing', async (_what, make, words) => {
    await make();
    const error = await new SlurmPrograms({ PATH: folder }, {}).queue(['a'], new AbortController().signal).then(
      () => expect.fail('it was started'),
      (reason: unknown) => reason,
    );
    expectSound(error, { scopes: ['environment'], exitCodes: [69] });
    expect(error.code).toBe('SLURM_MISSING');
    expect(error.message).toMatch(words);
  });
});
