import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireTools } from '../support/requires.ts';
import { HANG_MS } from '../support/hang.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const FIXTURES = join(PROJECT, 'test/fixtures');
const SCRIPT = join(PROJECT, 'scripts/make-fixtures.ts');
const MOST_BYTES = 2_000_000;
const execute = promisify(execFile);

/** Files below a folder by path, in order. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

async function digests(folder: string): Promise<Record<string, string>> {
  const entries = (await filesOf(folder)).map(
    async (name) =>
      [
        name,
        createHash('sha1')
          .update(await readFile(join(folder, name)))
          .digest('hex'),
      ] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

describe('the script of the fixtures', () => {
  let base: string;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'make-fixtures-'));
    for (const name of ['one', 'two'])
      await execute(process.execPath, [SCRIPT, join(base, name)], { timeout: HANG_MS });
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  it('makes the same bytes each time', async () => {
    expect(await digests(join(base, 'one'))).toEqual(await digests(join(base, 'two')));
  });

  it('makes the files that are here, with the same truth', async () => {
    const here = (await filesOf(FIXTURES)).filter((name) => name !== 'README.md');
    expect(await filesOf(join(base, 'one'))).toEqual(here);
    for (const name of here.filter((path) => path.endsWith('.txt'))) {
      expect(await readFile(join(base, 'one', name), 'utf8'), name).toBe(await readFile(join(FIXTURES, name), 'utf8'));
    }
  });

  it('is explained: each file has its row, and all are small', async () => {
    const readme = await readFile(join(FIXTURES, 'README.md'), 'utf8');
    const names = await filesOf(FIXTURES);
    for (const name of names.filter((path) => path.endsWith('.pdf') && !path.includes('/')))
      expect(readme).toContain(`\`${name}\``);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(FIXTURES, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
  });
});

const need = requireTools(['qpdf']);

describe.skipIf(need.skip)(`the locked fixture${need.skip ? ` (${need.reason})` : ''}`, () => {
  it('opens with its password, and with no other', async () => {
    const file = join(FIXTURES, 'encrypted.pdf');
    const { stdout } = await execute('qpdf', ['--password=a secret', '--check', file]);
    expect(stdout).toContain('Supplied password is user password');
    await expect(execute('qpdf', ['--password=another', '--check', file])).rejects.toMatchObject({ code: 2 });
    await expect(execute('qpdf', ['--check', file])).rejects.toMatchObject({ code: 2 });
  });
});
