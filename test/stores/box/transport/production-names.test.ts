import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DEFAULT_BOX_SETTINGS } from '../../../../src/stores/box/transport/box-settings.ts';
import { startBoxEmulator } from '../../../box-emulator/box-emulator.ts';
import { startConnectProxy } from '../../../box-emulator/connect-proxy.ts';
import { sha1Of } from '../../../conformance/document-store-samples.ts';
import { HANG_MS } from '../../../support/hang.ts';

const run = promisify(execFile);

describe('Box by its own names', () => {
  it('is reached through a proxy, over TLS, and no other host is', async () => {
    await using emulator = await startBoxEmulator();
    await using proxy = await startConnectProxy(emulator);
    const scratch = await mkdtemp(join(tmpdir(), 'production-names-'));
    try {
      const bytes = Buffer.alloc(25_000_000, 'a large scan ');
      const folder = emulator.seedFolder('Scans');
      await emulator.seedFile('a.pdf', bytes, { parentId: folder.id });
      const given = {
        settings: DEFAULT_BOX_SETTINGS,
        folderId: folder.id,
        token: emulator.issueTokens().access_token,
        scratch,
      };
      const entry = join(dirname(fileURLToPath(import.meta.url)), 'copying-process.ts');
      const environment = { PATH: process.env['PATH'] ?? '', ...proxy.environment, BOX_TEST: JSON.stringify(given) };
      const { stdout } = await run(process.execPath, [entry], { env: environment, timeout: HANG_MS });
      expect(JSON.parse(stdout)).toMatchObject({ sha1: sha1Of(bytes) });
      expect(emulator.list(folder.id).map((file) => file.path)).toEqual(['OCR/copy.pdf', 'a.pdf']);
      expect([...proxy.hosts()].sort()).toEqual(['api.box.com', 'dl.boxcloud.com', 'upload.box.com']);
      expect(emulator.requests.count('part')).toBeGreaterThan(1);
      expect(emulator.checks()).toEqual([]);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
});
