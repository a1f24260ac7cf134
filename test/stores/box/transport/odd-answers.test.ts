import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceDocument } from '../../../../src/core/document.ts';
import type { BoxStore } from '../../../../src/stores/box/box-store.ts';
import { calm, sha1Of } from '../../../conformance/document-store-samples.ts';
import { collect, makeWorld, type BoxWorld } from '../box-harness.ts';

const BYTES = Buffer.from('%PDF-1.4 a scan');

type Entry = Record<string, unknown>;

/** Makes Box say something else of the entry with that name, in every listing. */
function editEntry({ emulator }: BoxWorld, name: string, change: Entry): void {
  emulator.faults.add({
    endpoint: 'folder-items',
    times: 1e6,
    effect: {
      kind: 'edit',
      edit: (json) => ({
        ...json,
        entries: (json as { entries: Entry[] }).entries.map((entry) =>
          entry['name'] === name ? { ...entry, ...change } : entry,
        ),
      }),
    },
  });
}

async function documentsOf(store: BoxStore): Promise<SourceDocument[]> {
  const entries = await collect(store.list(calm()));
  return entries.flatMap((entry) => (entry.kind === 'document' ? [entry.document] : []));
}

describe('what Box says, where it cannot be', () => {
  const changes: readonly [what: string, change: Entry][] = [
    ['a size of a petabyte', { size: 1e15 }],
    ['a size below nothing', { size: -1 }],
    ['half a byte', { size: 0.5 }],
    ['a size that is a text', { size: '15' }],
    ['an ID that is a path', { id: '../../2.0/users/me' }],
    ['an ID with a question', { id: '1?fields=x' }],
    ['an ID of letters', { id: 'abc' }],
    ['a version that is a path', { file_version: { id: '1/../../me' } }],
    ['an etag that ends a header', { etag: '0\r\nx: y' }],
    ['a name that is a path', { name: '../../b.pdf' }],
  ];
  it.each(changes)('%s: the file is left out, and the others are read', async (_, change) => {
    await using world = await makeWorld();
    await world.emulator.seedFile('a.pdf', BYTES, { parentId: world.folderId });
    await world.emulator.seedFile('odd.pdf', BYTES, { parentId: world.folderId });
    editEntry(world, 'odd.pdf', change);
    const store = world.openStore();
    const entries = await collect(store.list(calm()));
    expect(entries.map((entry) => (entry.kind === 'document' ? entry.document.path : entry.entry.code))).toEqual(
      expect.arrayContaining(['a.pdf', 'BOX_ODD_ENTRY']),
    );
    expect(entries).toHaveLength(2);
  });

  it('a folder with an ID that is a path is not opened', async () => {
    await using world = await makeWorld();
    world.emulator.seedFolder('inner', world.folderId);
    editEntry(world, 'inner', { id: '1/../../2.0/users/me' });
    const entries = await collect(world.openStore().list(calm()));
    expect(entries).toMatchObject([{ kind: 'left-out', entry: { path: 'inner', code: 'BOX_ODD_ENTRY' } }]);
    expect(world.emulator.requests.count('me')).toBe(0);
  });

  it('an ID that is a path in an older ledger is asked for nowhere', async () => {
    await using world = await makeWorld();
    const document = { id: '../../2.0/users/me', path: 'a.pdf', sizeBytes: 1, version: '1' };
    const read = world.openStore().read(document, join(world.scratch, 'a'), calm());
    await expect(read).rejects.toMatchObject({ code: 'BOX_ODD_ENTRY', scope: 'document' });
    expect(world.emulator.requests.count()).toBe(0);
  });

  it.each([
    ['the same marker again', () => 0],
    ['two markers in turn', (page: number) => page % 2],
    ['the same entries under ever new markers', (page: number) => page],
  ])('a listing that leads on to %s ends with its reason', async (_, placeOf) => {
    await using world = await makeWorld();
    await world.emulator.seedFile('a.pdf', BYTES, { parentId: world.folderId });
    let page = 0;
    // Markers of the emulator, each of which leads to the first page.
    const nextMarker = (): string => Buffer.from(`after ${placeOf(page++)}`).toString('base64url');
    world.emulator.faults.add({
      endpoint: 'folder-items',
      times: 1e6,
      effect: { kind: 'edit', edit: (json) => ({ ...json, next_marker: nextMarker() }) },
    });
    await expect(collect(world.openStore().list(calm()))).rejects.toMatchObject({
      code: 'BOX_GARBLED',
      advice: { why: expect.stringContaining('circle') as string },
    });
    expect(world.emulator.requests.count('folder-items')).toBeLessThan(50);
  });

  it.each(['http://dl.boxcloud.com/x', 'https://169.254.169.254/latest', 'https://10.0.0.1/x', 'file:///etc/passwd'])(
    'a download link to %s is not called, and costs that document alone',
    async (url) => {
      await using world = await makeWorld();
      const { emulator, folderId } = world;
      const { id } = await emulator.seedFile('a.pdf', BYTES, { parentId: folderId });
      await emulator.seedFile('b.pdf', BYTES, { parentId: folderId });
      emulator.faults.add({
        endpoint: 'content',
        times: 1e6,
        where: ({ path }) => path.includes(id),
        effect: { kind: 'redirect', url },
      });
      const store = world.openStore();
      const [first, second] = await documentsOf(store);
      const read = store.read(first as SourceDocument, join(world.scratch, 'a'), calm());
      await expect(read).rejects.toMatchObject({ code: 'BOX_UNSAFE_LINK', scope: 'document' });
      const other = await store.read(second as SourceDocument, join(world.scratch, 'b'), calm());
      expect(other.sha1).toBe(sha1Of(BYTES));
      expect(await readdir(world.scratch)).toEqual(['b']);
    },
  );

  it.each([
    ['parts of one byte', { part_size: 1 }],
    ['parts of no size', { part_size: 0 }],
    ['parts of half a byte', { part_size: 0.5 }],
    ['an address that is not encrypted', { session_endpoints: undefined }],
  ])('an upload session with %s is not used', async (_, change) => {
    await using world = await makeWorld({
      emulator: { minimumChunkedBytes: 60_000, partBytes: 32_768 },
      settings: { chunkFromBytes: 100_000 },
    });
    const bytes = Buffer.alloc(200_000, 'searchable');
    const file = join(world.scratch, 'artifact');
    await writeFile(file, bytes);
    world.emulator.faults.add({
      endpoint: 'session-create',
      times: 1e6,
      effect: { kind: 'edit', edit: (json) => ({ ...json, ...change }) },
    });
    const artifact = { file, sizeBytes: bytes.length, sha1: sha1Of(bytes) };
    const request = { path: 'a.pdf', artifact, onConflict: 'stop', isOurs: () => false } as const;
    await expect(world.openStore().write(request, calm())).rejects.toMatchObject({ code: 'BOX_GARBLED' });
    expect(world.emulator.requests.count('part')).toBe(0);
  });
});
