import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realFileSystem } from '../../src/files/file-system.ts';
import { placeFetched } from '../../src/files/place-fetched.ts';

let folder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'place-fetched-'));
  target = join(folder, 'scan.pdf');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('what can be had again', () => {
  it('is in its place when it is whole, for its owner alone', async () => {
    // What a killed process left.
    await writeFile(`${target}.part`, 'a longer text of an earlier try');
    const isInPlace = await placeFetched(target, async (file) => {
      await file.writeFile('all');
      expect(await readdir(folder)).toEqual(['scan.pdf.part']);
      return true;
    });
    expect(isInPlace).toBe(true);
    expect(await readFile(target, 'utf8')).toBe('all');
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['scan.pdf']);
  });

  it('is nowhere when it did not come whole, and what was there stays', async () => {
    await writeFile(target, 'before');
    expect(await placeFetched(target, () => Promise.resolve(false))).toBe(false);
    await expect(placeFetched(target, () => Promise.reject(new Error('the line broke')))).rejects.toThrow('broke');
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    const fs = { ...realFileSystem, rename: () => Promise.reject(full) };
    await expect(placeFetched(target, () => Promise.resolve(true), fs)).rejects.toBe(full);
    expect(await readdir(folder)).toEqual(['scan.pdf']);
    expect(await readFile(target, 'utf8')).toBe('before');
  });
});
