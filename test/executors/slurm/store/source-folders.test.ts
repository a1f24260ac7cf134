import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SourceFolders } from '../../../../src/executors/slurm/store/source-folders.ts';
import { NO_HISTORY, type ChunkOrder } from '../../../../src/executors/slurm/store/wave-store.ts';

let base = '';
beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'source-folders-')));
  for (const folder of ['home/scans', 'home/other', 'data/letters', 'run'])
    mkdirSync(join(base, folder), { recursive: true });
  for (const file of ['home/login.json', 'home/a.pdf', 'home/scans/a.pdf', 'data/letters/b.pdf', 'run/c.pdf'])
    writeFileSync(join(base, file), '');
  symlinkSync(join(base, 'data/letters/b.pdf'), join(base, 'home/scans/b.pdf'));
  symlinkSync(join(base, 'home/scans'), join(base, 'link'));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function order(...files: readonly string[]): ChunkOrder[] {
  const ranges = files.map((file) => ({ sha1: file, file: join(base, file), pageNumbers: [1] }));
  return [{ id: '1-1', ranges, history: NO_HISTORY }];
}

async function foldersFor(named: readonly string[], ...files: readonly string[]): Promise<string[]> {
  const sources = new SourceFolders(
    join(base, 'run'),
    named.map((path) => join(base, path)),
  );
  const folders = await sources.foldersOf(await sources.withRealFiles(order(...files)));
  return folders.map((folder) => folder.slice(base.length + 1)).sort();
}

describe('what a container sees of the documents', () => {
  test('a folder that was named, and not what lies beside it', async () => {
    expect(await foldersFor(['home/scans'], 'home/scans/a.pdf')).toEqual(['home/scans']);
  });

  test("a file's folder where a file was named", async () => {
    expect(await foldersFor(['home/a.pdf'], 'home/a.pdf')).toEqual(['home']);
  });

  test('the folder in which a linked document really lies', async () => {
    expect(await foldersFor(['home/scans'], 'home/scans/a.pdf', 'home/scans/b.pdf')).toEqual([
      'data/letters',
      'home/scans',
    ]);
  });

  test('a linked folder by its real path, and its documents too', async () => {
    expect(await foldersFor(['link'], 'link/a.pdf')).toEqual(['home/scans']);
    const [chunk] = await new SourceFolders(join(base, 'run'), []).withRealFiles(order('link/a.pdf', 'link/b.pdf'));
    expect(chunk?.ranges.map(({ file }) => file)).toEqual([
      join(base, 'home/scans/a.pdf'),
      join(base, 'data/letters/b.pdf'),
    ]);
  });

  test('nothing for documents in the run folder', async () => {
    expect(await foldersFor([], 'run/c.pdf')).toEqual([]);
  });

  test('nothing that is gone: a container would not start', async () => {
    expect(await foldersFor(['gone'], 'gone/a.pdf')).toEqual([]);
    expect(await foldersFor(['home/scans'], 'home/scans/gone.pdf')).toEqual(['home/scans']);
  });
});
