import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ERRNO_TABLE } from '../../src/core/errno-table.ts';
import { errnoOf, explainErrno, hasErrno, isErrnoOf, readErrno } from '../../src/core/errno.ts';
import { systemError } from '../support/system-errors.ts';

describe('what the operating system says', () => {
  test.each(Object.entries(constants.errno))('%s is known by its number %i', (name, number) => {
    const read = readErrno(systemError(number));
    // Two names may share a number.
    const names = Object.entries(constants.errno).filter(([, other]) => other === number);
    expect(names.map(([each]) => each)).toContain(read?.name);
    expect(read?.words).not.toBe('');
    expect(read?.kind).toBe(readErrno({ code: name })?.kind);
  });

  test.runIf(process.platform === 'linux')('is numbered as this system numbers it', () => {
    const ours = Object.values(ERRNO_TABLE).flat();
    const theirs: Readonly<Record<string, number>> = constants.errno;
    expect(ours.filter(([name, number]) => (theirs[name] ?? number) !== number)).toEqual([]);
    const numbers = new Set(ours.map(([, number]) => number));
    // Those that were never given out.
    const gaps = [...Array(133).keys()].map((index) => index + 1).filter((number) => !numbers.has(number));
    expect(gaps).toEqual([41, 58]);
  });

  test.each([
    [122, 'EDQUOT', 'room'],
    [116, 'ESTALE', 'passing'],
    [117, 'EUCLEAN', 'passing'],
    [123, 'ENOMEDIUM', 'passing'],
    [126, 'ENOKEY', 'access'],
    [74, 'EBADMSG', 'passing'],
    [37, 'ENOLCK', 'limit'],
  ])('a number without a name in Node, %i, is %s and about %s', (number, name, kind) => {
    expect(readErrno(systemError(number))).toMatchObject({ name, kind });
  });

  test('a quota that is used up is said in words, with its name', () => {
    expect(explainErrno(systemError(122))).toBe('your quota on the disk is used up (EDQUOT)');
    expect(explainErrno(new Error('something else'))).toBe('something else');
  });

  test('a number that no system lists is still the system’s', () => {
    expect(readErrno(systemError(524))).toMatchObject({ name: 'errno 524', kind: 'odd' });
  });

  test('a machine that cannot be looked up is trouble of the network', () => {
    const error = Object.assign(new Error('getaddrinfo ENOTFOUND api.box.com'), { errno: -3008, code: 'ENOTFOUND' });
    expect(readErrno(error)).toMatchObject({ name: 'ENOTFOUND', kind: 'passing' });
  });

  test('what is not the system’s is not read as such', () => {
    for (const error of [
      new Error('x'),
      undefined,
      'ENOENT',
      Object.assign(new Error('x'), { code: 'ENGINE_BROKEN' }),
      Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }),
      Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR', errno: -5 }),
      Object.assign(new Error('incorrect header check'), { code: 'Z_DATA_ERROR', errno: -3 }),
    ]) {
      expect(readErrno(error)).toBeUndefined();
      expect(errnoOf(error)).toBeUndefined();
      expect(isErrnoOf(error, 'odd')).toBe(false);
    }
  });

  test('one of several reasons, or kinds, can be asked for', () => {
    expect(hasErrno(systemError(2), 'ENOTDIR', 'ENOENT')).toBe(true);
    expect(hasErrno(systemError(2), 'EACCES')).toBe(false);
    expect(isErrnoOf(systemError(28), 'access', 'room')).toBe(true);
  });
});
