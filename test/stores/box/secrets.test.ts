import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../box-emulator/fault-catalogue.ts';
import { calm } from '../../conformance/document-store-samples.ts';
import { makeWorld, mortalLogin } from './box-harness.ts';

const NAMES = [
  'reset before headers',
  '502 html',
  'login revoked',
  'download refused',
  'download host unknown',
  'forbidden by policy',
  'source deleted',
  '503',
  'download reset',
  'url expired',
  'permission revoked',
];

describe('errors of Box', () => {
  it.each(NAMES)('hold no secret when %s, however they are printed', async (name) => {
    const fault = FAULTS.find((candidate) => candidate.name === name);
    expect(fault).toBeDefined();
    await using world = await makeWorld({ login: mortalLogin, settings: { maxOutageMs: 300, maxWaitMs: 300 } });
    await world.emulator.seedFile('a.pdf', Buffer.alloc(50_000, 'x'), { parentId: world.folderId });
    const store = world.openStore();
    const errors: unknown[] = [];
    for await (const entry of store.list(calm())) {
      if (!fault || entry.kind !== 'document') continue;
      for (const endpoint of ['content', 'download', 'file-get'] as const)
        if (fault.endpoints.includes(endpoint))
          world.emulator.faults.add({ endpoint, times: 1e6, effect: fault.effect });
      await store
        .read(entry.document, join(world.scratch, 'a.pdf'), calm())
        .catch((error: unknown) => errors.push(error));
    }
    expect(errors).toHaveLength(1);
    const printed = inspect(errors, { depth: 20, showHidden: true }) + String((errors[0] as Error).stack);
    for (const secret of world.emulator.secrets()) expect(printed).not.toContain(secret);
    expect(printed).not.toMatch(/Bearer|https?:\/\/127/);
  });
});
