import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BoxClient } from 'box-node-sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from './box-emulator.ts';
import { closeClean } from './close-clean.ts';
import { sdkClient } from './sdk-client.ts';

let emulator: BoxEmulator;
let client: BoxClient;

beforeEach(async () => {
  emulator = await startBoxEmulator();
  client = sdkClient(emulator);
});

afterEach(async () => {
  await closeClean(emulator);
});

const sha1 = (bytes: Uint8Array | string) => createHash('sha1').update(bytes).digest('hex');

async function bytesOf(stream: Readable | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const preflight = async (name: string, size: number, id = '0') =>
  client.uploads.preflightFileUploadCheck({ name, size, parent: { id } });

const refused = (statusCode: number, code?: string) =>
  expect.objectContaining({
    responseInfo: expect.objectContaining({
      statusCode,
      ...(code === undefined ? {} : { body: expect.objectContaining({ code }) }),
    }),
  });

test('says who is logged in, and refuses a wrong token with 401 and no body', async () => {
  expect(await client.users.getUserMe()).toMatchObject({ login: 'owner@example.org', type: 'user' });
  emulator.revokeLogins();
  const answer = await fetch(`${emulator.apiUrl}/2.0/users/me`, { headers: { authorization: 'Bearer nothing' } });
  expect(answer.status).toBe(401);
  expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  expect(await answer.text()).toBe('');
});

test('lists a folder of 2,500 entries by marker, each once, and ends with a null marker', async () => {
  const folder = emulator.seedFolder('Scans/Marduk');
  emulator.seedMany(folder.id, 2498, (index) => `page ${index}.pdf`);
  emulator.seedFolder('Scans/Marduk/deeper');
  emulator.seedOther('Scans/Marduk/link');
  const names: string[] = [];
  let marker: string | undefined;
  let pages = 0;
  let last: unknown;
  do {
    const page = await client.folders.getFolderItems(folder.id, {
      queryParams: {
        usemarker: true,
        limit: 1000,
        fields: ['name', 'size', 'sha1', 'file_version'],
        ...(marker ? { marker } : {}),
      },
    });
    names.push(...(page.entries ?? []).map((entry) => entry.name ?? ''));
    pages++;
    last = page.rawData;
    marker = page.nextMarker ?? undefined;
  } while (marker !== undefined);
  expect(pages).toBe(3);
  expect(last).toMatchObject({ next_marker: null });
  expect(new Set(names).size).toBe(2500);
  expect(names).toHaveLength(2500);
  expect(names).toContain('link');
});

test('a listing by marker neither loses nor doubles what stays, whatever comes and goes between pages', async () => {
  const folder = emulator.seedFolder('Moving');
  emulator.seedMany(folder.id, 30, (index) => `${index}.pdf`);
  const stay = emulator.list(folder.id).filter((_, index) => index % 3 !== 0);
  const go = emulator.list(folder.id).filter((_, index) => index % 3 === 0);
  const seen: string[] = [];
  let marker: string | null | undefined;
  do {
    const page = await client.folders.getFolderItems(folder.id, {
      queryParams: { usemarker: true, limit: 4, ...(marker ? { marker } : {}) },
    });
    seen.push(...(page.entries ?? []).map((entry) => entry.id));
    const gone = go.pop();
    if (gone) emulator.removeItem(gone.id);
    await emulator.seedFile(`new ${seen.length}.pdf`, 'x', { parentId: folder.id });
    marker = page.nextMarker;
  } while (marker && seen.length < 500);
  for (const { id } of stay) expect(seen.filter((other) => other === id)).toHaveLength(1);
});

test('offsets end at 9999 as in Box', async () => {
  await expect(client.folders.getFolderItems('0', { queryParams: { offset: 10_000, limit: 1 } })).rejects.toEqual(
    refused(400, 'bad_request'),
  );
});

test('refuses names Box refuses, and a folder whose name is taken with conflicts as an array', async () => {
  await client.folders.createFolder({ name: 'OCR', parent: { id: '0' } });
  for (const name of ['a/b', 'a\\b', '.', '..', 'end ', 'a\u0007b', 'x'.repeat(256)]) {
    await expect(client.folders.createFolder({ name, parent: { id: '0' } })).rejects.toEqual(refused(400));
  }
  await expect(client.folders.createFolder({ name: 'ocr', parent: { id: '0' } })).rejects.toMatchObject({
    responseInfo: {
      statusCode: 409,
      body: { code: 'item_name_in_use', context_info: { conflicts: [{ name: 'OCR' }] } },
    },
  });
});

test('uploads a file, downloads it whole and in part, and tells its SHA-1', async () => {
  const bytes = Buffer.from('hello, scans\r\n--not a boundary\r\n');
  const made = await client.uploads.uploadFile({
    attributes: { name: 'Zürich $ "q" .pdf', parent: { id: '0' } },
    file: Readable.from(bytes),
  });
  const file = made.entries?.[0];
  expect(file).toMatchObject({ name: 'Zürich $ "q" .pdf', sha1: sha1(bytes), size: bytes.length, type: 'file' });
  const id = file?.id ?? '';
  expect(await bytesOf(await client.downloads.downloadFile(id))).toEqual(bytes);
  const part = await client.downloads.downloadFile(id, { headers: { range: 'bytes=7-11' } });
  expect((await bytesOf(part)).toString()).toBe('scans');
  const url = await client.downloads.getDownloadFileUrl(id);
  expect(url.startsWith(emulator.downloadUrl)).toBe(true);
  const beyond = await fetch(url, { headers: { range: 'bytes=900-' } });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);
  emulator.expireDownloadUrls();
  expect((await fetch(url)).status).toBe(403);
});

test('a new version needs the right etag where If-Match is given, and the old one stays readable', async () => {
  const { id } = await emulator.seedFile('a.txt', 'first');
  const oldVersion = (await client.files.getFileById(id)).fileVersion?.id ?? '';
  const send = (ifMatch: string, text: string) =>
    client.uploads.uploadFileVersion(
      id,
      { attributes: { name: 'a.txt' }, file: Readable.from(Buffer.from(text)) },
      { headers: { ifMatch } },
    );
  await send('0', 'second');
  await expect(send('0', 'third')).rejects.toEqual(refused(412, 'precondition_failed'));
  expect(emulator.list()).toMatchObject([{ path: 'a.txt', versionCount: 2, sha1: sha1('second') }]);
  const past = await client.fileVersions.getFileVersions(id);
  expect(past.entries?.map((version) => version.id)).toEqual([oldVersion]);
  const old = await client.downloads.downloadFile(id, { queryParams: { version: oldVersion } });
  expect((await bytesOf(old)).toString()).toBe('first');
});

test('an upload onto a taken name answers 409 with the file that is there as an object', async () => {
  const { id, sha1: digest } = await emulator.seedFile('Report.PDF', 'there');
  const upload = client.uploads.uploadFile({
    attributes: { name: 'report.pdf', parent: { id: '0' } },
    file: Readable.from(Buffer.from('mine')),
  });
  await expect(upload).rejects.toMatchObject({
    responseInfo: { statusCode: 409, body: { context_info: { conflicts: { id, sha1: digest, etag: '0' } } } },
  });
});

test('preflight tells beforehand what an upload would meet', async () => {
  const viewing = emulator.seedFolder('Read only');
  emulator.setRole(viewing.id, 'viewer');
  emulator.setStorageLimit(100);
  await emulator.seedFile('taken.pdf', 'x');
  expect((await preflight('free.pdf', 10)).uploadUrl).toBe(`${emulator.uploadUrl}/2.0/files/content`);
  await expect(preflight('Taken.pdf', 10)).rejects.toEqual(refused(409, 'item_name_in_use'));
  await expect(preflight('big.pdf', 1000)).rejects.toEqual(refused(403, 'storage_limit_exceeded'));
  await expect(preflight('x.pdf', 1, viewing.id)).rejects.toEqual(
    refused(403, 'access_denied_insufficient_permissions'),
  );
  await expect(preflight('x.pdf', 1, '42')).rejects.toEqual(refused(404, 'not_found'));
});

test('moves, renames, copies, locks, trashes; tells trashed from never there', async () => {
  const folder = emulator.seedFolder('Elsewhere');
  const { id } = await emulator.seedFile('a.pdf', 'x');
  expect(
    await client.files.updateFileById(id, { requestBody: { name: 'b.pdf', parent: { id: folder.id } } }),
  ).toMatchObject({
    name: 'b.pdf',
    parent: { id: folder.id },
    etag: '1',
  });
  await client.files.copyFile(id, { parent: { id: '0' } });
  expect(emulator.list().map((file) => file.path)).toEqual(['Elsewhere/b.pdf', 'b.pdf']);
  emulator.lockFile(id);
  // The SDK reads no body of an answer it expects none from, not even an error's.
  await expect(client.files.deleteFileById(id)).rejects.toEqual(refused(403));
  await expect(client.files.updateFileById(id, { requestBody: { name: 'c.pdf' } })).rejects.toEqual(
    refused(403, 'access_denied_item_locked'),
  );
  emulator.lockFile(id, false);
  await expect(client.files.deleteFileById(id, { headers: { ifMatch: '0' } })).rejects.toEqual(refused(412));
  await client.files.deleteFileById(id);
  await expect(client.files.getFileById(id)).rejects.toEqual(refused(404, 'trashed'));
  await expect(client.files.getFileById('77')).rejects.toEqual(refused(404, 'not_found'));
  await expect(client.downloads.getDownloadFileUrl(id)).rejects.toMatchObject({
    responseInfo: { statusCode: 404, rawBody: '' },
  });
  await expect(client.folders.deleteFolderById('0')).rejects.toEqual(refused(400));
});

test('keeps free properties with a file and brings them in a listing', async () => {
  const { id } = await emulator.seedFile('r.txt', 'x');
  const { fileMetadata } = client;
  await expect(fileMetadata.getFileMetadataById(id, 'global', 'properties')).rejects.toEqual(
    refused(404, 'instance_not_found'),
  );
  await fileMetadata.createFileMetadataById(id, 'global', 'properties', { ocrStatus: 'done', pages: '12' });
  await expect(fileMetadata.createFileMetadataById(id, 'global', 'properties', { a: 'b' })).rejects.toEqual(
    refused(409, 'tuple_already_exists'),
  );
  await fileMetadata.updateFileMetadataById(id, 'global', 'properties', [
    { op: 'replace', path: '/pages', value: '13' },
    { op: 'add', path: '/engine', value: 'tesseract' },
  ]);
  await expect(
    fileMetadata.updateFileMetadataById(id, 'global', 'properties', [
      { op: 'remove', path: '/engine' },
      { op: 'replace', path: '/missing', value: 'x' },
    ]),
  ).rejects.toEqual(refused(400));
  expect(emulator.list()[0]?.properties).toEqual({ ocrStatus: 'done', pages: '13', engine: 'tesseract' });
  const listing = await client.folders.getFolderItems('0', {
    queryParams: { fields: ['name', 'metadata.global.properties'] },
  });
  const metadata = listing.rawData as {
    entries: { metadata: { global: { properties: { pages: string; $version: number } } } }[];
  };
  expect(metadata.entries[0]?.metadata.global.properties).toMatchObject({ pages: '13', $version: 1 });
  expect((await fileMetadata.getFileMetadata(id)).entries).toHaveLength(1);
  await fileMetadata.deleteFileMetadataById(id, 'global', 'properties');
  expect(emulator.list()[0]?.properties).toBeUndefined();
});

test('a service account sees only what it was given, by name at its root', async () => {
  const shared = emulator.seedFolder('Scans/Shared');
  await emulator.seedFile('Scans/private.pdf', 'x');
  const user = { id: '20000000002' };
  emulator.setRole(shared.id, 'viewer', user);
  const { SERVICE_ACCOUNT } = await import('./emulator-options.ts');
  const service = sdkClient(emulator, { accessToken: emulator.issueTokens({ user: SERVICE_ACCOUNT }).access_token });
  const root = await service.folders.getFolderItems('0', { queryParams: { usemarker: true } });
  expect(root.entries?.map((entry) => entry.name)).toEqual(['Shared']);
  await expect(service.folders.createFolder({ name: 'OCR', parent: { id: shared.id } })).rejects.toEqual(
    refused(403, 'access_denied_insufficient_permissions'),
  );
  const readOnly = sdkClient(emulator, { accessToken: emulator.issueTokens({ scope: 'root_readonly' }).access_token });
  await expect(readOnly.folders.createFolder({ name: 'OCR', parent: { id: '0' } })).rejects.toEqual(
    refused(403, 'insufficient_scope'),
  );
});

test('events tell what happened since a position', async () => {
  const now = await client.events.getEvents({ streamPosition: 'now' });
  await emulator.seedFile('new.pdf', 'x');
  const later = await client.events.getEvents({ streamPosition: String(now.nextStreamPosition) });
  expect(later.entries?.map((event) => event.eventType)).toEqual(['ITEM_UPLOAD']);
});
