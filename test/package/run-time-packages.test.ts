import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  findRunTimePackages,
  listPackages,
  overridesFor,
  PROJECT,
  readList,
  type ListedPackage,
} from '../../scripts/run-time-packages.ts';

const RENEW = 'If you meant to change packages: node scripts/run-time-packages.ts, then read what it changed.';

interface Root {
  readonly overrides: unknown;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface NpmRecord {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(PROJECT, path), 'utf8'));
}

/** What differs between the list and what is installed, in words. Packages for other platforms need not be here. */
function compare(listed: readonly ListedPackage[], installed: readonly ListedPackage[]): readonly string[] {
  const key = ({ name, version }: ListedPackage): string => `${name}@${version}`;
  const here = new Map(installed.map((each) => [key(each), each]));
  const known = new Map(listed.map((each) => [key(each), each]));
  const differences: string[] = [];
  for (const [name, each] of here) {
    const noted = known.get(name);
    if (noted === undefined) {
      // Its version is pinned by the package that needs it; the list was written on another platform.
      if (!each.optional || each.installScript) differences.push(`${name} is not listed`);
      continue;
    }
    for (const field of ['licence', 'installScript', 'integrity'] as const) {
      if (noted[field] !== each[field]) differences.push(`${name} has another ${field}: ${String(each[field])}`);
    }
  }
  for (const [name, each] of known) if (!here.has(name) && !each.optional) differences.push(`${name} is not installed`);
  return differences;
}

describe('the packages that come with the program', () => {
  const packages = findRunTimePackages();
  const installed = listPackages(packages);
  const root = readJson('package.json') as Root;

  test('are those on the list, file by file, those of packages too', () => {
    expect(installed.length).toBeGreaterThan(20);
    expect(compare(readList(), installed), RENEW).toEqual([]);
  });

  test('are pinned for npm, each below the package that brings it', () => {
    expect(root.overrides, RENEW).toEqual(overridesFor(packages));
  });

  test('run nothing when they are installed that was not decided on, tools of development neither', () => {
    const record = join('node_modules', '.package-lock.json');
    const withScripts = new Set(readList().flatMap(({ name, installScript }) => (installScript ? [name] : [])));
    for (const { name, installScript } of installed) if (installScript) withScripts.add(name);
    // npm's own record of what it installed; other installers leave none.
    if (existsSync(join(PROJECT, record))) {
      const { packages: all } = readJson(record) as NpmRecord;
      for (const [path, { hasInstallScript }] of Object.entries(all)) {
        if (hasInstallScript === true) withScripts.add(path.slice(path.lastIndexOf('node_modules/') + 13));
      }
    }
    const undecided = [...withScripts].filter((name) => !(name in root.allowScripts));
    expect(undecided, 'Say true or false in allowScripts of package.json.').toEqual([]);
    expect(Object.entries(root.allowScripts).filter(([, allowed]) => allowed)).toEqual([['node', true]]);
  });

  test('are missed, changed or new: each is noticed', () => {
    const [first] = installed;
    if (first === undefined) throw new Error('nothing is installed');
    const list = installed.slice(1);
    const called = `${first.name}@${first.version}`;
    expect(compare(list, [...list, { ...first, optional: false }])).toEqual([`${called} is not listed`]);
    expect(compare([...list, { ...first, optional: false }], list)).toEqual([`${called} is not installed`]);
    expect(compare([...list, { ...first, integrity: 'sha512-other' }], installed)).toEqual([
      `${called} has another integrity: ${first.integrity}`,
    ]);
    const script = { ...first, installScript: true };
    expect(compare(installed, [...list, script])).toEqual([`${called} has another installScript: true`]);
  });
});
