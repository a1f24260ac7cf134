import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListedEntry, SourceDocument } from '../../../../src/core/document.ts';
import { findFolder, parseFolderAddress } from '../../../../src/stores/box/listing/folder-address.ts';
import type { BoxStore } from '../../../../src/stores/box/box-store.ts';
import { faultNamed } from '../../../box-emulator/fault-catalogue.ts';
import { BYTES, calm, sha1Of } from '../../../conformance/document-store-samples.ts';
import { collect, makeWorld } from '../box-harness.ts';

async function listed(store: BoxStore): Promise<string[]> {
  const entries: ListedEntry[] = [];
  for await (const entry of store.list(calm())) entries.push(entry);
  return entries
    .map((entry) => (entry.kind === 'document' ? entry.document.path : `-${entry.entry.path} ${entry.entry.code}`))
    .sort();
}

describe('listing a Box folder', () => {
  it('takes 10,000 files in eleven calls or fewer', async () => {
    await using world = await makeWorld();
    world.emulator.seedMany(world.folderId, 10_000, (index) => `page ${index}.pdf`);
    expect(await listed(world.openStore())).toHaveLength(10_000);
    expect(world.emulator.requests.count()).toBeLessThanOrEqual(11);
  });

  it('is complete while entries come, go and change their names between two pages', async () => {
    await using world = await makeWorld();
    const { emulator, folderId } = world;
    emulator.seedMany(folderId, 2_500, (index) => `${index}.pdf`);
    const before = emulator.list(folderId);
    const gone = before[10]?.id ?? '';
    const renamed = before[1_500]?.id ?? '';
    emulator.faults.add({
      endpoint: 'folder-items',
      nth: 2,
      effect: {
        kind: 'act',
        act: async () => {
          emulator.removeItem(gone);
          emulator.renameItem(renamed, 'a new name.pdf');
          await emulator.seedFile('fresh.pdf', BYTES, { parentId: folderId });
        },
      },
    });
    const ids: string[] = [];
    for await (const entry of world.openStore().list(calm()))
      if (entry.kind === 'document') ids.push(entry.document.id);
    expect(new Set(ids).size).toBe(ids.length);
    const stayed = before.map((file) => file.id).filter((id) => id !== gone);
    expect(stayed.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('accounts for links, unknown kinds, closed and passed-over folders', async () => {
    await using world = await makeWorld();
    const { emulator, folderId } = world;
    await emulator.seedFile('a.PDF', BYTES, { parentId: folderId });
    await emulator.seedFile('closed/b.pdf', BYTES, { parentId: folderId });
    await emulator.seedFile('OCR/a.pdf', BYTES, { parentId: folderId });
    await emulator.seedFile('open/c.pdf', BYTES, { parentId: folderId });
    emulator.seedOther('a link', 'web_link', folderId);
    emulator.seedOther('a canvas', 'box_canvas', folderId);
    emulator.faults.add({
      endpoint: 'folder-items',
      where: (record) => record.path.includes(closedId),
      times: 9,
      effect: { kind: 'answer', status: 403, code: 'access_denied_insufficient_permissions' },
    });
    const closedId = emulator.seedFolder('closed', folderId).id;
    const exclude = [emulator.seedFolder('OCR', folderId).id];
    expect(await listed(world.openStore({ exclude }))).toEqual([
      '-OCR OUR_OUTPUT',
      '-a canvas NOT_A_FILE',
      '-a link LINK',
      '-closed FOLDER_UNREADABLE',
      'a.PDF',
      'open/c.pdf',
    ]);
    expect(await listed(world.openStore({ recursive: false }))).toContain('-open SUBFOLDER');
  });

  it('leaves out trash, notes of systems and locks of programs', async () => {
    await using world = await makeWorld();
    const { emulator, folderId } = world;
    for (const path of [
      'a.pdf',
      '._a.pdf',
      '~$a.pdf',
      '$RECYCLE.BIN/b.pdf',
      '.Trashes/c.pdf',
      '__MACOSX/d.pdf',
      '._e.zip',
    ])
      await emulator.seedFile(path, BYTES, { parentId: folderId });
    expect(await listed(world.openStore())).toEqual([
      '-$RECYCLE.BIN TRASH',
      '-.Trashes TRASH',
      '-._a.pdf SYSTEM_FILE',
      '-._e.zip SYSTEM_FILE',
      '-__MACOSX SYSTEM_FOLDER',
      '-~$a.pdf LOCK_FILE',
      'a.pdf',
    ]);
  });

  it('leaves out our own results by their mark, and finds them for another machine', async () => {
    await using world = await makeWorld();
    const { emulator, folderId } = world;
    const done = await emulator.seedFile('OCR/a.pdf', BYTES, { parentId: folderId });
    const mark = { ocrStatus: 'done', sourceSha1: 'abc', outputSha1: done.sha1 };
    await emulator.seedFile('OCR/b.pdf', BYTES, { parentId: folderId, properties: mark });
    await emulator.seedFile('OCR/corrected.txt', Buffer.from('by hand'), { parentId: folderId, properties: mark });
    expect(await listed(world.openStore())).toEqual([
      '-OCR/b.pdf OUR_OUTPUT',
      '-OCR/corrected.txt OUR_OUTPUT',
      'OCR/a.pdf',
    ]);
    const results = await collect(world.openStore({ below: ['OCR'] }).listResults(calm()));
    expect(
      results.map(({ path, unchanged, properties }) => ({ path, unchanged, source: properties['sourceSha1'] })),
    ).toEqual([
      { path: 'b.pdf', unchanged: true, source: 'abc' },
      { path: 'corrected.txt', unchanged: false, source: 'abc' },
    ]);
  });

  it('does not fetch again what an earlier session has brought, unless it is other than it was', async () => {
    await using world = await makeWorld();
    await world.emulator.seedFile('a.pdf', BYTES, { parentId: world.folderId });
    const store = world.openStore();
    const [entry] = await collect(store.list(calm()));
    const document = entry?.kind === 'document' ? entry.document : undefined;
    const target = join(world.scratch, 'source.pdf');
    const read = async () => store.read(document as SourceDocument, target, calm());
    const first = await read();
    expect(await read()).toEqual(first);
    expect(world.emulator.requests.count('download')).toBe(1);
    await writeFile(target, Buffer.alloc(BYTES.length, 'x'));
    expect(await read()).toEqual(first);
    expect(sha1Of(await readFile(target))).toBe(first.sha1);
  });

  it('brings a file in pieces whole, whatever happens to some of them', async () => {
    await using world = await makeWorld();
    const bytes = Buffer.alloc(70 * 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 4096) bytes.writeUInt32LE(at, at);
    await world.emulator.seedFile('a.pdf', bytes, { parentId: world.folderId });
    const faults = ['download reset', 'download short', 'range ignored', 'download corrupt', 'url expired'];
    for (const [index, name] of faults.entries())
      world.emulator.faults.add({ endpoint: 'download', nth: index + 2, effect: faultNamed(name).effect });
    const store = world.openStore();
    const [entry] = await collect(store.list(calm()));
    const target = join(world.scratch, 'source.pdf');
    const fetched = await store.read(
      (entry?.kind === 'document' ? entry.document : undefined) as SourceDocument,
      target,
      calm(),
    );
    expect(fetched).toMatchObject({ sizeBytes: bytes.length, sha1: sha1Of(bytes) });
    expect(sha1Of(await readFile(target))).toBe(sha1Of(bytes));
    expect(await readdir(world.scratch)).toEqual(['source.pdf']);
  });

  it('finds the folder behind a shared link, and below one', async () => {
    await using world = await makeWorld();
    const { emulator, folderId } = world;
    const find = (text: string) => findFolder(world.connection, parseFolderAddress(text), calm());
    const link = emulator.share(folderId);
    const there = { id: folderId, path: 'Scans/Marduk', name: 'Marduk' };
    expect(await find(link)).toEqual(there);
    expect(await find(`${link}/folder/${folderId}`)).toEqual(there);
    expect(await find(`https://berkeley.app.box.com/s/abc123/folder/${folderId}?page=2`)).toEqual(there);
  });

  it('says what a shared link is that leads to no folder of this account, and how to get one', async () => {
    await using world = await makeWorld();
    const { emulator, folderId } = world;
    const find = (text: string) => findFolder(world.connection, parseFolderAddress(text), calm());
    const file = await emulator.seedFile('a.pdf', BYTES, { parentId: folderId });
    await expect(find(emulator.share(file.id))).rejects.toMatchObject({
      code: 'BOX_ADDRESS',
      exitCode: 64,
      advice: { why: 'It is shared as a file, "a.pdf".' },
    });
    const remedy = expect.stringContaining('invite') as string;
    const refusal = { code: 'BOX_LINK', exitCode: 77, advice: { remedy } };
    await expect(find(emulator.share(folderId, 'a password'))).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining('wants a password') as string,
    });
    for (const link of ['https://app.box.com/s/nobody', 'https://app.box.com/v/our.scans'])
      await expect(find(link)).rejects.toMatchObject(refusal);
    const linked = emulator.seedFolder('Linked');
    emulator.setRole(linked.id, 'none');
    const link = emulator.share(linked.id);
    for (const address of [link, `${link}/folder/${linked.id}`])
      await expect(find(address)).rejects.toMatchObject({
        ...refusal,
        message: expect.stringContaining('by the link alone') as string,
      });
  });

  it('says which folder cannot be found, and by what name', async () => {
    await using world = await makeWorld();
    const find = (text: string) => findFolder(world.connection, parseFolderAddress(text), calm());
    expect(await find('box:scans/MARDUK')).toEqual({ id: world.folderId, path: 'Scans/Marduk', name: 'Marduk' });
    expect(await find(world.folderId)).toEqual({ id: world.folderId, path: 'Scans/Marduk', name: 'Marduk' });
    expect(await find('box:')).toMatchObject({ id: '0', name: 'All Files' });
    await expect(find('99999')).rejects.toMatchObject({ code: 'BOX_FOLDER_NOT_FOUND', exitCode: 77 });
    await expect(find('box:Scans/Mardu')).rejects.toMatchObject({
      code: 'BOX_FOLDER_NOT_FOUND',
      advice: { why: 'Near: Marduk' },
    });
    world.emulator.removeItem(world.folderId);
    await expect(listed(world.openStore())).rejects.toMatchObject({ code: 'BOX_FOLDER_NOT_FOUND' });
  });
});
