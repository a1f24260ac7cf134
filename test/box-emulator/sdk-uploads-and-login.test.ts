import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { BoxCcgAuth, BoxClient, BoxJwtAuth, CcgConfig, JwtConfig } from 'box-node-sdk';
import { afterEach, expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from './box-emulator.ts';
import type { CheckName } from './checks.ts';
import { ManualClock } from './clock.ts';
import { closeClean } from './close-clean.ts';
import type { BoxEmulatorOptions } from './emulator-options.ts';
import { networkTo, sdkClient, sdkOAuth } from './sdk-client.ts';

let emulator: BoxEmulator;
let expected: CheckName[] = [];

afterEach(async () => {
  const ignore = expected;
  expected = [];
  await closeClean(emulator, { ignore });
});

async function start(options: BoxEmulatorOptions = {}): Promise<BoxClient> {
  emulator = await startBoxEmulator(options);
  return sdkClient(emulator);
}

const MIB = 1024 * 1024;
const sha1 = (bytes: Uint8Array, encoding: 'hex' | 'base64' = 'hex') =>
  createHash('sha1').update(bytes).digest(encoding);
const refused = (statusCode: number, code: string) => ({ responseInfo: { statusCode, body: { code } } });

test('uploadBigFile of the SDK makes the file, part by part', async () => {
  const client = await start();
  const bytes = randomBytes(20 * MIB + 5);
  const made = await client.chunkedUploads.uploadBigFile(Readable.from([bytes]), 'big.pdf', bytes.length, '0');
  expect(made).toMatchObject({ name: 'big.pdf', sha1: sha1(bytes) });
  expect(emulator.requests.count('part')).toBe(3);
  expect((await emulator.read(made.id)).equals(bytes)).toBe(true);
});

/** The parts of a session of three: 4, 4 and 2 bytes of `abcdefghij`. */
const BYTES = Buffer.from('abcdefghij');
const part = (client: BoxClient, id: string, start: number, size: number, digest?: string) => {
  const bytes = BYTES.subarray(start, start + size);
  return client.chunkedUploads.uploadFilePart(id, Readable.from([bytes]), {
    digest: digest ?? `sha=${sha1(bytes, 'base64')}`,
    contentRange: `bytes ${start}-${start + size - 1}/10`,
  });
};
const small: BoxEmulatorOptions = { minimumChunkedBytes: 10, partBytes: 4 };
const newSession = async (client: BoxClient, fileSize = 10) =>
  (await client.chunkedUploads.createFileUploadSession({ folderId: '0', fileName: 'x.pdf', fileSize })).id ?? '';

test('parts are exact and immutable, in any order, and listed', async () => {
  const client = await start(small);
  const id = await newSession(client);
  await part(client, id, 8, 2);
  await part(client, id, 0, 4);
  await expect(part(client, id, 0, 4)).rejects.toMatchObject(refused(409, 'range_overlaps_existing_range'));
  await expect(part(client, id, 4, 3)).rejects.toMatchObject(refused(400, 'invalid_part'));
  await expect(part(client, id, 4, 4, 'sha=AAAA')).rejects.toMatchObject(refused(412, 'bad_digest'));
  const listed = await client.chunkedUploads.getFileUploadSessionParts(id);
  expect(listed.entries?.map(({ offset, size }) => [offset, size])).toEqual([
    [0, 4],
    [8, 2],
  ]);
  expect(await client.chunkedUploads.getFileUploadSessionById(id)).toMatchObject({
    numPartsProcessed: 2,
    totalParts: 3,
  });
  await client.chunkedUploads.deleteFileUploadSessionById(id);
  await expect(part(client, id, 4, 4)).rejects.toMatchObject(refused(404, 'not_found'));
});

test('a commit wants all parts and the right digest, may answer 202 first, and works once', async () => {
  const client = await start({ ...small, pendingCommitAnswers: 1 });
  const id = await newSession(client);
  const one = (await part(client, id, 0, 4)).part;
  const three = (await part(client, id, 8, 2)).part;
  const commit = (parts: (typeof one)[], digest: string) =>
    client.chunkedUploads.createFileUploadSessionCommit(id, { parts: parts.flatMap((each) => each ?? []) }, { digest });
  const digest = `sha=${sha1(BYTES, 'base64')}`;
  expect(await commit([one, three], digest)).toBeUndefined();
  await expect(commit([one, three], digest)).rejects.toMatchObject(refused(400, 'parts_mismatch'));
  const two = (await part(client, id, 4, 4)).part;
  await expect(commit([one, two, three], 'sha=AAAA')).rejects.toMatchObject(refused(412, 'bad_digest'));
  const made = await commit([one, two, three], digest);
  expect(made?.entries?.[0]).toMatchObject({ name: 'x.pdf', size: 10, sha1: sha1(BYTES) });
  await expect(commit([one, two, three], digest)).rejects.toMatchObject(refused(404, 'not_found'));
});

test('a session is refused for small files, taken names and too much; ends after 7 days; is missed when left open', async () => {
  const clock = new ManualClock();
  const client = await start({ ...small, clock, storageLimitBytes: 50 });
  await expect(newSession(client, 9)).rejects.toMatchObject(refused(400, 'file_size_too_small'));
  await expect(newSession(client, 51)).rejects.toMatchObject(refused(403, 'storage_limit_exceeded'));
  const id = await newSession(client);
  await emulator.seedFile('X.pdf', 'taken');
  await expect(newSession(client)).rejects.toMatchObject(refused(409, 'item_name_in_use'));
  clock.advance(7 * 86_400_000);
  const later = sdkClient(emulator);
  await expect(part(later, id, 0, 4)).rejects.toMatchObject(refused(410, 'session_expired'));
  expect(emulator.checks()).toEqual([{ check: 'open-upload-session', detail: 'for "x.pdf", 0 parts' }]);
  expected = ['open-upload-session'];
});

test('an upload with a wrong digest, of too many bytes, or with the file first is refused and leaves nothing', async () => {
  const client = await start({ maxDirectUploadBytes: 1000 });
  const upload = (size: number, contentMd5?: string) =>
    client.uploads.uploadFile(
      { attributes: { name: 'x.pdf', parent: { id: '0' } }, file: Readable.from([Buffer.alloc(size)]) },
      contentMd5 === undefined ? {} : { headers: { contentMd5 } },
    );
  await expect(upload(10, 'f'.repeat(40))).rejects.toMatchObject(refused(400, 'bad_digest'));
  await expect(upload(200_000)).rejects.toMatchObject(refused(413, 'request_entity_too_large'));
  const form = new FormData();
  form.append('file', new Blob(['x']), 'x.pdf');
  form.append('attributes', '{}');
  const { access_token } = emulator.issueTokens();
  const answer = await fetch(`${emulator.uploadUrl}/2.0/files/content`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${access_token}` },
  });
  expect(await answer.json()).toMatchObject({ status: 400, code: 'metadata_after_file_contents' });
  expect(emulator.list()).toEqual([]);
});

test('login: the browser comes back with a code and the state, the code works once and for 30 s', async () => {
  const clock = new ManualClock();
  await start({ clock });
  const oauth = sdkOAuth(emulator);
  const network = networkTo(emulator);
  const consent = async (redirect = 'http://127.0.0.1:53682/callback') => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: emulator.clientId,
      redirect_uri: redirect,
      state: 's1',
    });
    const answer = await fetch(`${emulator.oauthUrl}/authorize?${query.toString()}`, { redirect: 'manual' });
    return { status: answer.status, back: new URL(answer.headers.get('location') ?? 'about:blank').searchParams };
  };
  const { back } = await consent();
  expect(back.get('state')).toBe('s1');
  const code = back.get('code') ?? '';
  await oauth.getTokensAuthorizationCodeGrant(code, network);
  const client = new BoxClient({ auth: oauth, networkSession: network });
  expect((await client.users.getUserMe()).login).toBe('owner@example.org');
  await expect(oauth.getTokensAuthorizationCodeGrant(code, network)).rejects.toMatchObject({
    responseInfo: { body: { error: 'invalid_grant' } },
  });
  const late = (await consent()).back.get('code') ?? '';
  clock.advance(30_000);
  await expect(oauth.getTokensAuthorizationCodeGrant(late, network)).rejects.toMatchObject({
    responseInfo: { statusCode: 400 },
  });
  emulator.setConsent('deny');
  expect((await consent()).back.get('error')).toBe('access_denied');
  expect((await consent('https://evil.example/')).status).toBe(400);
});

test('refresh: one use when strict; the same pair for a while with grace; over after 60 days; revoked with the login', async () => {
  const clock = new ManualClock();
  await start({ clock });
  const exchange = async (refresh_token: string, on = emulator) => {
    const form = { grant_type: 'refresh_token', refresh_token, client_id: on.clientId, client_secret: on.clientSecret };
    const answer = await fetch(`${on.apiUrl}/oauth2/token`, { method: 'POST', body: new URLSearchParams(form) });
    return (await answer.json()) as { refresh_token?: string; error?: string };
  };
  const first = emulator.issueTokens().refresh_token ?? '';
  const second = (await exchange(first)).refresh_token ?? '';
  expect(await exchange(first)).toMatchObject({ error: 'invalid_grant' });
  expect(emulator.checks()).toEqual([{ check: 'used-refresh-token', detail: 'sent 1 times' }]);
  expected = ['used-refresh-token'];
  clock.advance(60 * 86_400_000);
  expect(await exchange(second)).toMatchObject({ error: 'invalid_grant' });

  await using graceful = await startBoxEmulator({ clock, refreshGraceMs: 60_000 });
  const token = graceful.issueTokens().refresh_token ?? '';
  const once = await exchange(token, graceful);
  expect(await exchange(token, graceful)).toEqual(once);
  clock.advance(60_000);
  expect(await exchange(token, graceful)).toMatchObject({ error: 'invalid_grant' });
  const form = { token: once.refresh_token ?? '', client_id: graceful.clientId, client_secret: graceful.clientSecret };
  await fetch(`${graceful.apiUrl}/oauth2/revoke`, { method: 'POST', body: new URLSearchParams(form) });
  expect(await exchange(once.refresh_token ?? '', graceful)).toMatchObject({ error: 'invalid_grant' });
  const wrong = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'other', client_secret: 'wrong' };
  const answer = await fetch(`${graceful.oauthUrl}/token`, { method: 'POST', body: new URLSearchParams(wrong) });
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_client' }]);
});

test('an access token lives an hour, and its 401 says that it has expired', async () => {
  const clock = new ManualClock();
  await start({ clock });
  const { access_token } = emulator.issueTokens();
  const me = () => fetch(`${emulator.apiUrl}/2.0/users/me`, { headers: { authorization: `Bearer ${access_token}` } });
  clock.advance(3_599_999);
  expect((await me()).status).toBe(200);
  clock.advance(1);
  const answer = await me();
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('expired_token'),
  ]);
});

test('a service account logs in by client credentials and by a signed assertion', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await start({ jwt: { publicKeyPem, publicKeyId: 'k1', enterpriseId: '900' } });
  const { clientId, clientSecret } = emulator;
  const login = async (auth: BoxCcgAuth | BoxJwtAuth) =>
    (await new BoxClient({ auth, networkSession: networkTo(emulator) }).users.getUserMe()).name;
  const ccg = new BoxCcgAuth({ config: new CcgConfig({ clientId, clientSecret, enterpriseId: '900' }) });
  expect(await login(ccg)).toBe('Emulated Service Account');
  const key = (passphrase: string, pair = privateKey) => ({
    clientId,
    clientSecret,
    jwtKeyId: 'k1',
    privateKey: pair.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString(),
    privateKeyPassphrase: passphrase,
  });
  const jwt = (enterpriseId: string, pair = privateKey) =>
    new BoxJwtAuth({ config: new JwtConfig({ ...key('secret', pair), enterpriseId }) });
  expect(await login(jwt('900'))).toBe('Emulated Service Account');
  await expect(login(jwt('901'))).rejects.toMatchObject({ responseInfo: { body: { error: 'invalid_grant' } } });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  await expect(login(jwt('900', other))).rejects.toMatchObject({ responseInfo: { statusCode: 400 } });
});

test('rate limits hold over any minute of the clock, and say how long to wait', async () => {
  const clock = new ManualClock();
  await start({ clock, rateLimits: { callsPerMinute: 3, uploadsPerMinute: 1 } });
  const { access_token } = emulator.issueTokens();
  const me = () => fetch(`${emulator.apiUrl}/2.0/users/me`, { headers: { authorization: `Bearer ${access_token}` } });
  await me();
  clock.advance(20_000);
  expect((await me()).status).toBe(200);
  expect((await me()).status).toBe(200);
  const limited = await me();
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '40']);
  clock.advance(40_000);
  expect((await me()).status).toBe(200);
});
