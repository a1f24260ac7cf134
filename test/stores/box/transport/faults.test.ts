import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../../../src/core/errors.ts';
import type { SourceDocument } from '../../../../src/core/document.ts';
import type { BoxStore } from '../../../../src/stores/box/box-store.ts';
import type { WriteRequest } from '../../../../src/stores/document-store.ts';
import { FAULTS, type NamedFault } from '../../../box-emulator/fault-catalogue.ts';
import type { EndpointName } from '../../../box-emulator/call.ts';
import { calm, sha1Of } from '../../../conformance/document-store-samples.ts';
import { makeWorld, mortalLogin, ownerLogin, type BoxWorld } from '../box-harness.ts';

const SOURCE = Buffer.alloc(150_000, 'a scanned page ');
const SMALL = Buffer.from('recognized text of a page\n'.repeat(40));
const SECOND = Buffer.from('recognized text, read better\n'.repeat(40));
const LARGE = Buffer.alloc(120_000, 'searchable pdf ');

/** What the work of a document asks of Box. */
const USED: readonly EndpointName[] = [
  'folder-items',
  'content',
  'download',
  'preflight',
  'folder-create',
  'upload',
  'upload-version',
  'session-create',
  'part',
  'commit',
  'metadata-create',
  'metadata-update',
];

async function makeFaultyWorld(): Promise<BoxWorld> {
  const world = await makeWorld({
    emulator: { minimumChunkedBytes: 60_000, partBytes: 32_768, pendingCommitAnswers: 1 },
    settings: { chunkFromBytes: 100_000, idleTimeoutMs: 400, maxOutageMs: 15_000 },
  });
  await world.emulator.seedFile('volume 1.pdf', SOURCE, { parentId: world.folderId });
  return world;
}

async function requestFor(world: BoxWorld, path: string, bytes: Buffer): Promise<WriteRequest> {
  const file = join(world.scratch, `artifact-${sha1Of(bytes)}`);
  await writeFile(file, bytes);
  const artifact = { file, sizeBytes: bytes.length, sha1: sha1Of(bytes) };
  return {
    path,
    artifact,
    onConflict: 'stop',
    isOurs: () => false,
    properties: { ocrStatus: 'done', sourceSha1: sha1Of(SOURCE) },
  };
}

/** All that is done for a document: checked, listed, fetched, its results stored, stored anew, one of them large. */
async function workOn(world: BoxWorld, store: BoxStore): Promise<void> {
  await store.checkWritable(calm());
  const documents: SourceDocument[] = [];
  for await (const entry of store.list(calm())) if (entry.kind === 'document') documents.push(entry.document);
  expect(documents.map((document) => document.path)).toEqual(['volume 1.pdf']);
  for (const document of documents) {
    const target = join(world.scratch, 'source.pdf');
    const fetched = await store.read(document, target, calm());
    expect(fetched.sha1).toBe(sha1Of(SOURCE));
    expect(sha1Of(await readFile(target))).toBe(sha1Of(SOURCE));
  }
  await store.write(await requestFor(world, 'OCR/volume 1.txt', SMALL), calm());
  await store.write(await requestFor(world, 'OCR/volume 1.txt', SECOND), calm());
  await store.write(await requestFor(world, 'OCR/volume 1.pdf', LARGE), calm());
}

/** What must be in Box afterwards, whatever happened on the way: each file once, two versions of the one written twice. */
function expectComplete(world: BoxWorld): void {
  const files = world.emulator.list(world.folderId).filter((file) => file.path.startsWith('OCR/'));
  expect(files.map(({ path, sha1, versionCount }) => ({ path, sha1, versionCount }))).toEqual([
    { path: 'OCR/volume 1.pdf', sha1: sha1Of(LARGE), versionCount: 1 },
    { path: 'OCR/volume 1.txt', sha1: sha1Of(SECOND), versionCount: 2 },
  ]);
  for (const file of files) expect(file.properties).toMatchObject({ ocrStatus: 'done', outputSha1: file.sha1 });
}

async function expectNoPieces(world: BoxWorld): Promise<void> {
  const left = await readdir(world.scratch);
  expect(left.filter((name) => !/^artifact-|^source\.pdf$/.test(name))).toEqual([]);
}

async function checkClearing(fault: NamedFault, endpoint: EndpointName, nth: number): Promise<string[]> {
  await using world = await makeFaultyWorld();
  const handle = world.emulator.faults.add({ endpoint, nth, effect: fault.effect, name: fault.name });
  await workOn(world, world.openStore());
  expect(handle.hits).toBe(1);
  expectComplete(world);
  await expectNoPieces(world);
  return world.emulator.checks().map((finding) => finding.check);
}

const CLEARING = FAULTS.filter((fault) => fault.ends !== 'never' && !fault.name.startsWith('source '));
const CASES = CLEARING.flatMap((fault) =>
  fault.endpoints
    .filter((endpoint) => USED.includes(endpoint))
    .map((endpoint) => [fault.name, endpoint, fault] as const),
);

describe('faults that pass', () => {
  it.each(CASES)('%s at %s: all is done, once', async (_name, endpoint, fault) => {
    const findings = await checkClearing(fault, endpoint, 1);
    // A session whose making was never heard of cannot be given up; Box forgets it after a week.
    expect(findings.filter((check) => check !== 'open-upload-session' || endpoint !== 'session-create')).toEqual([]);
  });

  it.each(['part', 'folder-items'] as const)('a second call of %s that fails: all is done, once', async (endpoint) => {
    const name = endpoint === 'part' ? 'answer lost' : 'reset before headers';
    const fault = FAULTS.find((candidate) => candidate.name === name) as NamedFault;
    expect(await checkClearing(fault, endpoint, 2)).toEqual([]);
  });

  it('a download cut again and again goes on from where it was cut', async () => {
    await using world = await makeFaultyWorld();
    world.emulator.faults.add({ endpoint: 'download', times: 3, effect: { kind: 'body', change: 'reset' } });
    await workOn(world, world.openStore());
    expectComplete(world);
    const downloads = world.emulator.requests.records.filter((record) => record.endpoint === 'download');
    expect(downloads.map((record) => record.status)).toEqual([200, 206, 206, 206]);
  });
});

/** Faults that stay, and the codes a person may then read. */
const STAYING: readonly [fault: string, endpoint: EndpointName, codes: readonly string[]][] = [
  ['login revoked', 'content', ['BOX_LOGIN_ENDED']],
  ['login revoked', 'upload', ['BOX_LOGIN_ENDED']],
  ['storage full', 'upload', ['BOX_STORAGE_FULL']],
  ['storage full', 'session-create', ['BOX_STORAGE_FULL']],
  ['permission revoked', 'folder-items', ['BOX_FOLDER_NOT_FOUND']],
  ['permission revoked', 'content', ['BOX_FOLDER_NOT_FOUND']],
  ['permission revoked', 'upload', ['BOX_TARGET_GONE', 'BOX_FOLDER_NOT_FOUND']],
  ['permission reduced to viewer', 'upload', ['BOX_NO_WRITE']],
  ['permission reduced to viewer', 'commit', ['BOX_NO_WRITE']],
  ['source deleted', 'content', ['SOURCE_GONE']],
  ['source trashed', 'content', ['SOURCE_GONE']],
  ['forbidden by policy', 'content', ['BOX_NO_READ', 'BOX_POLICY']],
];

describe('faults that stay', () => {
  it.each(STAYING)('%s at %s ends in the right words, nothing half done', async (name, endpoint, codes) => {
    const fault = FAULTS.find((candidate) => candidate.name === name) as NamedFault;
    await using world = await makeWorldForStaying(name);
    world.emulator.faults.add({
      endpoint,
      nth: 1,
      times: fault.effect.kind === 'act' ? 1 : 1000,
      effect: fault.effect,
    });
    const outcome: unknown = await workOn(world, world.openStore()).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(PipelineError);
    expect(codes).toContain((outcome as PipelineError).code);
    const whole = [sha1Of(SOURCE), sha1Of(SMALL), sha1Of(SECOND), sha1Of(LARGE)];
    for (const file of world.emulator.list(world.folderId)) expect(whole).toContain(file.sha1);
    await expectNoPieces(world);
  });
});

async function makeWorldForStaying(name: string): Promise<BoxWorld> {
  const world = await makeWorld({
    login: name === 'login revoked' ? mortalLogin : ownerLogin,
    emulator: { minimumChunkedBytes: 60_000, partBytes: 32_768 },
    settings: { chunkFromBytes: 100_000, maxOutageMs: 2_000 },
  });
  await world.emulator.seedFile('volume 1.pdf', SOURCE, { parentId: world.folderId });
  return world;
}
