// Started by large-files.test.ts: fetches a file and stores it again, and tells how much memory that took.
import { join } from 'node:path';
import type { BoxSettings } from '../../../../src/stores/box/transport/box-settings.ts';
import { BoxStore } from '../../../../src/stores/box/box-store.ts';
import { connect, openNetwork } from '../../../../src/stores/box/transport/connect.ts';
import { HANG_MS } from '../../../support/hang.ts';

const given = JSON.parse(process.env['BOX_TEST'] ?? '{}') as {
  settings: BoxSettings;
  folderId: string;
  token: string;
  scratch: string;
};
const signal = AbortSignal.timeout(HANG_MS);
const network = await openNetwork({ settings: given.settings });
const connection = await connect(network, { accessToken: async () => given.token, renew: async () => given.token });
const folder = { id: given.folderId, path: 'Scans', name: 'Scans' };
const store = new BoxStore(connection, { folder, below: [], recursive: true, exclude: [], scratch: given.scratch });
for await (const entry of store.list(signal)) {
  if (entry.kind !== 'document') continue;
  const { file, sha1, sizeBytes } = await store.read(entry.document, join(given.scratch, 'copy.pdf'), signal);
  const request = {
    path: 'OCR/copy.pdf',
    artifact: { file, sizeBytes, sha1 },
    onConflict: 'stop' as const,
    isOurs: () => false,
  };
  const written = await store.write(request, signal);
  // resourceUsage tells the largest resident set there was, in KiB.
  process.stdout.write(JSON.stringify({ sha1: written.sha1, maxRssBytes: process.resourceUsage().maxRSS * 1024 }));
}
await store.close();
network.close();
