import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../../src/stores/box/transport/clock.ts';
import { openNetwork, type BoxNetwork } from '../../../../src/stores/box/transport/connect.ts';
import { writeLogin } from '../../../../src/stores/box/login/login-file.ts';
import { parseLogin, type PersonLogin } from '../../../../src/stores/box/login/login-record.ts';
import type { BoxApp } from '../../../../src/stores/box/login/person-session.ts';
import { startBoxEmulator, type BoxEmulator, type BoxEmulatorOptions } from '../../../box-emulator/box-emulator.ts';
import { hurriedClock, settingsFor } from '../box-harness.ts';

export interface LoginWorld extends AsyncDisposable {
  readonly emulator: BoxEmulator;
  readonly network: BoxNetwork;
  readonly app: BoxApp;
  readonly folder: string;
  readonly loginFile: string;
  /** Keeps a login that was given this long ago. */
  keep(agoMs?: number): Promise<PersonLogin>;
  kept(): Promise<PersonLogin>;
}

/** An emulator, the way to it, and a private place for a login. */
export async function makeLoginWorld(
  options: BoxEmulatorOptions = {},
  clock: Clock = hurriedClock,
): Promise<LoginWorld> {
  const emulator = await startBoxEmulator(options);
  const folder = await mkdtemp(join(tmpdir(), 'box-login-'));
  const loginFile = join(folder, 'config', 'box.json');
  const network = await openNetwork({ settings: settingsFor(emulator), clock, random: () => 0.5 });
  const app = { clientId: emulator.clientId, clientSecret: emulator.clientSecret };
  return {
    emulator,
    network,
    app,
    folder,
    loginFile,
    async keep(agoMs = 0) {
      const tokens = emulator.issueTokens();
      const atMs = Date.now() - agoMs;
      const record: PersonLogin = {
        kind: 'person',
        user: { id: '20000000001', name: 'Emulated Owner', login: 'owner@example.org' },
        clientId: app.clientId,
        apiUrl: emulator.apiUrl,
        accessToken: tokens.access_token,
        refreshToken: tokens.refresh_token ?? '',
        renewedAt: new Date(atMs).toISOString(),
        expiresAt: new Date(atMs + 3_600_000).toISOString(),
      };
      await writeLogin(loginFile, record);
      return record;
    },
    async kept() {
      const record = parseLogin(await readFile(loginFile, 'utf8'));
      if (record.kind !== 'person') throw new Error('the kept login is not a person');
      return record;
    },
    async [Symbol.asyncDispose]() {
      network.close();
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
