import { describe, expect, it } from 'vitest';
import { collect, makeWorld } from '../box-harness.ts';
import { HANG_MS } from '../../../support/hang.ts';

const signal = AbortSignal.timeout(HANG_MS);

describe('an access token that ends', () => {
  it('twice in a row is replaced twice, and the login is not taken for ended', async () => {
    await using world = await makeWorld();
    const { emulator, folderId } = world;
    await emulator.seedFile('a.pdf', '%PDF-1.4 a', { parentId: folderId });
    const fault = emulator.faults.add({
      endpoint: 'folder-items',
      times: 2,
      effect: { kind: 'act', act: () => emulator.expireAccessTokens() },
    });
    const entries = await collect(world.openStore().list(signal));
    expect(entries).toHaveLength(1);
    expect(fault.hits).toBe(2);
  });

  it('each time it is new is given up after some, with the words for it', async () => {
    await using world = await makeWorld();
    const { emulator } = world;
    emulator.faults.add({
      endpoint: 'folder-items',
      times: 1_000,
      effect: { kind: 'act', act: () => emulator.expireAccessTokens() },
    });
    await expect(collect(world.openStore().list(signal))).rejects.toMatchObject({ code: 'BOX_LOGIN_ENDED' });
    expect(emulator.requests.count('folder-items')).toBeLessThanOrEqual(5);
  });
});
