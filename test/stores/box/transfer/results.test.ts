import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoppedError } from '../../../../src/core/errors.ts';
import type { BoxStore } from '../../../../src/stores/box/box-store.ts';
import type { WriteRequest, WrittenFile } from '../../../../src/stores/document-store.ts';
import { BYTES, OTHER_BYTES, calm, sha1Of } from '../../../conformance/document-store-samples.ts';
import { collect, makeWorld, type BoxWorld } from '../box-harness.ts';

const PROPERTIES = { ocrStatus: 'done', sourceFileId: '1', sourceSha1: 'abc', engine: 'tesseract' };

async function write(
  world: BoxWorld,
  store: BoxStore,
  path: string,
  bytes: Uint8Array,
  more: Partial<WriteRequest> = {},
): Promise<WrittenFile> {
  const file = join(world.scratch, `artifact-${sha1Of(bytes)}`);
  await writeFile(file, bytes);
  const artifact = { file, sizeBytes: bytes.length, sha1: sha1Of(bytes) };
  return store.write(
    { path, artifact, onConflict: 'stop', isOurs: () => false, properties: PROPERTIES, ...more },
    calm(),
  );
}

describe('results in Box', () => {
  it('cost five calls a document, two outputs and their marks included', async () => {
    await using world = await makeWorld();
    const documents = 20;
    world.emulator.seedMany(world.folderId, documents, (index) => `${index}.pdf`);
    const store = world.openStore();
    const sources = await collect(store.list(calm()));
    const output = world.openStore({ below: ['OCR'] });
    const calls = (): number => world.emulator.requests.count() - world.emulator.requests.count('download');
    const before = calls();
    for (const entry of sources) {
      if (entry.kind !== 'document') continue;
      await store.read(entry.document, join(world.scratch, 'source.pdf'), calm());
      const stem = entry.document.path.slice(0, -4);
      await write(world, output, `${stem}.txt`, Buffer.from(`text of ${stem}`));
      await write(world, output, `${stem}.pdf`, Buffer.from(`%PDF of ${stem}`));
    }
    // Twice the source folder is looked at for "OCR", which is then made.
    expect(calls() - before).toBeLessThanOrEqual(documents * 5 + 3);
    expect(
      world.emulator.list(world.folderId).filter((file) => file.properties?.['ocrStatus'] === 'done'),
    ).toHaveLength(documents * 2);
  });

  it('cost only listing calls where nothing has changed', async () => {
    await using world = await makeWorld();
    const first = world.openStore({ below: ['OCR'] });
    for (let index = 0; index < 10; index++) await write(world, first, `${index}.txt`, Buffer.from(`text ${index}`));
    world.emulator.requests.clear();
    const again = world.openStore({ below: ['OCR'] });
    expect(await collect(again.listResults(calm()))).toHaveLength(10);
    for (let index = 0; index < 10; index++)
      expect((await write(world, again, `${index}.txt`, Buffer.from(`text ${index}`))).outcome).toBe('unchanged');
    expect(world.emulator.requests.count()).toBe(world.emulator.requests.count('folder-items'));
    expect(world.emulator.requests.count()).toBeLessThanOrEqual(3);
  });

  it('keep what a person has corrected', async () => {
    await using world = await makeWorld();
    const written = await write(world, world.openStore(), 'a.txt', BYTES);
    await world.emulator.addVersion(written.id, 'corrected by hand');
    await expect(write(world, world.openStore(), 'a.txt', OTHER_BYTES)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(String(await world.emulator.read(written.id))).toBe('corrected by hand');
  });

  it('become a new version of our own earlier result, known by its mark alone', async () => {
    await using world = await makeWorld();
    await write(world, world.openStore(), 'a.txt', BYTES);
    const again = await write(world, world.openStore(), 'a.txt', OTHER_BYTES, {
      properties: { ...PROPERTIES, engine: 'better' },
    });
    expect(again.outcome).toBe('replaced');
    expect(world.emulator.list(world.folderId)).toMatchObject([
      { path: 'a.txt', versionCount: 2, properties: { engine: 'better', outputSha1: sha1Of(OTHER_BYTES) } },
    ]);
  });

  it('are not put over what somebody put there a moment ago', async () => {
    await using world = await makeWorld();
    const store = world.openStore();
    await write(world, store, 'first.txt', BYTES);
    const mine = await write(world, store, 'mine.txt', BYTES);
    await world.emulator.seedFile('NEW.txt', 'by another', { parentId: world.folderId });
    await expect(write(world, store, 'new.txt', OTHER_BYTES)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    await world.emulator.addVersion(mine.id, 'by another');
    await expect(write(world, store, 'mine.txt', OTHER_BYTES)).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    expect(String(await world.emulator.read(mine.id))).toBe('by another');
  });

  it('are stored once when two machines do the same', async () => {
    await using world = await makeWorld();
    const stores = [world.openStore({ below: ['OCR'] }), world.openStore({ below: ['OCR'] })];
    await Promise.all(
      stores.flatMap((store) => ['a/x.txt', 'a/y.txt', 'b/z.txt'].map((path) => write(world, store, path, BYTES))),
    );
    const files = world.emulator.list(world.folderId);
    expect(files.map(({ path, versionCount }) => `${path} ${versionCount}`)).toEqual([
      'OCR/a/x.txt 1',
      'OCR/a/y.txt 1',
      'OCR/b/z.txt 1',
    ]);
  });

  it('find their folder anew when it was deleted meanwhile', async () => {
    await using world = await makeWorld();
    const store = world.openStore({ below: ['OCR'] });
    await write(world, store, 'a.txt', BYTES);
    world.emulator.removeItem(world.emulator.seedFolder('OCR', world.folderId).id);
    expect((await write(world, store, 'b.txt', BYTES)).outcome).toBe('created');
    expect(world.emulator.list(world.folderId).map((file) => file.path)).toEqual(['OCR/b.txt']);
  });

  it('are known by the name that Box gave them', async () => {
    await using world = await makeWorld({ emulator: { sanitiseName: (name) => name.replaceAll('#', '-') } });
    const store = world.openStore();
    expect((await write(world, store, 'a#1.txt', BYTES)).path).toBe('a-1.txt');
    expect((await write(world, store, 'a#1.txt', BYTES)).outcome).toBe('unchanged');
    expect(world.emulator.list(world.folderId)).toHaveLength(1);
  });

  it('are stored where their facts may not be kept', async () => {
    await using world = await makeWorld();
    world.emulator.faults.add({
      endpoint: ['metadata-create', 'metadata-update'],
      times: 1000,
      effect: { kind: 'answer', status: 403, code: 'access_denied_insufficient_permissions' },
    });
    const store = world.openStore();
    for (let index = 0; index < 8; index++)
      expect((await write(world, store, `${index}.txt`, BYTES)).outcome).toBe('created');
    expect(world.emulator.requests.count('metadata-create')).toBeLessThanOrEqual(3);
  });

  it('are refused before anything is done where they may not be written', async () => {
    await using world = await makeWorld();
    world.emulator.setRole(world.folderId, 'viewer');
    await expect(world.openStore().checkWritable(calm())).rejects.toMatchObject({ code: 'BOX_NO_WRITE', exitCode: 77 });
    await expect(world.openStore({ below: ['OCR'] }).checkWritable(calm())).rejects.toMatchObject({
      code: 'BOX_NO_WRITE',
    });
    world.emulator.setRole(world.folderId, 'owner');
    world.emulator.setStorageLimit(0);
    await expect(world.openStore().checkWritable(calm())).rejects.toMatchObject({
      code: 'BOX_STORAGE_FULL',
      exitCode: 74,
    });
  });

  it.each(['upload', 'upload-version', 'commit'] as const)(
    'know what they have done when the answer to %s was lost',
    async (endpoint) => {
      await using world = await makeWorld({
        emulator: { minimumChunkedBytes: 60_000, partBytes: 32_768 },
        settings: { chunkFromBytes: 100_000 },
      });
      const store = world.openStore();
      const bytes = endpoint === 'commit' ? Buffer.alloc(120_000, 'large') : BYTES;
      if (endpoint === 'upload-version') await write(world, store, 'a.txt', OTHER_BYTES);
      world.emulator.faults.add({ endpoint, effect: { kind: 'no-answer', how: 'reset', executed: true } });
      const written = await write(world, store, 'a.txt', bytes);
      expect(written.outcome).toBe(endpoint === 'upload-version' ? 'replaced' : 'created');
      expect(world.emulator.list(world.folderId)).toMatchObject([
        { path: 'a.txt', sha1: sha1Of(bytes), properties: { ocrStatus: 'done' } },
      ]);
    },
  );

  it.each(['told to stop', 'refused'])('leave no upload session open when they are %s in the middle', async (how) => {
    await using world = await makeWorld({
      emulator: { minimumChunkedBytes: 60_000, partBytes: 32_768 },
      settings: { chunkFromBytes: 100_000, partsAtOnce: 1 },
    });
    const controller = new AbortController();
    const stop = { kind: 'act', act: () => controller.abort(new StoppedError('STOPPED', 'Stopped.')) } as const;
    const refuse = { kind: 'answer', status: 403, code: 'access_denied_insufficient_permissions' } as const;
    world.emulator.faults.add({ endpoint: 'part', nth: 2, effect: how === 'refused' ? refuse : stop });
    const file = join(world.scratch, 'large');
    const bytes = Buffer.alloc(150_000, 'large');
    await writeFile(file, bytes);
    const artifact = { file, sizeBytes: bytes.length, sha1: sha1Of(bytes) };
    const writing = world
      .openStore()
      .write({ path: 'a.pdf', artifact, onConflict: 'stop', isOurs: () => false }, controller.signal);
    await expect(writing).rejects.toMatchObject({ code: how === 'refused' ? 'BOX_NO_WRITE' : 'STOPPED' });
    expect(world.emulator.list(world.folderId)).toEqual([]);
    expect(world.emulator.requests.count('session-create')).toBe(1);
    expect(world.emulator.checks()).toEqual([]);
  });

  it('say that a file is locked, and leave it', async () => {
    await using world = await makeWorld();
    const written = await write(world, world.openStore(), 'a.txt', BYTES);
    world.emulator.lockFile(written.id);
    await expect(write(world, world.openStore(), 'a.txt', OTHER_BYTES)).rejects.toMatchObject({ code: 'BOX_LOCKED' });
  });
});
