import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { PipelineError } from '../../../../src/core/errors.ts';
import { BoxCallError } from '../../../../src/stores/box/transport/box-call-error.ts';
import { DEFAULT_BOX_SETTINGS } from '../../../../src/stores/box/transport/box-settings.ts';
import type { Clock } from '../../../../src/stores/box/transport/clock.ts';
import { connect, openNetwork } from '../../../../src/stores/box/transport/connect.ts';
import { explainNetwork } from '../../../../src/stores/box/transport/network-errors.ts';
import { readUser } from '../../../../src/stores/box/login/read-user.ts';
import { startBoxEmulator } from '../../../box-emulator/box-emulator.ts';
import { startConnectProxy } from '../../../box-emulator/connect-proxy.ts';
import { calm } from '../../../conformance/document-store-samples.ts';
import { makeWorld } from '../box-harness.ts';

const LOGIN = { accessToken: async () => 'a-token-nobody-may-see', renew: async () => 'another' };
const NAMES = ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'] as const;
const before = NAMES.map((name) => [name, process.env[name]] as const);

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

interface TestProxy extends AsyncDisposable {
  readonly host: string;
  /** What was sent to it, as far as it was looked at. */
  readonly requests: string[];
}

/** A proxy that answers CONNECT as `answer` says. */
async function startProxy(answer: (socket: Duplex) => void): Promise<TestProxy> {
  const requests: string[] = [];
  const server = createServer();
  server.on('connect', (request, socket) => {
    requests.push(`${request.method} ${request.url}`);
    socket.on('error', () => undefined);
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Time that passes only by waiting, however busy this computer is. */
function standingClock(): Clock {
  let nowMs = Date.now();
  return { now: () => nowMs, sleep: async (durationMs) => void (nowMs += durationMs) };
}

/** Asks Box by its own name through the proxy that the environment names. */
async function failureThrough(proxy: string): Promise<PipelineError> {
  process.env['HTTPS_PROXY'] = proxy;
  delete process.env['https_proxy'];
  delete process.env['NO_PROXY'];
  delete process.env['no_proxy'];
  const settings = { ...DEFAULT_BOX_SETTINGS, maxOutageMs: 10_000 };
  const outcome: unknown = await (async () => {
    const network = await openNetwork({ settings, clock: standingClock(), random: () => 0.5 });
    try {
      return await readUser(await connect(network, LOGIN), calm());
    } finally {
      network.close();
    }
  })().catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(PipelineError);
  return outcome as PipelineError;
}

function wordsOf({ message, advice }: PipelineError): string {
  return [message, advice.why, advice.safe, advice.remedy].join('\n');
}

describe('a proxy between this computer and Box', () => {
  it.each([
    [403, 'PROXY_REFUSED', 77],
    [401, 'PROXY_REFUSED', 77],
    [404, 'PROXY_REFUSED', 77],
    [302, 'PROXY_REFUSED', 77],
    [407, 'PROXY_LOGIN', 77],
  ])('that answers CONNECT with %s is named, and not asked again', async (status, code, exitCode) => {
    await using proxy = await startProxy((socket) =>
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-type: text/html\r\n\r\n<html>Ask the folder's owner</html>`),
    );
    const failure = await failureThrough(`http://ada:secret-word@${proxy.host}`);
    expect(failure).toMatchObject({ code, exitCode, scope: 'environment' });
    expect(failure.message).toContain(`The proxy ${proxy.host}`);
    expect(failure.message).toContain(`(${status})`);
    expect(wordsOf(failure)).not.toMatch(/owner|secret-word|ada/);
    expect(proxy.requests).toEqual(['CONNECT api.box.com:443']);
  });

  it.each([500, 502, 503, 504])('that answers CONNECT with %s is asked again, then named', async (status) => {
    await using proxy = await startProxy((socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n<html>`));
    const failure = await failureThrough(`http://${proxy.host}`);
    expect(failure).toMatchObject({ code: 'PROXY_FAILING', exitCode: 75, scope: 'environment' });
    expect(failure.message).toBe(`The proxy ${proxy.host} does not reach Box (${status}).`);
    expect(proxy.requests.length).toBeGreaterThan(1);
  });

  it('that is not there is named', async () => {
    const gone = await startProxy((socket) => socket.end());
    await gone[Symbol.asyncDispose]();
    const failure = await failureThrough(`http://ada:secret-word@${gone.host}`);
    expect(failure).toMatchObject({ code: 'NET_DOWN', exitCode: 75 });
    expect(failure.message).toBe(`Box cannot be reached through the proxy ${gone.host} (connection refused).`);
  });

  it('that says yes and then speaks no TLS, or is called in TLS and speaks none, is named at once', async () => {
    await using proxy = await startProxy((socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nlog in to the campus network'));
    });
    for (const address of [`http://${proxy.host}`, `https://${proxy.host}`, proxy.host]) {
      const failure = await failureThrough(address);
      expect(failure).toMatchObject({ code: 'NET_NO_TLS', exitCode: 77, scope: 'environment' });
      expect(failure.message).toBe(`The proxy ${proxy.host} does not speak TLS.`);
    }
    expect(proxy.requests).toHaveLength(1);
  });

  it.each(['ftp://proxy.example.org', 'http://', 'http://a b:1', 'proxy example'])(
    'that the environment names as "%s" is a wrong setting',
    async (address) => {
      expect(await failureThrough(address)).toMatchObject({ code: 'PROXY_SETTING', exitCode: 78 });
    },
  );

  it('with a certificate of its own is told at once, with what helps; the login is not sent', async () => {
    await using emulator = await startBoxEmulator();
    await using proxy = await startConnectProxy(emulator);
    const failure = await failureThrough(proxy.url);
    expect(failure).toMatchObject({ code: 'NET_CERTIFICATE', exitCode: 77, scope: 'environment' });
    expect(failure.message).toContain('api.box.com');
    expect(failure.advice.remedy).toContain('NODE_EXTRA_CA_CERTS');
    expect(proxy.contacts).toHaveLength(1);
    expect(emulator.requests.count()).toBe(0);
  });
});

describe('certificates that are not believed', () => {
  it.each([
    ['CERT_HAS_EXPIRED', 'clock'],
    ['CERT_NOT_YET_VALID', 'clock'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'of its own'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'of its own'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'of its own'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'of its own'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another host'],
  ])('%s: says why, and names NODE_EXTRA_CA_CERTS', (code, why) => {
    const call = new BoxCallError({ operation: 'GET /2.0/users/me', status: 0, code, host: 'api.box.com' });
    const error = explainNetwork(call);
    expect(error).toMatchObject({ code: 'NET_CERTIFICATE', scope: 'environment' });
    expect(error.message).toContain(code);
    expect(error.advice.why).toContain(why);
    expect(error.advice.remedy).toContain('NODE_EXTRA_CA_CERTS');
  });
});

describe('a page that something in between sends in the place of Box', () => {
  it.each([403, 451, 511])('%s: the folder is not blamed', async (status) => {
    await using world = await makeWorld();
    world.emulator.faults.add({
      endpoint: 'folder-items',
      times: 1e6,
      effect: { kind: 'answer', status, body: 'html' },
    });
    const listing = world.openStore().list(calm()).next();
    await expect(listing).rejects.toMatchObject({ code: 'NET_BLOCKED', exitCode: 77, scope: 'environment' });
    expect(world.emulator.requests.count('folder-items')).toBe(1);
  });
});
