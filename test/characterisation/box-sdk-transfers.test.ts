/**
 * How box-node-sdk 10.12.0 behaves when transfers go wrong. None of this is what one would wish: our own store works
 * around it, and a version of the SDK that behaves otherwise must be noticed before it is taken up.
 */
import { readFile } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BoxClient } from 'box-node-sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from '../box-emulator/box-emulator.ts';
import type { BodyChange, FaultEffect } from '../box-emulator/fault-effect.ts';
import { networkTo, sdkClient } from '../box-emulator/sdk-client.ts';
import { outcomeAfter, type Outcome } from './outcome.ts';

// Far above what a settled call needs on loopback.
const PATIENCE_MS = 1500;
const BYTES = Buffer.alloc(200_000, 'x');

let emulator: BoxEmulator;
let client: BoxClient;
let fileId: string;

beforeEach(async () => {
  emulator = await startBoxEmulator();
  client = sdkClient(emulator);
  fileId = (await emulator.seedFile('a.pdf', BYTES)).id;
});

afterEach(async () => {
  await emulator.close();
});

test('these are the tests of 10.12.0', async () => {
  const manifest = await readFile(new URL('../../node_modules/box-node-sdk/package.json', import.meta.url), 'utf8');
  expect((JSON.parse(manifest) as { version: string }).version).toBe('10.12.0');
});

/** Downloads to nowhere; counts what arrived. */
async function download(from: BoxClient, signal?: AbortSignal): Promise<{ bytes: number; outcome: Outcome }> {
  const stream = await from.downloads.downloadFile(fileId, signal ? { cancellationToken: signal } : {});
  let bytes = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  const outcome = await outcomeAfter(pipeline(stream ?? Readable.from([]), sink), PATIENCE_MS);
  return { bytes, outcome };
}

describe('a download that is cut', () => {
  const cut = (change: BodyChange): FaultEffect => ({ kind: 'body', change, afterBytes: 100_000 });

  test('by a close before Content-Length neither ends nor errs', async () => {
    emulator.faults.add({ endpoint: 'download', effect: cut('close') });
    const { bytes, outcome } = await download(client);
    expect(outcome.state).toBe('pending');
    expect(bytes).toBe(100_000);
  });

  test.each<BodyChange>(['reset', 'cut-chunks'])('by %s errs', async (change) => {
    emulator.faults.add({ endpoint: 'download', effect: cut(change) });
    expect((await download(client)).outcome.state).toBe('rejected');
  });

  test.each<BodyChange>(['short', 'short-without-length'])(
    'as a well-formed body that is too %s is taken for the file',
    async (change) => {
      emulator.faults.add({ endpoint: 'download', effect: cut(change) });
      const { bytes, outcome } = await download(client);
      expect([outcome.state, bytes]).toEqual(['fulfilled', 100_000]);
    },
  );
});

describe('timeoutMs', () => {
  const stall: FaultEffect = { kind: 'body', change: 'stall', afterBytes: 1000 };

  test('does not exist by default: headers that never come are waited for', async () => {
    emulator.faults.add({ endpoint: 'me', effect: { kind: 'no-answer', how: 'silence' } });
    expect((await outcomeAfter(client.users.getUserMe(), PATIENCE_MS)).state).toBe('pending');
  });

  test('ends the wait for headers, but not a body that stalls', async () => {
    const hurried = sdkClient(emulator, { timeoutMs: 200 });
    emulator.faults.add({ endpoint: 'me', times: Infinity, effect: { kind: 'no-answer', how: 'silence' } });
    expect((await outcomeAfter(hurried.users.getUserMe(), 3 * PATIENCE_MS)).state).toBe('rejected');
    emulator.faults.add({ endpoint: 'download', effect: stall });
    expect((await download(hurried)).outcome.state).toBe('pending');
  });

  test.each([
    ['without it, an abort ends the body', undefined, 'rejected'],
    ['with it, an abort no longer reaches the body', 10_000, 'pending'],
  ] as const)('%s', async (_, timeoutMs, state) => {
    const some = sdkClient(emulator, timeoutMs === undefined ? {} : { timeoutMs });
    emulator.faults.add({ endpoint: 'download', effect: stall });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    expect((await download(some, abort.signal)).outcome.state).toBe(state);
  });

  test('is lost by withAdditionalHeaders', () => {
    const session = networkTo(emulator, { timeoutMs: 200 });
    expect(session.timeoutConfig?.timeoutMs).toBe(200);
    expect(session.withAdditionalHeaders({ 'as-user': '1' }).timeoutConfig).toBeUndefined();
  });
});

describe('202 with Retry-After is taken for success', () => {
  const accepted: FaultEffect = { kind: 'answer', status: 202, retryAfter: 1, body: 'empty' };

  test('downloadFile gives nothing at once, getDownloadFileUrl throws', async () => {
    emulator.faults.add({ endpoint: 'content', times: 2, effect: accepted });
    expect(await client.downloads.downloadFile(fileId)).toBeUndefined();
    await expect(client.downloads.getDownloadFileUrl(fileId)).rejects.toThrow('No location header');
    expect(emulator.requests.count('content')).toBe(2);
  });

  test('uploadBigFile dies of a TypeError at the commit, and leaves its session open', async () => {
    const bytes = Buffer.alloc(20_000_000);
    emulator.faults.add({ endpoint: 'commit', effect: accepted });
    const upload = client.chunkedUploads.uploadBigFile(Readable.from([bytes]), 'big.pdf', bytes.length, '0');
    await expect(upload).rejects.toThrow(TypeError);
    expect(emulator.checks().map(({ check }) => check)).toEqual(['open-upload-session']);
  });
});

describe('uploads', () => {
  test('are read into memory wholly before the first byte leaves', async () => {
    let requestsAtEnd: number | undefined;
    const chunk = Buffer.alloc(1024 * 1024);
    const source = Readable.from(
      (function* () {
        for (let index = 0; index < 8; index++) yield chunk;
        requestsAtEnd = emulator.requests.count('upload');
      })(),
    );
    await client.uploads.uploadFile({ attributes: { name: 'b.pdf', parent: { id: '0' } }, file: source });
    expect([requestsAtEnd, emulator.requests.count('upload')]).toEqual([0, 1]);
  });

  test('an answer lost after a new version was made makes a second one, without If-Match', async () => {
    emulator.faults.add({ endpoint: 'upload-version', effect: { kind: 'no-answer', how: 'reset', executed: true } });
    await client.uploads.uploadFileVersion(fileId, {
      attributes: { name: 'a.pdf' },
      file: Readable.from([Buffer.from('new')]),
    });
    expect(emulator.list()).toMatchObject([{ path: 'a.pdf', versionCount: 3 }]);
  });
});
