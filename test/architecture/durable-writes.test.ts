import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = resolve(import.meta.dirname, '../../src');

/** Calls by which a file comes into its place. Node's own; those of `src/files` carry other names. */
const PLACING =
  /import \{[^}]*\b(?:rename|link|copyFile|cp|createWriteStream|truncate)\b[^}]*\} from 'node:fs(?:\/promises)?'/;

/** Its `progress.json` is of the moment: what a crash takes is written again a second later. */
const OF_THE_MOMENT = ['runs/run-folder.ts'];

test('files come into their place in src/files alone', () => {
  const files = globSync('**/*.ts', { cwd: SOURCE }).filter((file) => !file.startsWith('files/'));
  expect(files.length).toBeGreaterThan(200);
  const placing = files.filter((file) => PLACING.test(readFileSync(join(SOURCE, file), 'utf8')));
  expect(placing.toSorted()).toEqual(OF_THE_MOMENT);
});
