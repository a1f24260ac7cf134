import { describe, expect, test } from 'vitest';
import { readErrno } from '../../../../src/core/errno.ts';
import { classifyCall, type CallSubject } from '../../../../src/stores/box/transport/classify.ts';
import { networkFailure } from '../../../../src/stores/box/transport/http-exchange.ts';
import { ALL_ERRNOS, expectSound, systemError } from '../../../support/system-errors.ts';

const DOINGS: readonly CallSubject['doing'][] = ['read', 'write', 'folder'];

describe.each(ALL_ERRNOS)('no connection to Box for %s', (_name, number) => {
  test.each(DOINGS)('is the network’s or this machine’s, whatever was being done: %s', (doing) => {
    const refusal = systemError(number, { syscall: 'connect', address: '203.0.113.1', port: 443 });
    const error = classifyCall(networkFailure('GET /2.0/files/1', refusal), { doing, name: 'a.pdf' });
    const isLimit = readErrno(refusal)?.kind === 'limit';
    expectSound(error, { scopes: isLimit ? ['environment'] : ['store', 'environment'], exitCodes: [75, 77] });
    expect(error.message).not.toContain('a.pdf');
    if (isLimit) expect(error.code).toBe('SYSTEM_LIMIT');
    // Words for people, and the name for those who help them.
    if (error.code === 'NET_DOWN') expect(error.message).toMatch(/\([a-z].+\)\.$/);
  });
});

test.each([
  ['ENOTFOUND', -3008],
  ['EAI_AGAIN', -3001],
])('a name that cannot be looked up, %s, is the network’s', (code, errno) => {
  const refusal = Object.assign(new Error(`getaddrinfo ${code} api.box.com`), { code, errno, syscall: 'getaddrinfo' });
  const error = classifyCall(networkFailure('GET /2.0/files/1', refusal), { doing: 'read', name: 'a.pdf' });
  expectSound(error, { scopes: ['store'], exitCodes: [75] });
});
