import { expect } from 'vitest';
import { OutputError } from '../../src/core/errors.ts';
import type { StoreCase, StoreHarness } from './document-store.ts';
import {
  BYTES,
  OTHER_BYTES,
  calm,
  makeArtifact,
  rejectionOf,
  requestFor,
  sha1Of,
  type RequestOptions,
} from './document-store-samples.ts';

async function writeBytes(harness: StoreHarness, path: string, bytes: Uint8Array, options: RequestOptions = {}) {
  return harness.store.write(requestFor(path, await makeArtifact(harness, bytes), options), calm());
}

async function checkBytes(harness: StoreHarness, path: string, bytes: Uint8Array): Promise<void> {
  expect(Buffer.from((await harness.readBack(path)) ?? 'nothing').toString()).toBe(Buffer.from(bytes).toString());
}

export const CONFLICT_CASES: readonly StoreCase[] = [
  {
    name: 'makes one version of the same bytes written twice',
    async run(harness) {
      await writeBytes(harness, 'sub/a.txt', BYTES);
      const version = await harness.versionOf('sub/a.txt');
      for (const onConflict of ['stop', 'rename', 'version', 'skip'] as const) {
        const again = await writeBytes(harness, 'sub/a.txt', BYTES, { onConflict });
        expect(again).toMatchObject({ outcome: 'unchanged', path: 'sub/a.txt', sha1: sha1Of(BYTES) });
      }
      expect(await harness.versionOf('sub/a.txt')).toBe(version);
      expect(await harness.listVisible()).toEqual(['sub/a.txt']);
    },
  },
  {
    name: 'replaces our own earlier result, whatever the policy',
    async run(harness) {
      for (const onConflict of ['stop', 'rename', 'version', 'skip'] as const) {
        const path = `${onConflict}.txt`;
        await harness.seed(path, BYTES);
        const written = await writeBytes(harness, path, OTHER_BYTES, { onConflict, ours: [sha1Of(BYTES)] });
        expect(written).toMatchObject({ outcome: 'replaced', path, sha1: sha1Of(OTHER_BYTES) });
        await checkBytes(harness, path, OTHER_BYTES);
      }
      expect(await harness.listVisible()).toHaveLength(4);
    },
  },
  {
    name: "stop: rejects somebody else's file and does not touch it",
    async run(harness) {
      await harness.seed('a.txt', BYTES);
      const version = await harness.versionOf('a.txt');
      const error = await rejectionOf(writeBytes(harness, 'a.txt', OTHER_BYTES));
      expect(error).toBeInstanceOf(OutputError);
      expect(error.code).toBe('NAME_TAKEN');
      expect(await harness.versionOf('a.txt')).toBe(version);
      expect(await harness.listVisible()).toEqual(['a.txt']);
    },
  },
  {
    name: "skip: leaves somebody else's file and says so",
    async run(harness) {
      await harness.seed('a.txt', BYTES);
      const written = await writeBytes(harness, 'a.txt', OTHER_BYTES, { onConflict: 'skip' });
      expect(written).toMatchObject({ outcome: 'skipped', path: 'a.txt' });
      await checkBytes(harness, 'a.txt', BYTES);
    },
  },
  {
    name: "version: replaces somebody else's file",
    async run(harness) {
      await harness.seed('a.txt', BYTES);
      const written = await writeBytes(harness, 'a.txt', OTHER_BYTES, { onConflict: 'version' });
      expect(written).toMatchObject({ outcome: 'replaced', path: 'a.txt' });
      await checkBytes(harness, 'a.txt', OTHER_BYTES);
      expect(await harness.listVisible()).toEqual(['a.txt']);
    },
  },
  {
    name: 'rename: stores beside it under another name, and finds it there again',
    async run(harness) {
      await harness.seed('sub/a.txt', BYTES);
      const written = await writeBytes(harness, 'sub/a.txt', OTHER_BYTES, { onConflict: 'rename' });
      expect(written.outcome).toBe('created');
      expect(written.path).not.toBe('sub/a.txt');
      expect(written.path).toMatch(/^sub\/.*\.txt$/);
      await checkBytes(harness, 'sub/a.txt', BYTES);
      await checkBytes(harness, written.path, OTHER_BYTES);
      const again = await writeBytes(harness, 'sub/a.txt', OTHER_BYTES, { onConflict: 'rename' });
      expect(again).toMatchObject({ outcome: 'unchanged', path: written.path });
      expect(await harness.listVisible()).toHaveLength(2);
    },
  },
  {
    name: 'rejects a name that is taken by a folder, and a folder that is a file',
    async run(harness) {
      await harness.seed('taken/inside.pdf', BYTES);
      await harness.seed('file', BYTES);
      for (const path of ['taken', 'file/below.txt']) {
        const error = await rejectionOf(writeBytes(harness, path, OTHER_BYTES, { onConflict: 'version' }));
        expect(error).toBeInstanceOf(OutputError);
        expect(error.code).toBe('NAME_TAKEN');
      }
      expect([...(await harness.listVisible())].sort()).toEqual(['file', 'taken/inside.pdf']);
    },
  },
];
