import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');

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

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The folder from which `name` is loaded in a package at `from`, as Node looks for it. */
function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** All packages that come with this one when it is installed, with where they are. */
function installedPackages(): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  const visit = (folder: string): void => {
    const manifest = readManifest(folder);
    if (found.has(folder)) return;
    found.set(folder, manifest);
    const optional = Object.keys(manifest.optionalDependencies ?? {});
    for (const name of [...Object.keys(manifest.dependencies ?? {}), ...optional]) {
      const next = findPackage(name, folder);
      if (next !== undefined) visit(next);
      // Optional ones are for other platforms; all others must be here.
      else if (!optional.includes(name)) throw new Error(`${name}, needed by ${manifest.name}, is not installed`);
    }
  };
  visit(PROJECT);
  return found;
}

/** Whether an SPDX expression can be met: any part of an OR, all parts of an AND. */
function isAllowed(expression: string): boolean {
  return expression
    .replaceAll(/[()]/g, '')
    .split(/\s+OR\s+/)
    .some((choice) => choice.split(/\s+AND\s+/).every((each) => ALLOWED.has(each)));
}

describe('the licences of what is installed with the program', () => {
  test('allow it to be passed on', () => {
    const packages = [...installedPackages().values()];
    expect(packages.length).toBeGreaterThan(20);
    const refused = packages.filter((each) => !isAllowed(each.license ?? 'none'));
    expect(refused.map((each) => `${each.name} ${each.version}: ${each.license ?? 'none'}`)).toEqual([]);
  });

  test('are named in NOTICE for each direct dependency', () => {
    const notice = readFileSync(join(PROJECT, 'NOTICE'), 'utf8');
    const direct = Object.keys(readManifest(PROJECT).dependencies ?? {});
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
