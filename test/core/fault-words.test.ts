import { describe, expect, test } from 'vitest';
import { readErrno } from '../../src/core/errno.ts';
import { asPipelineError, DocumentError } from '../../src/core/errors.ts';
import { asSourceError } from '../../src/core/read-failure.ts';
import { explainStart } from '../../src/core/start-failure.ts';
import { asOutputError } from '../../src/core/write-failure.ts';
import { ALL_ERRNOS, expectSound, systemError } from '../support/system-errors.ts';

describe.each(ALL_ERRNOS)('what the system refuses with %s', (name, number) => {
  const refusal = systemError(number, { path: '/scans/a.pdf', syscall: 'open' });
  const kind = readErrno(refusal)?.kind;

  test('at opening or reading a scan is that scan’s, or this machine’s where it may have no more of something', () => {
    const error = asSourceError(refusal, '/scans/a.pdf');
    expectSound(error, { scopes: kind === 'limit' ? ['environment'] : ['document'], exitCodes: [65, 75] });
    expect(error.exitCode).toBe(kind === 'limit' ? 75 : 65);
    expect(error.message).toContain('/scans/a.pdf');
    // One after the other, it is their disk.
    const ofDisk = ['room', 'passing', 'unsupported', 'odd'];
    if (error instanceof DocumentError) expect(error.inARow === 'environment').toBe(ofDisk.includes(kind ?? ''));
  });

  test('at writing, renaming, linking or syncing is the disk’s', () => {
    const error = asOutputError(refusal, '/out/a.txt');
    expectSound(error, { scopes: ['environment'], exitCodes: [74] });
    expectSound(asOutputError(refusal, '/out/a.txt', { scope: 'document' }), { scopes: ['document'], exitCodes: [74] });
  });

  test('at starting a program is this machine’s, or that program’s', () => {
    const error = explainStart(refusal, 'Tesseract');
    if (kind === 'limit' || kind === 'passing' || kind === 'room') {
      expectSound(error, { scopes: ['environment'], exitCodes: [75] });
      expect(error.message).toContain(`(${readErrno(refusal)?.name})`);
    } else expect(error).toBeUndefined();
  });

  test('where nobody expected it is no defect, but for what no call of ours should bring about', () => {
    expect(asPipelineError(refusal).exitCode === 70).toBe(kind === 'odd');
    if (kind === 'odd') return;
    expectSound(asPipelineError(refusal), { scopes: ['environment'], exitCodes: [74, 75] });
    expect(asPipelineError(refusal).message).toContain(readErrno(systemError(number))?.name ?? name);
  });
});
