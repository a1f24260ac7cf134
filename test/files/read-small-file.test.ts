import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/load-settings.ts';
import { loadSiteProfile } from '../../src/config/load-site-profile.ts';
import { writeSetting } from '../../src/config/edit-config.ts';
import { UnfitFileError } from '../../src/files/open-regular.ts';
import { readSmallFile } from '../../src/files/read-small-file.ts';
import { realDisk } from '../../src/files/disk.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { readPrivateFile } from '../../src/stores/box/login/login-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'small-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Each puts something at a path that is no file of ours. */
const TRAPS: readonly (readonly [what: string, put: (path: string) => unknown, problem: RegExp])[] = [
  ['a named pipe', (path) => execFileSync('mkfifo', ['-m', '600', path]), /named pipe/],
  ['a link to an endless device', (path) => symlink('/dev/zero', path), /device/],
  ['a folder', (path) => mkdir(path, { mode: 0o700 }), /folder/],
  ['a file without bounds', (path) => writeFile(path, Buffer.alloc(70 << 20, 'x'), { mode: 0o600 }), /too large/],
];

describe.each(TRAPS)('where a file should be and there is %s', (_what, put, problem) => {
  it('is refused by its sort, not read and not waited for', async () => {
    const path = join(folder, 'x');
    await put(path);
    await expect(readSmallFile(path)).rejects.toThrow(problem);
    await expect(readSmallFile(path)).rejects.toBeInstanceOf(UnfitFileError);
  });

  it('is said of settings, a site, a login, a run', async () => {
    const path = join(folder, 'ocr-pipeline.yaml');
    await put(path);
    const shell = { workingFolder: folder, environment: { HOME: join(folder, 'home') } };
    await expect(loadSettings(new Map(), shell)).rejects.toThrow(problem);
    const site = { workingFolder: join(folder, 'home'), environment: { OCR_PIPELINE_SITE_FILE: path } };
    await expect(loadSettings(new Map(), site)).rejects.toThrow(problem);
    await expect(writeSetting(path, 'lang', ['deu'])).rejects.toThrow(problem);
    await expect(loadSiteProfile(path)).rejects.toThrow(problem);
    await expect(readPrivateFile(path)).rejects.toThrow(/x|ocr-pipeline\.yaml/);
    await mkdir(join(folder, 'run'));
    await put(join(folder, 'run', 'run.json'));
    await expect(RunFolder.open(join(folder, 'run'), realDisk)).rejects.toThrow(problem);
  });
});

it('what is there up to the limit is read whole, a byte more is not', async () => {
  const path = join(folder, 'x');
  await writeFile(path, 'äöü');
  expect((await readSmallFile(path, 6)).text).toBe('äöü');
  await expect(readSmallFile(path, 5)).rejects.toThrow('more than 5 bytes');
});
