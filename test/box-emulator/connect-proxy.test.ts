import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from './box-emulator.ts';
import { createLocalAuthority } from './certificates.ts';
import { closeClean } from './close-clean.ts';
import { startConnectProxy, type ConnectProxy } from './connect-proxy.ts';

let emulator: BoxEmulator;
let proxy: ConnectProxy;

beforeEach(async () => {
  emulator = await startBoxEmulator();
  proxy = await startConnectProxy(emulator);
});

afterEach(async () => {
  await proxy.close();
  await closeClean(emulator);
});

/** The status a CONNECT is answered with, and the tunnel where there is one. */
async function tunnel(authority: string): Promise<{ status: number; secure?: TLSSocket }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; secure?: TLSSocket }>();
  const request = httpRequest(proxy.url, { method: 'CONNECT', path: authority, agent: false });
  request.on('error', reject);
  request.on('connect', (response, socket) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0 });
      return;
    }
    const ca = readFile(proxy.authorityFile);
    ca.then((pem) => {
      const secure = tlsConnect({ socket, ca: pem, servername: authority.split(':')[0] ?? '' }, () => {
        resolve({ status: 200, secure });
      });
      secure.on('error', reject);
    }, reject);
  });
  request.end();
  return promise;
}

/** Sends one request through a tunnel and reads to the end of the connection. */
async function ask(secure: TLSSocket, lines: readonly string[]): Promise<{ text: string; end: 'closed' | 'reset' }> {
  const { promise, resolve } = Promise.withResolvers<{ text: string; end: 'closed' | 'reset' }>();
  let text = '';
  secure.removeAllListeners('error');
  secure.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  secure.on('end', () => resolve({ text, end: 'closed' }));
  secure.on('error', () => resolve({ text, end: 'reset' }));
  secure.write([...lines, 'connection: close', '', ''].join('\r\n'));
  return promise;
}

test("is Box for whoever trusts its authority: answers point to Box's own names", async () => {
  const { id } = await emulator.seedFile('a.pdf', 'bytes');
  const { access_token } = emulator.issueTokens();
  const { secure } = await tunnel('api.box.com:443');
  if (!secure) throw new Error('no tunnel');
  const asked = await ask(secure, [
    `GET /2.0/files/${id}/content HTTP/1.1`,
    'host: api.box.com',
    `authorization: Bearer ${access_token}`,
  ]);
  expect(asked.text).toMatch(/^HTTP\/1\.1 302 [\s\S]*location: https:\/\/dl\.boxcloud\.com\/d\/1\//i);
  expect(proxy.hosts()).toEqual(['api.box.com']);
});

test('faults arrive as they were made: a close is a close, a reset a reset', async () => {
  const { access_token } = emulator.issueTokens();
  const lines = ['GET /2.0/users/me HTTP/1.1', 'host: api.box.com', `authorization: Bearer ${access_token}`];
  emulator.faults.add({ endpoint: 'me', nth: 1, effect: { kind: 'body', change: 'close', afterBytes: 10 } });
  emulator.faults.add({ endpoint: 'me', nth: 2, effect: { kind: 'no-answer', how: 'reset' } });
  for (const [end, bytes] of [
    ['closed', 10],
    ['reset', 0],
  ] as const) {
    const { secure } = await tunnel('api.box.com:443');
    if (!secure) throw new Error('no tunnel');
    const asked = await ask(secure, lines);
    expect([asked.end, asked.text.split('\r\n\r\n')[1]?.length ?? 0]).toEqual([end, bytes]);
  }
});

test('refuses and remembers every other host, port and way', async () => {
  expect((await tunnel('example.org:443')).status).toBe(403);
  expect((await tunnel('api.box.com:80')).status).toBe(403);
  const plain = await new Promise<number>((resolve, reject) => {
    httpRequest(proxy.url, { path: 'http://tracker.example/x', agent: false }, (response) =>
      resolve(response.resume().statusCode ?? 0),
    )
      .on('error', reject)
      .end();
  });
  expect(plain).toBe(403);
  expect(proxy.contacts.filter((contact) => !contact.allowed)).toHaveLength(3);
  expect(proxy.hosts()).toEqual(['api.box.com', 'example.org', 'tracker.example']);
});

test("the SDK, with Box's addresses untouched, works in a child process by environment alone", async () => {
  const { access_token } = emulator.issueTokens();
  const { id, sha1 } = await emulator.seedFile('a.pdf', 'bytes');
  const program = `
    import { createHash } from 'node:crypto';
    import { BoxClient, BoxDeveloperTokenAuth } from 'box-node-sdk';
    const client = new BoxClient({ auth: new BoxDeveloperTokenAuth({ token: process.env.TOKEN }) });
    const hash = createHash('sha1');
    for await (const chunk of await client.downloads.downloadFile(process.env.FILE_ID)) hash.update(chunk);
    process.stdout.write(hash.digest('hex'));
  `;
  const env = { PATH: process.env['PATH'], ...proxy.environment, TOKEN: access_token, FILE_ID: id };
  const options = { env, timeout: 30_000, cwd: fileURLToPath(new URL('../..', import.meta.url)) };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], options);
  expect(stdout).toBe(sha1);
  expect(proxy.hosts()).toEqual(['api.box.com', 'dl.boxcloud.com']);
});

test('its certificates name the hosts, are signed by its authority alone, and leave nothing behind', async () => {
  const { authorityPem, server } = createLocalAuthority(['api.box.com', 'dl.boxcloud.com']);
  const authority = new X509Certificate(authorityPem);
  const certificate = new X509Certificate(server.certificatePem);
  expect([authority.ca, certificate.ca]).toEqual([true, false]);
  expect(certificate.checkIssued(authority) && certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.verify(new X509Certificate(createLocalAuthority(['x']).authorityPem).publicKey)).toBe(false);
  expect(certificate.checkHost('dl.boxcloud.com')).toBe('dl.boxcloud.com');
  expect(certificate.checkHost('example.org')).toBeUndefined();
  const file = proxy.authorityFile;
  expect(existsSync(file)).toBe(true);
  await proxy.close();
  expect(existsSync(file)).toBe(false);
  proxy = await startConnectProxy(emulator);
});
