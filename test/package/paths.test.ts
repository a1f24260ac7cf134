import { existsSync, readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = resolve(import.meta.dirname, '../..');

/** Files and folders of the project, as documents name them: `src/pipeline.ts`, `docs/decisions`. */
const NAMED = /(?<![\w./-])(?:src|test|docs|scripts|containers|slurm|bench|bin)\/[\w./-]*[\w/-](?![\w*{])/g;

/** Paths named in a text that are not in the project. */
function missingPaths(text: string): string[] {
  return [...text.matchAll(NAMED)].map(([path]) => path).filter((path) => !existsSync(join(PROJECT, path)));
}

test('every path of the project that a document names is there', async () => {
  const documents = ['README.md'];
  for await (const file of glob('docs/**/*.md', { cwd: PROJECT })) documents.push(file);
  expect(documents.length).toBeGreaterThan(20);
  const missing = documents.flatMap((document) =>
    missingPaths(readFileSync(join(PROJECT, document), 'utf8')).map((path) => `${document}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('every folder of src is on the map', async () => {
  const map = readFileSync(join(PROJECT, 'docs/architecture.md'), 'utf8');
  const folders: string[] = [];
  for await (const entry of glob('src/*', { cwd: PROJECT, withFileTypes: true })) {
    if (entry.isDirectory()) folders.push(`\`src/${entry.name}/\``);
  }
  expect(folders.length).toBeGreaterThan(10);
  expect(folders.filter((folder) => !map.includes(folder))).toEqual([]);
});

test('a path that is gone is noticed', () => {
  expect(missingPaths('See `src/core/no-such-file.ts` and src/pipeline.ts.')).toEqual(['src/core/no-such-file.ts']);
});
