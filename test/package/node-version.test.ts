import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');

interface Manifest {
  readonly version: string;
  readonly engines?: { readonly node?: string };
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(resolve(PROJECT, path), 'utf8')) as Manifest;
}

describe('the Node that runs the tests', () => {
  test('is the one that npm install brought, whatever the machine has', () => {
    expect(process.version).toBe(`v${readManifest('node_modules/node/package.json').version}`);
  });

  test('is version 24, which runs TypeScript as it is', () => {
    expect(Number(process.versions.node.split('.')[0])).toBe(24);
    expect(process.features.typescript).toBe('strip');
  });

  test('is new enough for what package.json asks of users', () => {
    const [major = 0, minor = 0] = (readManifest('package.json').engines?.node ?? '')
      .replace('>=', '')
      .split('.')
      .map(Number);
    const [ourMajor = 0, ourMinor = 0] = process.versions.node.split('.').map(Number);
    expect(major).toBeGreaterThan(0);
    expect(ourMajor * 1000 + ourMinor).toBeGreaterThanOrEqual(major * 1000 + minor);
  });
});
