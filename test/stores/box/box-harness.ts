import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessError } from '../../../src/core/errors.ts';
import type { BoxLogin } from '../../../src/stores/box/login/box-login.ts';
import { DEFAULT_BOX_SETTINGS, type BoxSettings } from '../../../src/stores/box/transport/box-settings.ts';
import { BoxStore, type BoxStoreOptions } from '../../../src/stores/box/box-store.ts';
import { systemClock, type Clock } from '../../../src/stores/box/transport/clock.ts';
import { connect, openNetwork, type BoxConnection } from '../../../src/stores/box/transport/connect.ts';
import { startBoxEmulator, type BoxEmulator, type BoxEmulatorOptions } from '../../box-emulator/box-emulator.ts';
import type { StoreHarness } from '../../conformance/document-store.ts';

/** Waits of the client pass a hundred times faster than they say, so that back-off is real but short. */
export const hurriedClock: Clock = {
  now: () => Date.now(),
  sleep: (durationMs, signal) => systemClock.sleep(durationMs / 100, signal),
};

/** The client's settings for an emulator. */
export function settingsFor(emulator: BoxEmulator, more: Partial<BoxSettings> = {}): BoxSettings {
  const { apiUrl, uploadUrl, oauthUrl } = emulator;
  return { ...DEFAULT_BOX_SETTINGS, apiUrl, uploadUrl, accountUrl: oauthUrl, maxOutageMs: 20_000, ...more };
}

/** A login that asks the emulator for another token whenever one is refused. */
export function ownerLogin(emulator: BoxEmulator): BoxLogin {
  let token = emulator.issueTokens({ refreshable: false }).access_token;
  return {
    accessToken: async () => token,
    renew: async () => (token = emulator.issueTokens({ refreshable: false }).access_token),
  };
}

/** A login that cannot be renewed, as a developer token. */
export function mortalLogin(emulator: BoxEmulator): BoxLogin {
  const token = emulator.issueTokens({ refreshable: false }).access_token;
  return {
    accessToken: async () => token,
    renew: async () => {
      throw new AccessError('BOX_LOGIN_ENDED', 'ended');
    },
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export interface BoxWorld extends AsyncDisposable {
  readonly emulator: BoxEmulator;
  readonly connection: BoxConnection;
  /** The ID of the folder the stores are over. */
  readonly folderId: string;
  readonly scratch: string;
  openStore(options?: Partial<BoxStoreOptions>): BoxStore;
}

export interface WorldOptions {
  readonly emulator?: BoxEmulatorOptions;
  readonly settings?: Partial<BoxSettings>;
  readonly clock?: Clock;
  readonly login?: (emulator: BoxEmulator) => BoxLogin;
}

/** An emulator, the real client over it and a folder to work in. */
export async function makeWorld(options: WorldOptions = {}): Promise<BoxWorld> {
  const emulator = await startBoxEmulator(options.emulator);
  const scratch = await mkdtemp(join(tmpdir(), 'box-store-'));
  const network = await openNetwork({
    settings: settingsFor(emulator, options.settings),
    clock: options.clock ?? hurriedClock,
    random: () => 0.5,
  });
  const connection = await connect(network, (options.login ?? ownerLogin)(emulator));
  const folderId = emulator.seedFolder('Scans/Marduk').id;
  const folder = { id: folderId, path: 'Scans/Marduk', name: 'Marduk' };
  const stores: BoxStore[] = [];
  return {
    emulator,
    connection,
    folderId,
    scratch,
    openStore: (more = {}) => {
      const store = new BoxStore(connection, { folder, below: [], recursive: true, exclude: [], scratch, ...more });
      stores.push(store);
      return store;
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      network.close();
      await emulator.close();
      await rm(scratch, { recursive: true, force: true });
      if (emulator.defects.length > 0) throw new Error(`the emulator failed: ${emulator.defects.join('\n')}`);
    },
  };
}

/** The harness of the DocumentStore suite over a Box folder. */
export async function makeBoxHarness(): Promise<StoreHarness> {
  const world = await makeWorld({ settings: { maxOutageMs: 2_000 } });
  const { emulator, folderId } = world;
  const find = (path: string) => emulator.list(folderId).find((file) => file.path === path);
  const need = (path: string) => find(path) ?? expectFile(path);
  return {
    store: world.openStore(),
    scratch: world.scratch,
    seed: async (path, bytes) => void (await emulator.seedFile(path, bytes, { parentId: folderId })),
    replace: async (path, bytes) => emulator.addVersion(need(path).id, bytes),
    remove: async (path) => emulator.removeItem(need(path).id),
    readBack: async (path) => {
      const file = find(path);
      return file && emulator.read(file.id);
    },
    listVisible: async () => emulator.list(folderId).map((file) => file.path),
    versionOf: async (path) => `${need(path).id} ${need(path).versionCount}`,
    reopen: async () => world.openStore(),
    refusesName: (name) => (/[\\\p{Cc}]/u.test(name) ? 'Box refuses backslashes and control characters' : undefined),
    cutReads: async () =>
      void emulator.faults.add({ endpoint: 'download', times: 1e6, effect: { kind: 'body', change: 'short' } }),
    corruptReads: async () =>
      void emulator.faults.add({ endpoint: 'download', times: 1e6, effect: { kind: 'body', change: 'corrupt' } }),
    close: async () => world[Symbol.asyncDispose](),
  };
}

function expectFile(path: string): never {
  throw new Error(`the emulator has no file ${path}`);
}
