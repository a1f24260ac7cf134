import { appendFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { OutputError } from '../../src/core/errors.ts';
import type { Artifact } from '../../src/stores/document-store.ts';
import { CONFLICT_CASES } from './document-store-conflict-cases.ts';
import type { StoreCase, StoreHarness } from './document-store.ts';
import {
  BYTES,
  ODD_NAMES,
  OTHER_BYTES,
  calm,
  makeArtifact,
  rejectionOf,
  requestFor,
  settledWithin,
  sha1Of,
  stopped,
} from './document-store-samples.ts';

async function checkStored(harness: StoreHarness, path: string, bytes: Uint8Array): Promise<void> {
  const stored = await harness.readBack(path);
  expect(stored, `a file at ${JSON.stringify(path)}`).toBeDefined();
  expect(Buffer.from(stored as Uint8Array).equals(bytes)).toBe(true);
}

/** Ways an artifact can be other than it says, each as a change of the file behind a true description. */
const FALSE_ARTIFACTS: readonly { readonly what: string; readonly spoil: (artifact: Artifact) => Promise<void> }[] = [
  { what: 'ends early', spoil: (artifact) => truncate(artifact.file, artifact.sizeBytes - 7) },
  { what: 'is empty', spoil: (artifact) => truncate(artifact.file, 0) },
  { what: 'has grown', spoil: (artifact) => appendFile(artifact.file, 'more') },
  { what: 'has other bytes', spoil: (artifact) => writeFile(artifact.file, Buffer.alloc(artifact.sizeBytes, 'x')) },
  { what: 'is missing', spoil: (artifact) => unlink(artifact.file) },
];

async function checkRefusal(harness: StoreHarness, spoil: (artifact: Artifact) => Promise<void>): Promise<void> {
  await harness.seed('old.pdf', BYTES);
  const bytes = Buffer.alloc(150_000, 'result');
  for (const path of ['new folder/new.pdf', 'old.pdf']) {
    const artifact = await makeArtifact(harness, bytes);
    await spoil(artifact);
    const request = requestFor(path, artifact, { onConflict: 'version' });
    const error = await rejectionOf(harness.store.write(request, calm()));
    expect(error).toBeInstanceOf(OutputError);
  }
  expect(await harness.listVisible()).toEqual(['old.pdf']);
  await checkStored(harness, 'old.pdf', BYTES);
}

const FALSE_ARTIFACT_CASES: readonly StoreCase[] = FALSE_ARTIFACTS.map(({ what, spoil }) => ({
  name: `rejects an artifact that ${what}, leaves nothing visible and keeps what was there`,
  run: async (harness) => checkRefusal(harness, spoil),
}));

const PLAIN_CASES: readonly StoreCase[] = [
  {
    name: 'stores an artifact whole, in folders made as needed',
    async run(harness) {
      const bytes = Buffer.alloc(2_500_001, 'result');
      const artifact = await makeArtifact(harness, bytes);
      const written = await harness.store.write(requestFor('new/folders/a b.txt', artifact), calm());
      expect(written).toMatchObject({ outcome: 'created', path: 'new/folders/a b.txt', sha1: sha1Of(bytes) });
      expect(written.id).not.toBe('');
      await checkStored(harness, 'new/folders/a b.txt', bytes);
      expect(await harness.listVisible()).toEqual(['new/folders/a b.txt']);
    },
  },
  {
    name: 'stores a file without bytes',
    async run(harness) {
      const artifact = await makeArtifact(harness, new Uint8Array());
      const written = await harness.store.write(requestFor('empty.txt', artifact), calm());
      expect(written.outcome).toBe('created');
      await checkStored(harness, 'empty.txt', new Uint8Array());
    },
  },
  {
    name: 'stores odd names, each its own file, and says where',
    async run(harness) {
      const paths = new Set<string>();
      for (const name of ODD_NAMES) {
        const bytes = Buffer.from(`result of ${name}`);
        const written = await harness.store.write(requestFor(name, await makeArtifact(harness, bytes)), calm());
        expect(written.outcome).toBe('created');
        if (harness.refusesName(name) === undefined) expect(written.path).toBe(name);
        await checkStored(harness, written.path, bytes);
        paths.add(written.path);
      }
      expect(paths.size).toBe(ODD_NAMES.length);
      expect(await harness.listVisible()).toHaveLength(ODD_NAMES.length);
    },
  },
  {
    name: 'refuses paths that lead out of the folder',
    async run(harness) {
      const artifact = await makeArtifact(harness, BYTES);
      for (const path of ['../out.txt', 'a/../../out.txt', '/out.txt', '..', 'a//b.txt', '', 'a/./b.txt'])
        await rejectionOf(harness.store.write(requestFor(path, artifact), calm()));
      expect(await harness.listVisible()).toEqual([]);
    },
  },
  {
    name: 'stores side by side what is written at once, same new folder and all',
    async run(harness) {
      const names = Array.from({ length: 12 }, (_, index) => `fresh/deeper/${index}.txt`);
      await Promise.all(
        names.map(async (name) => {
          const artifact = await makeArtifact(harness, Buffer.from(name));
          return harness.store.write(requestFor(name, artifact), calm());
        }),
      );
      expect([...(await harness.listVisible())].sort()).toEqual([...names].sort());
      for (const name of names) await checkStored(harness, name, Buffer.from(name));
    },
  },
  {
    name: 'tells whether what was written is still there, and makes nothing when asked',
    async run(harness) {
      const artifact = await makeArtifact(harness, BYTES);
      const { path, id, sha1 } = await harness.store.write(requestFor('sub/a.txt', artifact), calm());
      const file = { path, id, sha1, sizeBytes: BYTES.length };
      expect(await harness.store.stillHas(file, calm())).toBe(true);
      expect(await harness.store.stillHas({ ...file, path: 'sub/b.txt', id: `${id}0` }, calm())).toBe(false);
      expect(await harness.store.stillHas({ ...file, path: 'new/a.txt', id: `${id}0` }, calm())).toBe(false);
      await harness.remove('sub/a.txt');
      const again = (await harness.reopen?.()) ?? harness.store;
      expect(await again.stillHas(file, calm())).toBe(false);
      expect(await harness.listVisible()).toEqual([]);
    },
  },
  {
    name: 'checks that it may write and leaves no trace of it',
    async run(harness) {
      await harness.seed('old.pdf', BYTES);
      await harness.store.checkWritable(calm());
      expect(await harness.listVisible()).toEqual(['old.pdf']);
    },
  },
  {
    name: 'settles a write after it was told to stop; the file is whole or not there',
    async run(harness) {
      const bytes = Buffer.alloc(4_000_000, 'result');
      const artifact = await makeArtifact(harness, bytes);
      await rejectionOf(harness.store.write(requestFor('before.txt', artifact), stopped()));
      expect(await harness.listVisible()).toEqual([]);

      const controller = new AbortController();
      const writing = harness.store.write(requestFor('within.txt', artifact), controller.signal);
      setTimeout(() => controller.abort(), 5);
      expect(await settledWithin(writing, 20_000)).toBe('settled');
      const stored = await harness.readBack('within.txt');
      if (stored === undefined) expect(await harness.listVisible()).toEqual([]);
      else expect(Buffer.from(stored).equals(bytes)).toBe(true);
      await harness.store.write(requestFor('within.txt', artifact), calm());
      await checkStored(harness, 'within.txt', bytes);
    },
  },
  {
    name: 'replaces nothing where somebody else has put the same bytes meanwhile',
    async run(harness) {
      const artifact = await makeArtifact(harness, OTHER_BYTES);
      await harness.store.write(requestFor('first.txt', artifact), calm());
      await harness.seed('second.txt', OTHER_BYTES);
      const version = await harness.versionOf('second.txt');
      const written = await harness.store.write(requestFor('second.txt', artifact), calm());
      expect(written.outcome).toBe('unchanged');
      expect(await harness.versionOf('second.txt')).toBe(version);
    },
  },
];

export const WRITE_CASES: readonly StoreCase[] = [...PLAIN_CASES, ...FALSE_ARTIFACT_CASES, ...CONFLICT_CASES];
