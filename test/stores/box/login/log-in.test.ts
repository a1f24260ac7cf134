import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect as connectTo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AccessError, ConfigError, PipelineError, StoppedError } from '../../../../src/core/errors.ts';
import { connect } from '../../../../src/stores/box/transport/connect.ts';
import { parseAppFile } from '../../../../src/stores/box/login/app-file.ts';
import { sendLogin, receiveLogin } from '../../../../src/stores/box/login/move-login.ts';
import { logInApp, logInPerson, type LoginTalk } from '../../../../src/stores/box/login/log-in.ts';
import { logOut } from '../../../../src/stores/box/login/log-out.ts';
import { loginAge } from '../../../../src/stores/box/login/login-record.ts';
import { openLogin } from '../../../../src/stores/box/login/open-login.ts';
import { readRedirect } from '../../../../src/stores/box/login/redirect.ts';
import { readUser } from '../../../../src/stores/box/login/read-user.ts';
import { calm } from '../../../conformance/document-store-samples.ts';
import { makeLoginWorld, type LoginWorld } from './login-world.ts';

async function* lines(...texts: (string | Promise<string>)[]): AsyncGenerator<string> {
  for (const text of texts) yield await text;
}

/** A browser: follows redirects by itself, as people's browsers do. */
async function browse(address: string): Promise<{ status: number; url: string; text: string }> {
  const answer = await fetch(address, { redirect: 'follow' });
  return { status: answer.status, url: answer.url, text: await answer.text() };
}

function talking(
  invite: LoginTalk['invite'],
  pasted: AsyncIterable<string> = lines(),
): LoginTalk & { complaints: string[] } {
  const complaints: string[] = [];
  return { invite, pasted, complaints, port: 0, complain: (reason) => complaints.push(reason) };
}

async function failureOf(promise: Promise<unknown>): Promise<PipelineError> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(PipelineError);
  return outcome as PipelineError;
}

/** What a listener on this computer answers to bytes that no browser would send. */
async function sendRaw(port: number, request: string): Promise<string> {
  const socket = connectTo(port, '127.0.0.1');
  socket.end(request);
  let answer = '';
  for await (const bytes of socket.setEncoding('latin1') as AsyncIterable<string>) answer += bytes;
  return answer;
}

describe('logging in as a person', () => {
  it('goes on waiting, whatever other users of the computer send to its port', async () => {
    await using world = await makeLoginWorld();
    const answers: string[] = [];
    const talk = talking(async (start) => {
      const port = Number(new URL(start).port);
      for (const target of [
        '//',
        'http://[bad/',
        '*',
        '/\\\\',
        '//evil.org/?code=1',
        'http://evil.org/',
        '',
        '/%',
        '/?code=x&state=%ff',
      ])
        for (const host of ['127.0.0.1', '[bad', 'evil.org', ''])
          answers.push(await sendRaw(port, `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`));
      answers.push(
        await sendRaw(port, 'POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
      );
      void browse(start);
    });
    const record = await logInPerson(world.network, world.app, world.loginFile, talk, calm());
    expect(record.user.login).toBe('owner@example.org');
    expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual(answers.map(() => 'HTTP/1.1 400 Bad Request'));
  });

  it('with a browser on this computer', async () => {
    await using world = await makeLoginWorld();
    let page = '';
    const talk = talking(async (start) => void browse(start).then(({ text }) => (page = text)));
    const record = await logInPerson(world.network, world.app, world.loginFile, talk, calm());
    expect(record.user.login).toBe('owner@example.org');
    expect((await stat(world.loginFile)).mode & 0o777).toBe(0o600);
    await expect.poll(() => page).toContain('Logged in to Box');
    const { login } = await openLogin({ loginFile: world.loginFile, app: world.app }, world.network);
    expect((await readUser(await connect(world.network, login), calm())).id).toBe(record.user.id);
  });

  it('with the address pasted from a browser elsewhere', async () => {
    await using world = await makeLoginWorld();
    const { promise: address, resolve } = Promise.withResolvers<string>();
    const talk = talking(
      async (_start, boxAddress) => {
        const sentTo = await fetch(boxAddress, { redirect: 'manual' });
        resolve(sentTo.headers.get('location') ?? '');
      },
      lines(
        '',
        'hello',
        address.then((right) => right.replace(/state=[^&]+/, 'state=another')),
        address,
      ),
    );
    const record = await logInPerson(world.network, world.app, world.loginFile, talk, calm());
    expect(record.user.login).toBe('owner@example.org');
    expect(talk.complaints).toHaveLength(2);
    expect(talk.complaints[1]).toContain('another login');
  });

  it('takes no code that answers another question, and nobody by another name', async () => {
    await using world = await makeLoginWorld();
    const seen: number[] = [];
    const talk = talking((start) => {
      const { origin } = new URL(start);
      void (async () => {
        const evil = await fetch(`${origin}/?code=stolen&state=guessed`);
        const bare = await fetch(`${origin}/`);
        const posted = await fetch(start, { method: 'POST', redirect: 'manual' });
        seen.push(evil.status, bare.status, posted.status);
        await browse(start);
      })();
    });
    await logInPerson(world.network, world.app, world.loginFile, talk, calm());
    expect(seen).toEqual([400, 400, 400]);
    expect(world.emulator.requests.count('token')).toBe(1);
  });

  it('takes another port where the usual one is taken', async () => {
    await using world = await makeLoginWorld();
    const other = createServer().listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => other.once('listening', resolve));
      const address = other.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const talk = { ...talking((start) => void browse(start)), port };
      expect((await logInPerson(world.network, world.app, world.loginFile, talk, calm())).user.id).not.toBe('');
    } finally {
      other.close();
    }
  });

  it('says when the person said no, the code is old, or the app is wrong', async () => {
    await using world = await makeLoginWorld();
    const go = (start: string): void => void browse(start);
    world.emulator.setConsent('deny');
    const denied = await failureOf(logInPerson(world.network, world.app, world.loginFile, talking(go), calm()));
    expect(denied.code).toBe('BOX_LOGIN_DENIED');
    world.emulator.setConsent('approve');
    world.emulator.faults.add({ endpoint: 'token', effect: { kind: 'no-answer', how: 'reset', executed: true } });
    const old = await failureOf(logInPerson(world.network, world.app, world.loginFile, talking(go), calm()));
    expect(old.code).toBe('BOX_CODE_OLD');
    const wrong = { ...world.app, clientSecret: 'wrong' };
    const refused = await failureOf(logInPerson(world.network, wrong, world.loginFile, talking(go), calm()));
    expect(refused.code).toBe('BOX_APP_REFUSED');
    expect(await stat(world.loginFile).catch(() => 'none')).toBe('none');
  });

  it('can be stopped', async () => {
    await using world = await makeLoginWorld();
    const controller = new AbortController();
    const talk = talking(() => void setTimeout(() => controller.abort(new StoppedError('STOPPED', 'Stopped.')), 20));
    const error = await failureOf(logInPerson(world.network, world.app, world.loginFile, talk, controller.signal));
    expect(error).toBeInstanceOf(StoppedError);
  });

  it('reads pasted addresses with care', () => {
    expect(readRedirect(' http://localhost:1/?code=c&state=s\n', 's')).toEqual({ kind: 'code', code: 'c' });
    expect(readRedirect('http://localhost:1/?code=c&state=x', 's')).toEqual({ kind: 'foreign' });
    expect(readRedirect('http://localhost:1/?code=c', 's')).toEqual({ kind: 'foreign' });
    expect(readRedirect('http://localhost:1/?error=access_denied&state=s', 's')).toEqual({ kind: 'denied' });
    expect(readRedirect('http://localhost:1/', 's')).toEqual({ kind: 'none' });
    expect(readRedirect('c', 's')).toEqual({ kind: 'none' });
  });
});

async function writeAppFile(world: LoginWorld, content: object): Promise<string> {
  const file = join(world.folder, 'app.json');
  await writeFile(file, JSON.stringify(content), { mode: 0o600 });
  return file;
}

describe('logging in as a service account', () => {
  it('with client credentials', async () => {
    await using world = await makeLoginWorld();
    const boxAppSettings = { clientID: world.app.clientId, clientSecret: world.app.clientSecret };
    const file = await writeAppFile(world, { boxAppSettings, enterpriseID: '77' });
    const record = await logInApp(world.network, file, world.loginFile, calm());
    expect(record.user.login).toContain('AutomationUser');
    expect(await readFile(world.loginFile, 'utf8')).not.toContain(world.app.clientSecret);
    const { login, kind } = await openLogin({ loginFile: world.loginFile }, world.network);
    expect(kind).toBe('app');
    world.emulator.expireAccessTokens();
    expect((await readUser(await connect(world.network, login), calm())).id).toBe(record.user.id);
  });

  it('with a key pair, a new assertion for each attempt', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const passphrase = 'a passphrase';
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
    const jwt = {
      publicKeyPem: String(publicKey.export({ type: 'spki', format: 'pem' })),
      publicKeyId: 'k1',
      enterpriseId: '77',
    };
    await using world = await makeLoginWorld({ jwt });
    const boxAppSettings = {
      clientID: world.app.clientId,
      clientSecret: world.app.clientSecret,
      appAuth: { publicKeyID: 'k1', privateKey: String(pem), passphrase },
    };
    const file = await writeAppFile(world, { boxAppSettings, enterpriseID: '77' });
    world.emulator.faults.add({
      endpoint: 'token',
      times: 2,
      effect: { kind: 'no-answer', how: 'reset', executed: true },
    });
    const record = await logInApp(world.network, file, world.loginFile, calm());
    expect(record.user.login).toContain('AutomationUser');
  });

  it('says what is wrong with an app file, or the app', async () => {
    await using world = await makeLoginWorld();
    const app = { clientID: world.app.clientId, clientSecret: 'a wrong secret' };
    const file = await writeAppFile(world, { boxAppSettings: app, enterpriseID: '77' });
    const refused = await failureOf(logInApp(world.network, file, world.loginFile, calm()));
    expect(refused.code).toBe('BOX_APP_REFUSED');
    expect(JSON.stringify(refused.toRecord())).not.toContain('a wrong secret');
    await chmod(file, 0o644);
    expect((await failureOf(logInApp(world.network, file, world.loginFile, calm()))).code).toBe('BOX_LOGIN_EXPOSED');
    const missing = logInApp(world.network, join(world.folder, 'none.json'), world.loginFile, calm());
    expect((await failureOf(missing)).code).toBe('BOX_APP_FILE_MISSING');
    for (const text of [
      '',
      '{}',
      '[]',
      '{"boxAppSettings":{"clientID":"a"}}',
      '{"boxAppSettings":{"clientID":"a","clientSecret":"b"}}',
    ])
      expect(() => parseAppFile(text, 'f')).toThrow(ConfigError);
  });
});

describe('other ways and ends of a login', () => {
  it('uses a developer token before all, and says when it is over', async () => {
    await using world = await makeLoginWorld();
    const developerToken = world.emulator.issueTokens({ refreshable: false }).access_token;
    const opened = await openLogin({ loginFile: world.loginFile, developerToken }, world.network);
    expect(opened.warning).toContain('60 minutes');
    const connection = await connect(world.network, opened.login);
    expect((await readUser(connection, calm())).login).toBe('owner@example.org');
    world.emulator.expireAccessTokens();
    const error = await failureOf(readUser(connection, calm()));
    expect(error.code).toBe('BOX_LOGIN_ENDED');
    expect(error.advice.why).toContain('BOX_DEVELOPER_TOKEN');
  });

  it('warns from day 45, and asks to log in where there is none', async () => {
    await using world = await makeLoginWorld();
    expect((await failureOf(openLogin({ loginFile: world.loginFile, app: world.app }, world.network))).code).toBe(
      'BOX_NOT_LOGGED_IN',
    );
    const day = 86_400_000;
    const record = await world.keep(44 * day);
    expect((await openLogin({ loginFile: world.loginFile, app: world.app }, world.network)).warning).toBeUndefined();
    await world.keep(45 * day);
    const opened = await openLogin({ loginFile: world.loginFile, app: world.app }, world.network);
    expect(opened.warning).toContain('45 days ago');
    expect(loginAge(record, Date.parse(record.renewedAt) + 61 * day)).toEqual({
      idleDays: 61,
      daysLeft: 0,
      endsSoon: true,
    });
    expect((await failureOf(openLogin({ loginFile: world.loginFile }, world.network))).code).toBe('BOX_APP_UNKNOWN');
  });

  it('logs out here and at Box', async () => {
    await using world = await makeLoginWorld();
    const record = await world.keep();
    const connection = await connect(world.network, {
      accessToken: async () => record.accessToken,
      renew: () => Promise.reject(new AccessError('X', 'x')),
    });
    await readUser(connection, calm());
    expect(await logOut(world.network, world.loginFile, () => world.app)).toMatchObject({ revoked: true });
    expect((await failureOf(readUser(connection, calm()))).code).toBe('X');
    expect(await stat(world.loginFile).catch(() => 'none')).toBe('none');
    expect(await logOut(world.network, world.loginFile, () => world.app)).toBeUndefined();
  });

  it('moves to another computer and stays behind in none', async () => {
    await using world = await makeLoginWorld();
    const record = await world.keep();
    await expect(sendLogin(world.loginFile, () => Promise.reject(new Error('the pipe broke')))).rejects.toThrow(
      'the pipe broke',
    );
    expect((await world.kept()).refreshToken).toBe(record.refreshToken);
    let carried = '';
    await sendLogin(world.loginFile, async (text) => void (carried = text));
    expect(await stat(world.loginFile).catch(() => 'none')).toBe('none');
    const there = join(world.folder, 'there', 'box.json');
    const received = await receiveLogin(world.network, world.app, there, carried);
    expect(received.refreshToken).not.toBe(record.refreshToken);
    expect((await stat(there)).mode & 0o777).toBe(0o600);
    const again = await failureOf(
      receiveLogin(world.network, world.app, join(world.folder, 'thief', 'box.json'), carried),
    );
    expect(again.code).toBe('BOX_LOGIN_ENDED');
    await expect(receiveLogin(world.network, world.app, there, '{"format":1')).rejects.toThrow(AccessError);
  });
});
