import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { get, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from './box-emulator.ts';
import { closeClean } from './close-clean.ts';
import { sdkClient } from './sdk-client.ts';

test('a folder of 100,000 entries is listed in 100 calls, each entry once', async () => {
  const emulator = await startBoxEmulator();
  const folder = emulator.seedFolder('Huge');
  emulator.seedMany(folder.id, 100_000, (index) => `scan ${index}.pdf`);
  const client = sdkClient(emulator);
  const seen = new Set<string>();
  let marker: string | undefined;
  do {
    const page = await client.folders.getFolderItems(folder.id, {
      queryParams: {
        usemarker: true,
        limit: 1000,
        fields: ['name', 'size', 'sha1'],
        ...(marker === undefined ? {} : { marker }),
      },
    });
    for (const entry of page.entries ?? []) seen.add(entry.id);
    marker = page.nextMarker ?? undefined;
  } while (marker !== undefined && emulator.requests.count() < 200);
  expect([seen.size, emulator.requests.count('folder-items')]).toEqual([100_000, 100]);
  await closeClean(emulator);
});

const BOUNDARY = 'xyz';

/** The body of an upload whose bytes come from elsewhere. */
async function* multipart(attributes: object, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const part = (name: string) =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"; filename="x"\r\n\r\n`;
  yield Buffer.from(`${part('attributes')}${JSON.stringify(attributes)}\r\n${part('file')}`);
  yield* bytes;
  yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
}

/** The download host's answer to a file. */
async function openDownload(
  emulator: BoxEmulator,
  id: string,
  headers: Record<string, string>,
): Promise<IncomingMessage> {
  const found = await fetch(`${emulator.apiUrl}/2.0/files/${id}/content`, { headers, redirect: 'manual' });
  const download = get(found.headers.get('location') ?? '', { agent: false });
  const [response] = (await once(download, 'response')) as [IncomingMessage];
  return response;
}

test('large contents pass through without staying in memory', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'emulator-scale-'));
  const file = path.join(folder, 'big.pdf');
  const sizeBytes = 500 * 1024 * 1024;
  const emulator = await startBoxEmulator({ maxDirectUploadBytes: sizeBytes });
  try {
    const handle = await open(file, 'w');
    await handle.truncate(sizeBytes);
    await handle.close();
    const { id, sha1 } = await emulator.seedFile('big.pdf', { file });
    const headers = { authorization: `Bearer ${emulator.issueTokens().access_token}` };
    const beforeBytes = process.memoryUsage.rss();
    let largestBytes = 0;
    const watched = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of await openDownload(emulator, id, headers)) {
        largestBytes = Math.max(largestBytes, process.memoryUsage.rss());
        yield chunk as Buffer;
      }
    };
    // Straight from the download host into an upload: the bytes cross the emulator twice.
    const type = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    const upload = request(`${emulator.uploadUrl}/2.0/files/content`, {
      method: 'POST',
      agent: false,
      headers: { ...headers, ...type },
    });
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    await pipeline(multipart({ name: 'copy.pdf', parent: { id: '0' } }, watched()), upload);
    const [answer] = await answered;
    expect(JSON.parse(await text(answer))).toMatchObject({ entries: [{ name: 'copy.pdf', sha1, size: sizeBytes }] });
    expect(largestBytes - beforeBytes).toBeLessThan(250 * 1024 * 1024);
  } finally {
    await emulator.close();
    await rm(folder, { recursive: true, force: true });
  }
});
