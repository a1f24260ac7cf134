import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SourceDocument } from '../../src/core/document.ts';
import { DocumentError } from '../../src/core/errors.ts';
import type { StoreCase, StoreHarness } from './document-store.ts';
import {
  BYTES,
  ODD_NAMES,
  OTHER_BYTES,
  calm,
  listDocuments,
  listedAs,
  rejectionOf,
  settledWithin,
  sha1Of,
  stopped,
} from './document-store-samples.ts';

/** A new empty directory to fetch into, so that leftovers show. */
async function target(harness: StoreHarness, name: string): Promise<{ folder: string; file: string }> {
  const folder = join(harness.scratch, name);
  await mkdir(folder, { recursive: true });
  return { folder, file: join(folder, 'source.pdf') };
}

async function checkRead(harness: StoreHarness, document: SourceDocument, bytes: Uint8Array): Promise<void> {
  const { file, folder } = await target(harness, `read-${sha1Of(Buffer.from(document.id)).slice(0, 12)}`);
  const fetched = await harness.store.read(document, file, calm());
  expect(Buffer.from(await readFile(fetched.file)).equals(bytes)).toBe(true);
  expect(fetched.sizeBytes).toBe(bytes.length);
  expect(fetched.sha1).toBe(sha1Of(bytes));
  expect(await readdir(folder)).toEqual(fetched.inPlace ? [] : ['source.pdf']);
  if (!fetched.inPlace) expect(fetched.file).toBe(file);
}

export const READ_CASES: readonly StoreCase[] = [
  {
    name: 'reads a document whole and tells its SHA-1',
    async run(harness) {
      const large = Buffer.alloc(3_000_001, 'scan');
      await harness.seed('sub folder/large.pdf', large);
      await checkRead(harness, await listedAs(harness, 'sub folder/large.pdf'), large);
    },
  },
  {
    name: 'reads a file without bytes',
    async run(harness) {
      await harness.seed('empty.pdf', new Uint8Array());
      await checkRead(harness, await listedAs(harness, 'empty.pdf'), new Uint8Array());
    },
  },
  {
    name: 'reads odd names',
    async run(harness) {
      const names = ODD_NAMES.filter((name) => harness.refusesName(name) === undefined);
      for (const name of names) await harness.seed(name, Buffer.from(`bytes of ${name}`));
      const documents = await listDocuments(harness);
      expect(documents).toHaveLength(names.length);
      for (const document of documents) await checkRead(harness, document, Buffer.from(`bytes of ${document.path}`));
    },
  },
  {
    name: 'says that a document has gone',
    async run(harness) {
      await harness.seed('a.pdf', BYTES);
      const document = await listedAs(harness, 'a.pdf');
      await harness.remove('a.pdf');
      const { file, folder } = await target(harness, 'gone');
      const error = await rejectionOf(harness.store.read(document, file, calm()));
      expect(error).toBeInstanceOf(DocumentError);
      expect(error.code).toBe('SOURCE_GONE');
      expect(await readdir(folder)).toEqual([]);
    },
  },
  {
    name: 'never passes a changed document off as the one listed',
    async run(harness) {
      await harness.seed('a.pdf', BYTES);
      const document = await listedAs(harness, 'a.pdf');
      await harness.replace('a.pdf', OTHER_BYTES);
      const { file, folder } = await target(harness, 'changed');
      const outcome = await harness.store.read(document, file, calm()).catch((error: unknown) => error);
      if (outcome instanceof DocumentError) {
        expect(outcome.code).toBe('SOURCE_CHANGED');
        expect(await readdir(folder)).toEqual([]);
      } else {
        expect(outcome).toMatchObject({ sha1: sha1Of(BYTES), sizeBytes: BYTES.length });
      }
    },
  },
  {
    name: 'rejects a transfer that ends early and leaves nothing',
    async run(harness, skip) {
      const cutReads = harness.cutReads?.bind(harness) ?? skip('this store moves no bytes when it reads');
      await harness.seed('a.pdf', Buffer.alloc(200_000, 'scan'));
      const document = await listedAs(harness, 'a.pdf');
      await cutReads();
      const { file, folder } = await target(harness, 'cut');
      await rejectionOf(harness.store.read(document, file, calm()));
      expect(await readdir(folder)).toEqual([]);
    },
  },
  {
    name: 'rejects a transfer that delivers other bytes and leaves nothing',
    async run(harness, skip) {
      const corruptReads = harness.corruptReads?.bind(harness) ?? skip('this store moves no bytes when it reads');
      await harness.seed('a.pdf', Buffer.alloc(200_000, 'scan'));
      const document = await listedAs(harness, 'a.pdf');
      await corruptReads();
      const { file, folder } = await target(harness, 'corrupt');
      await rejectionOf(harness.store.read(document, file, calm()));
      expect(await readdir(folder)).toEqual([]);
    },
  },
  {
    name: 'settles a read after it was told to stop, and leaves nothing half-read',
    async run(harness) {
      const bytes = Buffer.alloc(2_000_000, 'scan');
      await harness.seed('a.pdf', bytes);
      const document = await listedAs(harness, 'a.pdf');
      const before = await target(harness, 'stopped-before');
      await rejectionOf(harness.store.read(document, before.file, stopped()));
      expect(await readdir(before.folder)).toEqual([]);

      const within = await target(harness, 'stopped-within');
      const controller = new AbortController();
      const reading = harness.store.read(document, within.file, controller.signal);
      setTimeout(() => controller.abort(), 5);
      expect(await settledWithin(reading, 20_000)).toBe('settled');
      const outcome = await reading.catch(() => undefined);
      if (outcome === undefined) expect(await readdir(within.folder)).toEqual([]);
      else expect(outcome.sha1).toBe(sha1Of(bytes));
    },
  },
];
