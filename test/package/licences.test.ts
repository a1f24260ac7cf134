import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRunTimePackages, PROJECT } from '../../scripts/run-time-packages.ts';

/** Licences that let this program be passed on under Apache-2.0. An expression needs one of them. */
const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Python-2.0',
  'CC0-1.0',
  'Unlicense',
  // libvips, loaded by sharp as a shared library of its own.
  'LGPL-3.0-or-later',
]);

/** Whether an SPDX expression can be met: any part of an OR, all parts of an AND. */
function isAllowed(expression: string): boolean {
  return expression
    .replaceAll(/[()]/g, '')
    .split(/\s+OR\s+/)
    .some((choice) => choice.split(/\s+AND\s+/).every((each) => ALLOWED.has(each)));
}

describe('the licences of what is installed with the program', () => {
  test('allow it to be passed on', () => {
    const packages = findRunTimePackages().map(({ manifest }) => manifest);
    expect(packages.length).toBeGreaterThan(20);
    const refused = packages.filter((each) => !isAllowed(each.license ?? 'none'));
    expect(refused.map((each) => `${each.name} ${each.version}: ${each.license ?? 'none'}`)).toEqual([]);
  });

  test('are named in NOTICE for each direct dependency', () => {
    const notice = readFileSync(join(PROJECT, 'NOTICE'), 'utf8');
    const direct = findRunTimePackages().flatMap(({ path, manifest }) => (path.length === 1 ? [manifest.name] : []));
    expect(direct.filter((name) => !notice.includes(name))).toEqual([]);
  });

  test.each([
    ['AGPL-3.0', false],
    ['GPL-2.0-only', false],
    ['none', false],
    ['MIT AND AGPL-3.0', false],
    ['(MIT OR GPL-3.0)', true],
    ['Apache-2.0', true],
  ])('are judged: %s', (expression, verdict) => {
    expect(isAllowed(expression)).toBe(verdict);
  });
});
