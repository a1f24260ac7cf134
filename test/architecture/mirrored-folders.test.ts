import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');

/** Folders of tests that are about no one folder of `src`, and folders of samples. */
const OTHERS =
  /^(?:architecture|bench|box-emulator|characterisation|conformance|containers|e2e|package|scripts|support)(?:\/|$)|(?:^|\/)(?:fixtures|golden)(?:\/|$)/;

test('tests lie where what they test lies in src', () => {
  const folders = (root: string): string[] =>
    globSync('**/', { cwd: join(PROJECT, root) }).map((folder) => folder.replace(/\/$/, ''));
  const known = new Set(folders('src'));
  const tested = folders('test').filter((folder) => folder !== '' && folder !== '.' && !OTHERS.test(folder));
  expect(tested.length).toBeGreaterThan(20);
  expect(tested.filter((folder) => !known.has(folder))).toEqual([]);
});
