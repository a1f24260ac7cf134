import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListedEntry } from '../../src/core/document.ts';
import { RESULT_MARK } from '../../src/core/not-a-scan.ts';
import type { WriteRequest } from '../../src/stores/document-store.ts';
import { LocalFolder } from '../../src/stores/local-folder.ts';
import { describeDocumentStore, type StoreHarness } from '../conformance/document-store.ts';
import { HANG_MS } from '../support/hang.ts';

async function makeHarness(): Promise<StoreHarness> {
  const base = await mkdtemp(join(tmpdir(), 'local-folder-'));
  const root = join(base, 'root');
  const scratch = join(base, 'scratch');
  await mkdir(root);
  await mkdir(scratch);
  const place = (path: string): string => join(root, path);
  const put = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(place(path)), { recursive: true });
    await writeFile(place(path), bytes);
  };
  return {
    store: new LocalFolder({ roots: [root], recursive: true, exclude: [] }),
    scratch,
    seed: put,
    async replace(path, bytes) {
      await put(path, bytes);
      // Two writes within one tick of the clock would look alike.
      await utimes(place(path), new Date(), new Date(Date.now() + 2_000));
    },
    remove: (path) => unlink(place(path)),
    readBack: (path) => readFile(place(path)).catch(() => undefined),
    async listVisible() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
    },
    async versionOf(path) {
      const { ino, mtimeNs } = await stat(place(path), { bigint: true });
      return `${ino}-${mtimeNs}`;
    },
    reopen: () => Promise.resolve(new LocalFolder({ roots: [root], recursive: true, exclude: [] })),
    refusesName: (name) => (Buffer.byteLength(name) > 255 ? 'file names here have at most 255 bytes' : undefined),
    close: () => rm(base, { recursive: true, force: true }),
  };
}

describeDocumentStore('local folder', makeHarness);

describe('local folder', () => {
  let base: string;
  const signal = AbortSignal.timeout(HANG_MS);
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'local-folder-'));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  async function listed(store: LocalFolder): Promise<string[]> {
    const entries: ListedEntry[] = [];
    for await (const entry of store.list(signal)) entries.push(entry);
    return entries
      .map((entry) => (entry.kind === 'document' ? entry.document.path : `-${entry.entry.path} ${entry.entry.code}`))
      .sort();
  }

  it('leaves out trash, notes of systems, locks of programs, and what this program has made', async () => {
    const put = async (path: string, text = '%PDF-1.4 a scan'): Promise<void> => {
      await mkdir(dirname(join(base, path)), { recursive: true });
      await writeFile(join(base, path), text);
    };
    for (const path of [
      'letter.pdf',
      '._letter.pdf',
      '~$letter.pdf',
      '.~lock.letter.pdf#',
      '.#letter.pdf',
      '.DS_Store',
      'Thumbs.db',
      '.Trash-1000/files/a.pdf',
      '.Trash/a.pdf',
      '.Trashes/501/a.pdf',
      '$RECYCLE.BIN/S-1/a.pdf',
      'deep/.Trash-0/a.pdf',
      'System Volume Information/a.pdf',
      'lost+found/a.pdf',
      '@eaDir/a.pdf',
      'trash/kept.pdf',
    ])
      await put(path);
    await put('text/letter.pdf', `%PDF-1.4 a scan\n${'x'.repeat(5_000)}\n${RESULT_MARK}\nstartxref\n9\n%%EOF\n`);
    for (const file of ['run.json', 'ledger.ndjson', 'documents/1/source.pdf']) await put(`runs/old-run/${file}`);
    const store = new LocalFolder({ roots: [base], recursive: true, exclude: [] });
    expect(await listed(store)).toEqual([
      '-$RECYCLE.BIN TRASH',
      '-.#letter.pdf LOCK_FILE',
      '-.DS_Store SYSTEM_FILE',
      '-.Trash TRASH',
      '-.Trash-1000 TRASH',
      '-.Trashes TRASH',
      '-._letter.pdf SYSTEM_FILE',
      '-.~lock.letter.pdf# LOCK_FILE',
      '-@eaDir SYSTEM_FOLDER',
      '-System Volume Information SYSTEM_FOLDER',
      '-Thumbs.db SYSTEM_FILE',
      '-deep/.Trash-0 TRASH',
      '-lost+found SYSTEM_FOLDER',
      '-runs/old-run OUR_OUTPUT',
      '-text/letter.pdf OUR_OUTPUT',
      '-~$letter.pdf LOCK_FILE',
      'letter.pdf',
      'trash/kept.pdf',
    ]);
    // What a person names is taken at their word.
    const named = new LocalFolder({ roots: [join(base, '.Trash')], recursive: true, exclude: [] });
    expect(await listed(named)).toEqual(['a.pdf']);
    const made = new LocalFolder({ roots: [join(base, 'text/letter.pdf')], recursive: true, exclude: [] });
    expect(await listed(made)).toEqual(['letter.pdf']);
  });

  it('does not follow a linked folder out of the output', async () => {
    const bytes = Buffer.from('a result');
    await writeFile(join(base, 'artifact'), bytes);
    const sha1 = createHash('sha1').update(bytes).digest('hex');
    const artifact = { file: join(base, 'artifact'), sizeBytes: bytes.length, sha1 };
    const out = join(base, 'out');
    await mkdir(join(out, 'real/deep'), { recursive: true });
    await mkdir(join(base, 'elsewhere/deep'), { recursive: true });
    await symlink(join(base, 'elsewhere'), join(out, 'away'));
    await symlink('../elsewhere', join(out, 'real/relative'));
    await symlink(join(base, 'nowhere'), join(out, 'dangling'));
    await symlink('real', join(out, 'inner'));
    const store = new LocalFolder({ roots: [out], recursive: true, exclude: [] });
    const write = (path: string): Promise<unknown> =>
      store.write({ path, artifact, isOurs: () => false, onConflict: 'version' }, signal);
    for (const path of [
      'away/a.txt',
      'away/deep/a.txt',
      'away/new/a.txt',
      'real/relative/a.txt',
      'dangling/a.txt',
      'inner/relative/a.txt',
    ])
      await expect(write(path), path).rejects.toMatchObject({ code: 'OUTPUT_LINK', scope: 'document' });
    for (const path of ['inner/a.txt', 'inner/deep/b.txt', 'inner/new/c.txt', 'new/d.txt']) await write(path);
    expect(await readdir(join(base, 'elsewhere'), { recursive: true })).toEqual(['deep']);
    expect((await readdir(join(out, 'real'), { recursive: true })).sort()).toEqual(
      ['a.txt', 'deep', 'deep/b.txt', 'new', 'new/c.txt', 'relative'].sort(),
    );
    // The output itself may be a link: the person named it.
    await symlink(out, join(base, 'linked-output'));
    const linked = new LocalFolder({ roots: [join(base, 'linked-output')], recursive: true, exclude: [] });
    await linked.write({ path: 'new/e.txt', artifact, isOurs: () => false, onConflict: 'stop' }, signal);
  });

  it('leaves out, with a reason, what is not a document', async () => {
    await mkdir(join(base, 'sub/deep'), { recursive: true });
    await mkdir(join(base, 'folder.pdf'));
    await mkdir(join(base, 'out'));
    await writeFile(join(base, 'out/old.pdf'), 'x');
    await writeFile(join(base, 'a.PDF'), 'x');
    await writeFile(join(base, 'notes.txt'), 'x');
    await writeFile(join(base, 'sub/deep/b.pdf'), 'x');
    await symlink(join(base, 'a.PDF'), join(base, 'linked.pdf'));
    await symlink(base, join(base, 'loop.pdf'));
    await symlink('/nowhere', join(base, 'dangling.pdf'));
    const store = new LocalFolder({ roots: [base], recursive: true, exclude: [join(base, 'out')] });
    expect(await listed(store)).toEqual([
      '-dangling.pdf LINK',
      '-loop.pdf LINK',
      '-notes.txt NOT_A_PDF_NAME',
      '-out OUR_OUTPUT',
      'a.PDF',
      'linked.pdf',
      'sub/deep/b.pdf',
    ]);
    const flat = new LocalFolder({ roots: [base], recursive: false, exclude: [] });
    expect(await listed(flat)).toContain('-sub SUBFOLDER');
  });

  it('takes files by name and several folders, told apart by their names', async () => {
    await mkdir(join(base, 'one'));
    await mkdir(join(base, 'two'));
    await writeFile(join(base, 'one/x.pdf'), 'x');
    await writeFile(join(base, 'two/x.pdf'), 'x');
    await writeFile(join(base, 'scan'), 'x');
    const store = new LocalFolder({
      roots: [join(base, 'one'), join(base, 'two'), join(base, 'scan')],
      recursive: true,
      exclude: [],
    });
    expect(await listed(store)).toEqual(['one/x.pdf', 'scan', 'two/x.pdf']);
  });

  it.skipIf(process.platform === 'win32')('never waits at a named pipe in the place of a scan', async () => {
    const pipe = join(base, 'letter.pdf');
    execFileSync('mkfifo', [pipe]);
    const store = new LocalFolder({ roots: [pipe], recursive: true, exclude: [] });
    const entries: ListedEntry[] = [];
    for await (const entry of store.list(signal)) entries.push(entry);
    expect(entries).toEqual([
      { kind: 'left-out', entry: { path: 'letter.pdf', code: 'NOT_A_FILE', reason: 'Not a file.' } },
    ]);
  });

  it.skipIf(process.platform === 'win32')(
    'takes a named pipe in the place of a result for a name that is taken',
    async () => {
      await mkdir(join(base, 'out'));
      execFileSync('mkfifo', [join(base, 'out', 'a.txt')]);
      await writeFile(join(base, 'made'), 'text');
      const sha1 = createHash('sha1').update('text').digest('hex');
      const store = new LocalFolder({ roots: [join(base, 'out')], recursive: true, exclude: [] });
      const request = {
        path: 'a.txt',
        artifact: { file: join(base, 'made'), sizeBytes: 4, sha1 },
        isOurs: () => false,
        onConflict: 'stop',
      } as unknown as WriteRequest;
      await expect(store.write(request, signal)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
      expect(await store.write({ ...request, onConflict: 'rename' }, signal)).toMatchObject({ path: 'a (2).txt' });
    },
  );

  it('says which folder is missing', async () => {
    const store = new LocalFolder({ roots: [join(base, 'none')], recursive: true, exclude: [] });
    await expect(listed(store)).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND', exitCode: 66 });
  });

  it('does not loop where the name is a link that leads nowhere', async () => {
    await symlink('/nowhere', join(base, 'a.txt'));
    const file = join(base, 'artifact');
    await writeFile(file, 'text');
    const store = new LocalFolder({ roots: [base], recursive: true, exclude: [] });
    const sha1 = createHash('sha1').update('text').digest('hex');
    const request = {
      path: 'a.txt',
      artifact: { file, sizeBytes: 4, sha1 },
      isOurs: () => false,
      onConflict: 'stop' as const,
    };
    await expect(store.write(request, signal)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
  });

  it('tells whether a result is still there', async () => {
    await writeFile(join(base, 'a.txt'), 'text');
    const store = new LocalFolder({ roots: [base], recursive: true, exclude: [] });
    expect(await store.stillHas({ path: 'a.txt', sizeBytes: 4 })).toBe(true);
    expect(await store.stillHas({ path: 'a.txt', sizeBytes: 5 })).toBe(false);
    expect(await store.stillHas({ path: 'b.txt', sizeBytes: 4 })).toBe(false);
  });
});
