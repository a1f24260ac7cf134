/**
 * How box-node-sdk 10.12.0 reports errors, retries and refreshes a login. None of this is what one would wish: our own
 * store works around it, and a version of the SDK that behaves otherwise must be noticed before it is taken up.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { BoxClient, type BoxOAuth } from 'box-node-sdk';
import { BoxApiError, BoxSdkError } from 'box-node-sdk/box';
import { BoxRetryStrategy } from 'box-node-sdk/networking';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from '../box-emulator/box-emulator.ts';
import { networkTo, sdkClient, sdkOAuth } from '../box-emulator/sdk-client.ts';
import { outcomeAfter } from './outcome.ts';
import { HANG_MS } from '../support/hang.ts';

const PATIENCE_MS = 5000;

let emulator: BoxEmulator;
let client: BoxClient;

beforeEach(async () => {
  emulator = await startBoxEmulator();
  client = sdkClient(emulator);
});

afterEach(async () => {
  await emulator.close();
});

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('Retry-After', () => {
  test('is never honoured: five attempts are over long before the minute that was asked for', async () => {
    emulator.faults.add({
      endpoint: 'me',
      times: Infinity,
      effect: { kind: 'answer', status: 429, code: 'rate_limit_exceeded', retryAfter: 60 },
    });
    const outcome = await outcomeAfter(client.users.getUserMe(), PATIENCE_MS);
    expect(outcome.state).toBe('rejected');
    expect(emulator.requests.count('me')).toBe(5);
  });

  test('would be honoured in the spelling that never arrives', () => {
    const strategy = new BoxRetryStrategy({});
    const options = { url: 'http://box.invalid', method: 'GET', responseFormat: 'json' } as const;
    const wait = (name: string) =>
      strategy.retryAfter(
        options as Parameters<typeof strategy.retryAfter>[0],
        { status: 429, headers: { [name]: '60' } },
        1,
      );
    expect(wait('Retry-After')).toBe(60);
    expect(wait('retry-after')).toBeLessThan(4);
  });

  test('conflicts that Box calls temporary are not tried again', async () => {
    emulator.faults.add({
      endpoint: 'folder-create',
      effect: { kind: 'answer', status: 409, code: 'operation_blocked_temporary' },
    });
    await expect(client.folders.createFolder({ name: 'x', parent: { id: '0' } })).rejects.toThrow(BoxApiError);
    expect(emulator.requests.count('folder-create')).toBe(1);
  });
});

describe('errors', () => {
  test('the code comes in quotes; the body has it right', async () => {
    const error = await errorOf(client.files.getFileById('42'));
    expect(error).toMatchObject({ responseInfo: { code: '"not_found"', body: { code: 'not_found' } } });
  });

  test("answers without an expected body lose the error's: content, its address, deletions", async () => {
    const { id } = await emulator.seedFile('a.pdf', 'x');
    const effect = { kind: 'answer', status: 403, code: 'forbidden_by_policy' } as const;
    emulator.faults.add({ endpoint: ['content', 'file-delete'], times: 3, effect });
    const { downloads, files } = client;
    for (const call of [downloads.downloadFile(id), downloads.getDownloadFileUrl(id), files.deleteFileById(id)]) {
      expect(await errorOf(call)).toMatchObject({ responseInfo: { statusCode: 403, rawBody: '', body: undefined } });
    }
  });

  test("a proxy's page in place of JSON costs the status", async () => {
    emulator.faults.add({ endpoint: 'me', times: Infinity, effect: { kind: 'answer', status: 502, body: 'html' } });
    const error = await errorOf(client.users.getUserMe());
    expect(error).toBeInstanceOf(BoxSdkError);
    expect(error).not.toBeInstanceOf(BoxApiError);
    expect((error as Error).message).toContain("Unexpected token '<'");
    expect(emulator.requests.count('me')).toBe(3);
  });

  test('If-None-Match that matches is an exception', async () => {
    const { id } = await emulator.seedFile('a.pdf', 'x');
    const call = client.files.getFileById(id, { headers: { ifNoneMatch: '0' } });
    expect(await errorOf(call)).toBeInstanceOf(BoxSdkError);
  });

  test('an error nobody catches prints the access token', async () => {
    const { access_token } = emulator.issueTokens();
    const program = `
      import { BoxClient, BoxDeveloperTokenAuth } from 'box-node-sdk';
      import { BaseUrls, NetworkSession } from 'box-node-sdk/networking';
      const networkSession = new NetworkSession({ baseUrls: new BaseUrls({ baseUrl: process.env.API_URL }) });
      const auth = new BoxDeveloperTokenAuth({ token: process.env.TOKEN });
      await new BoxClient({ auth, networkSession }).files.getFileById('42');
    `;
    const env = { ...process.env, API_URL: emulator.apiUrl, TOKEN: access_token };
    const options = { env, timeout: HANG_MS, cwd: fileURLToPath(new URL('../..', import.meta.url)) };
    const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], options);
    expect(await errorOf(child)).toMatchObject({ code: 1, stderr: expect.stringContaining(`Bearer ${access_token}`) });
  });

  test('an error of the network shows the signed address', async () => {
    const { id } = await emulator.seedFile('a.pdf', 'x');
    await emulator.refuseConnections('download');
    const failed = await errorOf(client.downloads.downloadFile(id));
    expect(emulator.secrets().some((secret) => inspect(failed).includes(`/d/1/${secret}/download`))).toBe(true);
  });
});

describe('logins', () => {
  let oauth: BoxOAuth;

  beforeEach(async () => {
    oauth = sdkOAuth(emulator);
    const { access_token, refresh_token } = emulator.issueTokens();
    if (refresh_token === undefined) throw new Error('a login has a refresh token');
    await oauth.tokenStorage.store({ accessToken: access_token, refreshToken: refresh_token });
    client = new BoxClient({ auth: oauth, networkSession: networkTo(emulator) });
  });

  test('five calls after expiry make five refreshes with one token: one passes, four are refused', async () => {
    emulator.expireAccessTokens();
    const calls = Array.from({ length: 5 }, async () => errorOf(client.users.getUserMe()));
    const errors = (await Promise.all(calls)).filter((error) => error !== undefined);
    expect(emulator.requests.count('token')).toBe(5);
    expect(errors).toHaveLength(4);
    for (const error of errors) {
      expect(error).toMatchObject({
        responseInfo: { statusCode: 400, code: undefined, body: { error: 'invalid_grant' } },
      });
    }
    expect(emulator.checks()).toEqual([{ check: 'used-refresh-token', detail: 'sent 4 times' }]);
  });

  test('a refresh whose answer is lost is sent again with the used token, and the login is lost', async () => {
    emulator.expireAccessTokens();
    emulator.faults.add({ endpoint: 'token', effect: { kind: 'no-answer', how: 'reset', executed: true } });
    expect(await errorOf(client.users.getUserMe())).toMatchObject({
      responseInfo: { body: { error: 'invalid_grant' } },
    });
    expect(emulator.checks()).toEqual([{ check: 'used-refresh-token', detail: 'sent 1 times' }]);
    expect(await errorOf(client.users.getUserMe())).toBeInstanceOf(BoxApiError);
  });

  test('the address to log in at cannot be set', () => {
    expect(oauth.getAuthorizeUrl()).toMatch(/^https:\/\/account\.box\.com\//);
  });
});
