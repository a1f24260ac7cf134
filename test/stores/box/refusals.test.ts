import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../../src/core/errors.ts';
import type { SourceDocument } from '../../../src/core/document.ts';
import type { BoxStore } from '../../../src/stores/box/box-store.ts';
import type { Clock } from '../../../src/stores/box/transport/clock.ts';
import type { FaultEffect } from '../../box-emulator/fault-effect.ts';
import { calm, sha1Of } from '../../conformance/document-store-samples.ts';
import { collect, makeWorld, type BoxWorld } from './box-harness.ts';
import { writeZip } from './archives/zip-writer.ts';

const ALWAYS = 1e6;

/** Time that passes only by waiting, however busy this computer is. */
function standingClock(): Clock {
  let nowMs = Date.now();
  return { now: () => nowMs, sleep: async (durationMs) => void (nowMs += durationMs) };
}

async function seed(world: BoxWorld, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 1; n <= count; n++) {
    const file = await world.emulator.seedFile(`${n}.pdf`, Buffer.from(`scan ${n}`), { parentId: world.folderId });
    ids.push(file.id);
  }
  return ids;
}

async function documentsOf(store: BoxStore): Promise<SourceDocument[]> {
  const entries = await collect(store.list(calm()));
  const documents = entries.flatMap((entry) => (entry.kind === 'document' ? [entry.document] : []));
  return documents.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    expect(error).toBeInstanceOf(PipelineError);
    const { code, scope } = error as PipelineError;
    return `${code} ${scope}`;
  }
}

async function write(world: BoxWorld, store: BoxStore, path: string, text: string): Promise<string> {
  const bytes = Buffer.from(text);
  const file = join(world.scratch, `artifact-${sha1Of(bytes)}`);
  await writeFile(file, bytes);
  const artifact = { file, sizeBytes: bytes.length, sha1: sha1Of(bytes) };
  return outcomeOf(store.write({ path, artifact, onConflict: 'stop', isOurs: () => false }, calm()));
}

const answer = (status: number, more: object = {}): FaultEffect => ({ kind: 'answer', status, ...more });

describe('one scan that Box does not give out', () => {
  it.each([
    ['content', 403, 'BOX_NO_READ'],
    ['content', 400, 'BOX_REFUSED'],
    ['content', 404, 'SOURCE_GONE'],
    ['content', 409, 'BOX_REFUSED'],
    ['content', 410, 'SOURCE_GONE'],
    ['content', 412, 'BOX_REFUSED'],
    ['content', 423, 'BOX_REFUSED'],
    ['content', 451, 'BOX_REFUSED'],
    ['content', 500, 'BOX_UNAVAILABLE'],
    ['download', 401, 'BOX_REFUSED'],
    ['download', 403, 'BOX_NO_READ'],
    ['download', 404, 'SOURCE_GONE'],
    ['download', 451, 'BOX_REFUSED'],
    ['download', 503, 'BOX_UNAVAILABLE'],
  ] as const)('%s %s: costs that one, and the others are read', async (endpoint, status, code) => {
    await using world = await makeWorld({ clock: standingClock() });
    await seed(world, 3);
    const store = world.openStore();
    const documents = await documentsOf(store);
    const outcomes: string[] = [];
    for (const [index, document] of documents.entries()) {
      const fault =
        index === 1 &&
        world.emulator.faults.add({ endpoint, times: ALWAYS, effect: answer(status, { body: 'empty' }) });
      outcomes.push(await outcomeOf(store.read(document, join(world.scratch, document.path), calm())));
      if (fault) fault.remove();
    }
    expect(outcomes).toEqual(['done', `${code} document`, 'done']);
  });

  it('is believed to be the rule where five in a row are refused', async () => {
    await using world = await makeWorld({ clock: standingClock() });
    await seed(world, 6);
    const store = world.openStore();
    const documents = await documentsOf(store);
    world.emulator.faults.add({ endpoint: 'content', times: ALWAYS, effect: answer(500) });
    const outcomes: string[] = [];
    for (const document of documents)
      outcomes.push(await outcomeOf(store.read(document, join(world.scratch, document.path), calm())));
    expect(outcomes.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 'BOX_UNAVAILABLE document'));
    expect(outcomes[4]).toBe('BOX_UNAVAILABLE store');
  });

  it('is an archive that is left out, and the rest of the folder is listed', async () => {
    await using world = await makeWorld();
    const [id] = await seed(world, 1);
    const zip = await world.emulator.seedFile('b.zip', writeZip([{ name: 'x.pdf', bytes: Buffer.from('x') }]), {
      parentId: world.folderId,
    });
    world.emulator.faults.add({
      endpoint: 'content',
      times: ALWAYS,
      where: ({ path }) => path.includes(zip.id),
      effect: answer(403, { body: 'empty' }),
    });
    const entries = await collect(world.openStore().list(calm()));
    expect(entries).toMatchObject([
      { kind: 'document', document: { id } },
      { kind: 'left-out', entry: { path: 'b.zip', code: 'BOX_NO_READ' } },
    ]);
  });
});

describe('one result that Box does not take', () => {
  it.each([
    [400, 'bad_request', 'BOX_REFUSED'],
    [403, 'access_denied_insufficient_permissions', 'BOX_NO_WRITE'],
    [403, 'forbidden_by_policy', 'BOX_NO_WRITE'],
    [403, 'access_denied_item_locked', 'BOX_LOCKED'],
    [413, 'file_size_limit_exceeded', 'BOX_REFUSED'],
    [409, 'operation_blocked_temporary', 'BOX_BUSY'],
    [423, 'locked', 'BOX_REFUSED'],
    [451, 'unavailable', 'BOX_REFUSED'],
    [500, 'internal_server_error', 'BOX_UNAVAILABLE'],
  ])('%s %s: costs that one, and the others are stored', async (status, code, told) => {
    await using world = await makeWorld({ clock: standingClock() });
    const store = world.openStore({ below: ['OCR'] });
    const outcomes = [await write(world, store, '1.txt', 'one')];
    const fault = world.emulator.faults.add({ endpoint: 'upload', times: ALWAYS, effect: answer(status, { code }) });
    outcomes.push(await write(world, store, '2.txt', 'two'));
    fault.remove();
    outcomes.push(await write(world, store, '3.txt', 'three'));
    expect(outcomes).toEqual(['done', `${told} document`, 'done']);
    expect(world.emulator.list(world.folderId).map(({ path }) => path)).toEqual(['OCR/1.txt', 'OCR/3.txt']);
  });

  it('is believed to be the rule where five in a row are refused, or the folder says so', async () => {
    await using world = await makeWorld();
    const store = world.openStore();
    const fault = world.emulator.faults.add({ endpoint: 'upload', times: ALWAYS, effect: answer(403) });
    const outcomes: string[] = [];
    for (let n = 1; n <= 5; n++) outcomes.push(await write(world, store, `${n}.txt`, `text ${n}`));
    expect(outcomes.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 'BOX_NO_WRITE document'));
    expect(outcomes[4]).toBe('BOX_NO_WRITE store');
    fault.remove();
    world.emulator.setRole('0', 'viewer');
    expect(await write(world, world.openStore(), 'a.txt', 'text')).toBe('BOX_NO_WRITE store');
  });
});

describe('the end of an upload in parts', () => {
  const inParts = {
    emulator: { minimumChunkedBytes: 60_000, partBytes: 32_768 },
    settings: { chunkFromBytes: 100_000 },
  } as const;
  const LARGE = 'searchable pdf '.repeat(10_000);

  it.each([
    [400, 'parts_mismatch', 1],
    [400, 'parts_mismatch', 3],
    [409, 'parts_mismatch', 1],
    [400, 'missing_parts', 1],
    [202, undefined, 3],
    [409, 'operation_blocked_temporary', 2],
    [500, 'internal_server_error', 2],
  ])('%s %s, %s times: is tried again after a while, and stores one version', async (status, code, times) => {
    await using world = await makeWorld({ ...inParts, clock: standingClock() });
    const store = world.openStore();
    const fault = world.emulator.faults.add({ endpoint: 'commit', times, effect: answer(status, { code }) });
    expect(await write(world, store, 'a.pdf', LARGE)).toBe('done');
    expect(fault.hits).toBe(times);
    expect(world.emulator.requests.count('session-create')).toBe(1);
    const files = world.emulator.list(world.folderId).map(({ path, versionCount }) => `${path} ${versionCount}`);
    expect(files).toEqual(['a.pdf 1']);
    expect(world.emulator.checks()).toEqual([]);
  });

  it('that Box refuses for good costs that result alone, and leaves no session open', async () => {
    await using world = await makeWorld({ ...inParts, clock: standingClock() });
    const store = world.openStore();
    const effect = answer(400, { code: 'parts_mismatch' });
    const fault = world.emulator.faults.add({ endpoint: 'commit', times: ALWAYS, effect });
    expect(await write(world, store, 'a.pdf', LARGE)).toBe('BOX_REFUSED document');
    fault.remove();
    expect(await write(world, store, 'b.pdf', LARGE)).toBe('done');
    expect(world.emulator.checks()).toEqual([]);
  });
});

describe('a name that is taken by what this account may not see', () => {
  it('is a folder: said before anything is read, with whose it is and what else to do', async () => {
    await using world = await makeWorld();
    const hidden = world.emulator.seedFolder('OCR', world.folderId);
    world.emulator.setRole(hidden.id, 'none');
    const store = world.openStore({ below: ['OCR'] });
    const failure: unknown = await store.checkWritable(calm()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BOX_NAME_HIDDEN', exitCode: 77, scope: 'store' });
    const { message, advice } = failure as PipelineError;
    expect(message).toBe('"OCR" is already in that Box folder, but not shared with you.');
    expect(advice.why).toContain('owner@example.org');
    expect(advice.remedy).toContain('--box-output-folder');
    expect(await write(world, store, 'a.txt', 'text')).toBe('BOX_NAME_HIDDEN store');
  });

  it('is a file: that result alone waits', async () => {
    await using world = await makeWorld();
    await world.emulator.seedFile('a.txt', Buffer.from('not yours'), { parentId: world.folderId });
    world.emulator.faults.add({
      endpoint: 'folder-items',
      times: ALWAYS,
      effect: { kind: 'edit', edit: (json) => ({ ...json, entries: [] }) },
    });
    world.emulator.faults.add({ endpoint: 'file-get', times: ALWAYS, effect: answer(404, { code: 'not_found' }) });
    const store = world.openStore();
    expect(await write(world, store, 'a.txt', 'ours')).toBe('NAME_TAKEN document');
    expect(await write(world, store, 'b.txt', 'ours')).toBe('done');
  });

  it('is told apart from a file that all can see', async () => {
    await using world = await makeWorld();
    await world.emulator.seedFile('OCR', Buffer.from('a file'), { parentId: world.folderId });
    const store = world.openStore({ below: ['OCR'] });
    await store.checkWritable(calm());
    expect(await write(world, store, 'a.txt', 'text')).toBe('NAME_TAKEN document');
  });
});
