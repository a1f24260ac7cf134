import { execFile } from 'node:child_process';
import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { AccessError } from '../../../../src/core/errors.ts';
import { connect } from '../../../../src/stores/box/transport/connect.ts';
import { PersonSession } from '../../../../src/stores/box/login/person-session.ts';
import { readUser } from '../../../../src/stores/box/login/read-user.ts';
import { writeLogin } from '../../../../src/stores/box/login/login-file.ts';
import { calm } from '../../../conformance/document-store-samples.ts';
import { makeLoginWorld, type LoginWorld } from './login-world.ts';
import { HANG_MS } from '../../../support/hang.ts';

const HOUR_MS = 3_600_000;
const run = promisify(execFile);

function open(world: LoginWorld): PersonSession {
  return new PersonSession(world.loginFile, world.app, world.network);
}

async function failureOf(promise: Promise<unknown>): Promise<AccessError> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(AccessError);
  return outcome as AccessError;
}

describe('a kept login', () => {
  it('is used as it is while it is good', async () => {
    await using world = await makeLoginWorld();
    const record = await world.keep();
    expect(await open(world).accessToken()).toBe(record.accessToken);
    expect(world.emulator.requests.count('token')).toBe(0);
  });

  it('is renewed before it expires, kept privately, and works', async () => {
    await using world = await makeLoginWorld();
    const before = await world.keep(HOUR_MS - 240_000);
    const session = open(world);
    const who = await readUser(await connect(world.network, session), calm());
    expect(who.login).toBe('owner@example.org');
    const after = await world.kept();
    expect(after.refreshToken).not.toBe(before.refreshToken);
    expect(after.renewingSince).toBeUndefined();
    expect((await stat(world.loginFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(dirname(world.loginFile))).toEqual(['box.json']);
  });

  it('is renewed once by many calls at the same time', async () => {
    await using world = await makeLoginWorld();
    await world.keep(2 * HOUR_MS);
    const session = open(world);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => session.accessToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(world.emulator.requests.count('token')).toBe(1);
    expect(world.emulator.checks()).toEqual([]);
  });

  it('is renewed once when Box refuses it to many calls at the same time', async () => {
    await using world = await makeLoginWorld();
    await world.keep();
    world.emulator.expireAccessTokens();
    const connection = await connect(world.network, open(world));
    await Promise.all(Array.from({ length: 8 }, () => readUser(connection, calm())));
    expect(world.emulator.requests.count('token')).toBe(1);
    expect(world.emulator.checks()).toEqual([]);
  });

  it('is renewed once by several processes that share it', async () => {
    await using world = await makeLoginWorld();
    await world.keep(2 * HOUR_MS);
    // Long enough for all of them to find the token old before the first has another.
    world.emulator.faults.add({ endpoint: 'token', times: 100, effect: { kind: 'delay', delayMs: 1_500 } });
    const entry = join(dirname(fileURLToPath(import.meta.url)), 'renewing-process.ts');
    const environment = {
      ...process.env,
      NO_PROXY: '127.0.0.1',
      BOX_TEST: JSON.stringify({ settings: world.network.settings, app: world.app, file: world.loginFile }),
    };
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => run(process.execPath, [entry], { env: environment, timeout: HANG_MS })),
    );
    expect(answers.map(({ stdout }) => stdout.trim())).toEqual(
      Array(4).fill('owner@example.org owner@example.org owner@example.org'),
    );
    expect(world.emulator.requests.count('token')).toBe(1);
    expect(world.emulator.checks()).toEqual([]);
  });

  it('is tried again when Box does not answer, and then is what it was', async () => {
    await using world = await makeLoginWorld();
    const before = await world.keep(2 * HOUR_MS);
    world.emulator.faults.add({ endpoint: 'token', times: 2, effect: { kind: 'no-answer', how: 'reset' } });
    const token = await open(world).accessToken();
    expect(token).not.toBe(before.accessToken);
    expect((await world.kept()).accessToken).toBe(token);
  });

  it('survives a lost answer where Box gives the same answer again', async () => {
    await using world = await makeLoginWorld({ refreshGraceMs: 60_000 });
    await world.keep(2 * HOUR_MS);
    world.emulator.faults.add({ endpoint: 'token', effect: { kind: 'no-answer', how: 'reset', executed: true } });
    const session = open(world);
    expect((await readUser(await connect(world.network, session), calm())).login).toBe('owner@example.org');
  });

  it('says that it was lost where Box does not, and is not sent again', async () => {
    await using world = await makeLoginWorld();
    await world.keep(2 * HOUR_MS);
    world.emulator.faults.add({ endpoint: 'token', effect: { kind: 'no-answer', how: 'reset', executed: true } });
    const error = await failureOf(open(world).accessToken());
    expect(error.code).toBe('BOX_LOGIN_ENDED');
    expect(error.advice.why).toContain('lost on the network');
    const sent = world.emulator.requests.count('token');
    expect((await failureOf(open(world).accessToken())).code).toBe('BOX_LOGIN_ENDED');
    expect(world.emulator.requests.count('token')).toBe(sent);
  });

  it('says so when a run was stopped in the middle of renewing it', async () => {
    await using world = await makeLoginWorld();
    const record = await world.keep(2 * HOUR_MS);
    await writeLogin(world.loginFile, { ...record, renewingSince: '2024-01-01T00:00:00.000Z' });
    world.emulator.revokeLogins();
    const error = await failureOf(open(world).accessToken());
    expect(error.code).toBe('BOX_LOGIN_ENDED');
    expect(error.advice.why).toContain('stopped just while it renewed');
  });

  it('goes on when a run was stopped before Box heard of the renewal', async () => {
    await using world = await makeLoginWorld();
    const record = await world.keep(2 * HOUR_MS);
    await writeLogin(world.loginFile, { ...record, renewingSince: '2024-01-01T00:00:00.000Z' });
    await open(world).accessToken();
    expect((await world.kept()).renewingSince).toBeUndefined();
  });

  it('still serves while it is good when it cannot be renewed early', async () => {
    await using world = await makeLoginWorld();
    const record = await world.keep(HOUR_MS - 200_000);
    world.emulator.faults.add({ endpoint: 'token', times: 1000, effect: { kind: 'answer', status: 503 } });
    const session = new PersonSession(world.loginFile, world.app, {
      ...world.network,
      clock: impatientClock(),
    });
    expect(await session.accessToken()).toBe(record.accessToken);
  });

  it('is not lost by an outage', async () => {
    await using world = await makeLoginWorld();
    const before = await world.keep(2 * HOUR_MS);
    const handle = world.emulator.faults.add({
      endpoint: 'token',
      times: 1000,
      effect: { kind: 'answer', status: 503 },
    });
    const session = new PersonSession(world.loginFile, world.app, { ...world.network, clock: impatientClock() });
    await expect(session.accessToken()).rejects.toMatchObject({ status: 503 });
    expect((await world.kept()).refreshToken).toBe(before.refreshToken);
    handle.remove();
    expect(await session.accessToken()).not.toBe(before.accessToken);
  });

  it('is refused when others can read it', async () => {
    await using world = await makeLoginWorld();
    await world.keep();
    await chmod(world.loginFile, 0o640);
    const error = await failureOf(open(world).accessToken());
    expect(error.code).toBe('BOX_LOGIN_EXPOSED');
    expect(world.emulator.requests.count()).toBe(0);
  });

  it('is refused when it is cut short or of another app, without showing what is in it', async () => {
    await using world = await makeLoginWorld();
    const record = await world.keep();
    await writeFile(world.loginFile, (await readFile(world.loginFile, 'utf8')).slice(0, -30), { mode: 0o600 });
    const damaged = await failureOf(open(world).accessToken());
    expect(damaged.code).toBe('BOX_LOGIN_DAMAGED');
    expect(JSON.stringify(damaged.toRecord())).not.toContain(record.refreshToken);
    await writeLogin(world.loginFile, { ...record, clientId: 'another' });
    expect((await failureOf(open(world).accessToken())).code).toBe('BOX_LOGIN_ELSEWHERE');
    await writeLogin(world.loginFile, { ...record, apiUrl: 'https://elsewhere.example' });
    expect((await failureOf(open(world).accessToken())).code).toBe('BOX_LOGIN_ELSEWHERE');
  });
});

/** Time in which each look at the clock is ten seconds later: outages pass their limit at once. */
function impatientClock() {
  let aheadMs = 0;
  return {
    now: () => Date.now() + aheadMs,
    sleep: async (durationMs: number) => void (aheadMs += durationMs),
  };
}
