import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceDocument } from '../../src/core/document.ts';
import { PipelineError } from '../../src/core/errors.ts';
import type { WriteRequest } from '../../src/stores/document-store.ts';
import { LocalFolder } from '../../src/stores/local-folder.ts';
import { ERRNOS, failingFileSystem, type Failure } from '../support/failing-file-system.ts';
import { HANG_MS } from '../support/hang.ts';

const signal = AbortSignal.timeout(HANG_MS);

describe('a local folder that gives trouble', () => {
  let base: string;
  let root: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'trouble-'));
    root = join(base, 'out');
    await mkdir(root);
    await writeFile(join(base, 'result'), 'a result');
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  const storeWith = (failure: Failure): LocalFolder =>
    new LocalFolder({ roots: [root], recursive: true, exclude: [], fileSystem: failingFileSystem(failure) });

  const requestFor = (path: string): WriteRequest => ({
    path,
    artifact: { file: join(base, 'result'), sizeBytes: 8, sha1: createHash('sha1').update('a result').digest('hex') },
    isOurs: () => false,
    onConflict: 'stop',
    properties: {},
  });

  const failureOf = async (store: LocalFolder, path: string): Promise<PipelineError> => {
    const error: unknown = await store.write(requestFor(path), signal).catch((each: unknown) => each);
    if (!(error instanceof PipelineError)) throw new Error(`no error of ours: ${String(error)}`);
    return error;
  };

  it.each(ERRNOS)(
    'whose disk refuses one name with %s costs that document, or names the environment',
    async (name, errno) => {
      // The root itself can be written: only the one result is refused.
      const linkless = failingFileSystem({ edge: 'link', errno: 1 });
      const failing = failingFileSystem({ edge: 'rename', errno, paths: (path) => path.endsWith('odd.txt') });
      const refusing = new LocalFolder({
        roots: [root],
        recursive: true,
        exclude: [],
        fileSystem: { ...failing, link: linkless.link },
      });
      const failure = await failureOf(refusing, 'odd.txt');
      const isEnvironment =
        /^(?:ENOSPC|EDQUOT|EMFILE|ENFILE|ENOMEM|EAGAIN|EWOULDBLOCK|ENOLCK|ENOBUFS|ENOSR|E2BIG|EDEADLK)$/.test(name);
      expect(failure.scope).toBe(isEnvironment ? 'environment' : 'document');
      expect(failure.exitCode).toBe(74);
      expect(failure.message).toContain('odd.txt');
      expect((await readdir(root)).filter((file) => file !== 'odd.txt')).toEqual([]);
    },
  );

  it.each([
    ['EINVAL', 22],
    ['EILSEQ', 84],
    ['ENAMETOOLONG', 36],
    ['ENOENT', 2],
  ])('that takes no name like `a:b?.txt` (%s) takes the next one', async (_name, errno) => {
    const store = storeWith({ edge: 'link', errno, paths: (path) => path.includes('?') });
    const renaming = storeWith({ edge: 'rename', errno, paths: (path) => path.includes('?') });
    for (const each of [store, renaming]) await each.write(requestFor('b.txt'), signal);
    if (errno !== 22)
      expect(await failureOf(store, 'a:b?.txt')).toMatchObject({ code: 'WRITE_FAILED', scope: 'document' });
    expect(await readdir(root)).toEqual(['b.txt']);
  });

  it('that itself refuses stops the run, by its name', async () => {
    const store = storeWith({ edge: 'open', errno: 30 });
    expect(await failureOf(store, 'a.txt')).toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      exitCode: 77,
      scope: 'store',
    });
    const dead = storeWith({ edge: 'open', errno: 107 });
    const failure = await failureOf(dead, 'a.txt');
    expect(failure).toMatchObject({ code: 'WRITE_FAILED', scope: 'environment' });
    expect(failure.message).toBe(`Cannot write ${root}: the disk or network is not connected (ENOTCONN).`);
  });

  it('that is full says which disk, how much is needed and what helps', async () => {
    const failure = await failureOf(storeWith({ edge: 'write', errno: 28 }), 'a.txt');
    expect(failure).toMatchObject({ code: 'DISK_FULL', scope: 'environment', exitCode: 74 });
    expect(failure.message).toMatch(
      /^No room left on the disk of .+a\.txt, mounted at \/.*: .+ free, 8 bytes needed\.$/,
    );
    expect(failure.advice.remedy).toBe('Make room there, or give --output on another disk; then the same command.');
    const quota = await failureOf(storeWith({ edge: 'fsync', errno: 122 }), 'a.txt');
    expect(quota).toMatchObject({ code: 'DISK_QUOTA', scope: 'environment' });
    expect(quota.advice.remedy).not.toContain('--work-dir');
  });

  it('gets a second try where its trouble passes', async () => {
    const store = storeWith({ edge: 'fsync', errno: 5, times: 1 });
    expect(await store.write(requestFor('a.txt'), signal)).toMatchObject({ outcome: 'created' });
    expect(await readdir(root)).toEqual(['a.txt']);
  });

  it('is cleared of what killed runs were writing, and of nothing that a living one is', async () => {
    const host = createHash('sha1').update(hostname()).digest('hex').slice(0, 8);
    const ofTheDead = `.ocr-pipeline-${host}-${2 ** 22 + 1}-77-0123456789ab.tmp`;
    const { startTicks } = await import('../../src/files/process-life.ts').then((each) => each.markOwnProcess());
    const ofTheLiving = `.ocr-pipeline-${host}-${process.pid}-${startTicks ?? 0}-0123456789ab.tmp`;
    const ofAnotherHost = '.ocr-pipeline-00000000-12-77-0123456789ab.tmp';
    await mkdir(join(root, 'letters'));
    for (const name of [ofTheDead, ofTheLiving, ofAnotherHost, '.ocr-pipeline-notes.tmp'])
      for (const folder of [root, join(root, 'letters')]) await writeFile(join(folder, name), '');
    const store = new LocalFolder({ roots: [root], recursive: true, exclude: [] });
    await store.checkWritable();
    await store.write(requestFor('letters/a.txt'), signal);
    const kept = [ofTheLiving, ofAnotherHost, '.ocr-pipeline-notes.tmp'].sort();
    expect((await readdir(root)).sort()).toEqual([...kept, 'letters'].sort());
    expect((await readdir(join(root, 'letters'))).sort()).toEqual([...kept, 'a.txt'].sort());
  });

  const document = async (name: string): Promise<SourceDocument> => {
    const id = join(root, name);
    await writeFile(id, 'a scan');
    const { size, mtimeNs, ino } = await stat(id, { bigint: true });
    return { id, path: name, sizeBytes: Number(size), version: `${size}-${mtimeNs}-${ino}` };
  };

  it('one of whose scans was moved away loses that scan; a folder that has gone stops the run by its name', async () => {
    const store = new LocalFolder({ roots: [root], recursive: true, exclude: [] });
    const [gone, there] = [await document('gone.pdf'), await document('there.pdf')];
    await rm(gone.id);
    await expect(store.read(gone, '', signal)).rejects.toMatchObject({ code: 'SOURCE_GONE', scope: 'document' });
    expect(await store.read(there, '', signal)).toMatchObject({ sizeBytes: 6 });
    await rename(root, join(base, 'unmounted'));
    const failure: unknown = await store.read(there, '', signal).catch((each: unknown) => each);
    expect(failure).toMatchObject({ code: 'INPUT_GONE', scope: 'store', exitCode: 75 });
    expect((failure as Error).message).toContain(root);
    expect(await readFile(join(base, 'unmounted', 'there.pdf'), 'utf8')).toBe('a scan');
  });
});
