import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutputError } from '../../src/core/errors.ts';
import { diskOver, type Disk } from '../../src/files/disk.ts';
import { ERRNOS, failingFileSystem, WRITE_EDGES, type WriteEdge } from '../support/failing-file-system.ts';

/** What a file system without fsync, or without hard links, may say to that; and what a moment's trouble is. */
const TOLERATED: Readonly<Partial<Record<WriteEdge, RegExp>>> = {
  fsync:
    /^(?:EINVAL|EROFS|ENOTSUP|EOPNOTSUPP|ENOSYS|ENOTTY|EXDEV|EMLINK|ENOEXEC|ENOPROTOOPT|EPROTONOSUPPORT|EAFNOSUPPORT)$/,
};

/** What each way of writing meets of the system's calls. */
const WAYS: Readonly<
  Record<string, { edges: readonly WriteEdge[]; write: (disk: Disk, folder: string) => Promise<void> }>
> = {
  'a file written whole': {
    edges: ['open', 'write', 'fsync', 'rename'],
    write: (disk, folder) => disk.writeWhole(join(folder, 'new'), 'new'),
  },
  'a file copied whole': {
    edges: ['rename'],
    write: (disk, folder) => disk.copyWhole(join(folder, 'old'), join(folder, 'new')),
  },
  'a file appended to': {
    edges: ['open', 'write', 'fsync'],
    async write(disk, folder) {
      const file = await disk.openAppend(join(folder, 'new'));
      try {
        await file.append('new');
        await file.sync();
      } finally {
        await file.close();
      }
    },
  },
  'a file renamed': {
    edges: ['rename'],
    write: (disk, folder) => disk.rename(join(folder, 'old'), join(folder, 'new')),
  },
  'a folder made': { edges: ['mkdir'], write: (disk, folder) => disk.makeFolder(join(folder, 'a', 'b')) },
};

describe('the disk', () => {
  let base: string;
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'disk-'));
  });
  afterAll(() => rm(base, { recursive: true, force: true }));
  let made = 0;
  const freshFolder = async (): Promise<string> => {
    const folder = join(base, String(made++));
    await mkdir(folder);
    await writeFile(join(folder, 'old'), 'old');
    return folder;
  };

  for (const [way, { edges, write }] of Object.entries(WAYS)) {
    for (const edge of edges) {
      it.each(ERRNOS)(`${way}, %s at ${edge}: told in words, nothing half-written`, async (name, errno) => {
        // EEXIST at mkdir: somebody else made the folder.
        if (edge === 'mkdir' && name === 'EEXIST') return;
        const folder = await freshFolder();
        // A moment's trouble passes: a lasting one is meant here.
        const writing = write(diskOver(failingFileSystem({ edge, errno })), folder);
        if (TOLERATED[edge]?.test(name)) return await writing;
        const failure: unknown = await writing.catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(OutputError);
        expect(failure).toMatchObject({ exitCode: 74, scope: 'environment' });
        expect((failure as OutputError).message).toContain(folder);
        if (!['ENOSPC', 'EDQUOT'].includes(name)) expect((failure as OutputError).message).toMatch(/: .+ \(E\w+\)\.$/);
        const left = (await readdir(folder)).filter((file) => file !== 'old' && file !== 'new');
        expect(left).toEqual([]);
      });
    }
  }

  it.each([
    ['ENOTCONN', 107],
    ['ETIMEDOUT', 110],
    ['EBUSY', 16],
    ['EIO', 5],
    ['ESTALE', 116],
  ] as const)('is asked once more where its trouble may pass: %s', async (_name, errno) => {
    const folder = await freshFolder();
    const disk = diskOver(failingFileSystem({ edge: 'rename', errno, times: 1 }));
    await disk.writeWhole(join(folder, 'new'), 'new');
    expect(await readFile(join(folder, 'new'), 'utf8')).toBe('new');
  });

  it.each([
    ['EPERM', 1],
    ['EINVAL', 22],
    ['ENOTSUP', 95],
    ['ENOSYS', 38],
    ['EMLINK', 31],
    ['EACCES', 13],
    ['EXDEV', 18],
  ])('without hard links (%s) still lets the first of several results count', async (_name, errno) => {
    const folder = await freshFolder();
    const disk = diskOver(failingFileSystem({ edge: 'link', errno }));
    await disk.renameUnlessThere(join(folder, 'old'), join(folder, 'new'));
    expect(await readdir(folder)).toEqual(['new']);
    await writeFile(join(folder, 'late'), 'late');
    await disk.renameUnlessThere(join(folder, 'late'), join(folder, 'new'));
    expect(await readFile(join(folder, 'new'), 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['new']);
  });

  it('knows all the edges that a write can meet', () => {
    const met = new Set(Object.values(WAYS).flatMap(({ edges }) => edges));
    expect(WRITE_EDGES.filter((edge) => !met.has(edge))).toEqual(['link']);
  });
});
