import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');
const EXACT = /^\d+\.\d+\.\d+$/;

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(resolve(PROJECT, path), 'utf8')) as Manifest;
}

const { dependencies, devDependencies } = readManifest('package.json');
const direct = Object.entries({ ...dependencies, ...devDependencies });

describe('the packages this program names', () => {
  test('have exact versions, since there is no lock file', () => {
    expect(direct.filter(([, version]) => !EXACT.test(version))).toEqual([]);
  });

  test('are installed in those versions', () => {
    const installed = direct.map(([name]) => [name, readManifest(`node_modules/${name}/package.json`).version]);
    expect(Object.fromEntries(installed)).toEqual(Object.fromEntries(direct));
  });
});
