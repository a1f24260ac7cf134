import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { realDisk } from '../../src/files/disk.ts';
import { RunFolder } from '../../src/runs/run-folder.ts';
import { describeOpenFolder, secureRunFolder } from '../../src/runs/run-privacy.ts';
import { BIN, cleanEnvironment, makeFolder } from '../cli/run-cli.ts';
import { RECORD } from './run-record.ts';

const SCAN = join(import.meta.dirname, '../fixtures', 'blank-inside.pdf');
const UMASK = process.umask();
afterAll(() => void process.umask(UMASK));

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

function* everythingIn(folder: string): Generator<[path: string, isFolder: boolean]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    yield [path, entry.isDirectory()];
    if (entry.isDirectory()) yield* everythingIn(path);
  }
}

/** Runs the real program in a shell that has set this umask. */
async function runUnder(umask: string, home: string, ...args: string[]): Promise<string> {
  const words = ['run', '--input', 'scan.pdf', '--output', 'text', '--work-dir', 'wd', '--engine', 'null', ...args];
  const { stderr } = await promisify(execFile)(
    'sh',
    ['-c', `umask ${umask}; exec "$@"`, 'sh', process.execPath, BIN, ...words],
    {
      cwd: home,
      env: cleanEnvironment(home),
    },
  );
  return stderr;
}

describe('a run folder', () => {
  let home = '';
  beforeEach(() => {
    home = makeFolder();
    copyFileSync(SCAN, join(home, 'scan.pdf'));
  });
  const runIn = (workDir: string): string => {
    const [name = ''] = readdirSync(workDir).filter((each) => each.startsWith('scan'));
    return join(workDir, name);
  };

  it.each(['000', '022'])(
    "is its owner's alone with all in it, at umask %s too; results are as the shell says",
    async (umask) => {
      await runUnder(umask, home);
      const run = runIn(join(home, 'wd'));
      expect(modeOf(run)).toBe('700');
      for (const [path, isFolder] of everythingIn(run))
        expect([path, modeOf(path)]).toEqual([path, isFolder ? '700' : '600']);
      const open = 0o777 & ~Number.parseInt(umask, 8);
      expect(modeOf(join(home, 'text'))).toBe(open.toString(8));
      expect(modeOf(join(home, 'text', 'scan.txt'))).toBe((open & 0o666).toString(8));
    },
  );

  it('is shared with the group of the work folder where that is asked for, and stays so', async () => {
    mkdirSync(join(home, 'wd'));
    if (process.getuid?.() === 0) chownSync(join(home, 'wd'), 0, 4243);
    const { gid } = statSync(join(home, 'wd'));
    await runUnder('077', home, '--share', 'group');
    await runUnder('077', home);
    const run = runIn(join(home, 'wd'));
    expect(modeOf(run)).toBe('2770');
    for (const [path, isFolder] of everythingIn(run)) {
      // Locks say who works on the run, and are nobody else's to write.
      if (/lock/.test(path)) continue;
      expect([path, modeOf(path), statSync(path).gid]).toEqual([path, isFolder ? '2770' : '660', gid]);
    }
  });

  it('in a work folder that others can write is said to be so, once', async () => {
    mkdirSync(join(home, 'wd'));
    chmodSync(join(home, 'wd'), 0o777);
    const said = await runUnder('022', home, '--progress', 'plain');
    expect(said.match(/Everybody can write to the work folder/g)).toHaveLength(1);
    chmodSync(join(home, 'wd'), 0o755);
    expect(await describeOpenFolder(join(home, 'wd'), 'none')).toBeUndefined();
  });
});

describe('a run folder that was made beforehand', () => {
  it('with another destination, is not gone on with', async () => {
    const workDir = makeFolder();
    const theirs = { ...RECORD, destination: { ...RECORD.destination, ids: ['/theirs'] } };
    await using _ = await RunFolder.create(workDir, theirs, realDisk);
    await expect(RunFolder.create(workDir, RECORD, realDisk)).rejects.toMatchObject({ code: 'RUN_DIFFERS' });
    await using again = await RunFolder.create(workDir, { ...theirs, createdAt: 'later' }, realDisk);
    expect(again.record.destination.ids).toEqual(['/theirs']);
  });

  it.runIf(process.getuid?.() === 0)('by somebody else, is refused, empty or not', async () => {
    const path = join(makeFolder(), 'run');
    mkdirSync(path);
    chownSync(path, 4242, 4242);
    await expect(secureRunFolder(path, undefined)).rejects.toMatchObject({ code: 'RUN_NOT_YOURS' });
    await expect(secureRunFolder(path, 'group')).rejects.toMatchObject({ code: 'RUN_NOT_YOURS' });
    chmodSync(path, 0o2770);
    await expect(secureRunFolder(path, undefined)).rejects.toMatchObject({ code: 'RUN_NOT_YOURS' });
    expect(await secureRunFolder(path, 'group')).toBe(true);
  });

  it.runIf(process.getuid?.() === 0)('by somebody else, as a link to a folder of ours, is refused', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'ours'));
    chmodSync(join(folder, 'ours'), 0o755);
    symlinkSync('ours', join(folder, 'run'));
    lchownSync(join(folder, 'run'), 4242, 4242);
    await expect(secureRunFolder(join(folder, 'run'), undefined)).rejects.toMatchObject({ code: 'RUN_NOT_YOURS' });
    expect(modeOf(join(folder, 'ours'))).toBe('755');
    lchownSync(join(folder, 'run'), 0, 0);
    expect(await secureRunFolder(join(folder, 'run'), undefined)).toBe(true);
  });

  it('open to others, is closed with all in it', async () => {
    const path = join(makeFolder(), 'run');
    mkdirSync(join(path, 'documents'), { recursive: true });
    writeFileSync(join(path, 'documents', 'x'), '');
    chmodSync(join(path, 'documents', 'x'), 0o666);
    chmodSync(join(path, 'documents'), 0o777);
    chmodSync(path, 0o777);
    await secureRunFolder(path, undefined);
    expect([path, join(path, 'documents'), join(path, 'documents', 'x')].map(modeOf)).toEqual(['700', '700', '600']);
  });
});
