import { expect } from 'vitest';
import type { ListedEntry } from '../../src/core/document.ts';
import type { StoreCase } from './document-store.ts';
import {
  BYTES,
  ODD_NAMES,
  OTHER_BYTES,
  calm,
  listAll,
  listDocuments,
  listedAs,
  rejectionOf,
  settledWithin,
  sha1Of,
  stopped,
} from './document-store-samples.ts';

/** Longer than one page of any service we know (Box: 1000). */
const MANY = 1103;

async function drain(entries: AsyncIterable<ListedEntry>): Promise<number> {
  let count = 0;
  for await (const entry of entries) if (entry) count++;
  return count;
}

export const LIST_CASES: readonly StoreCase[] = [
  {
    name: 'describes its folder by name and identity',
    async run(harness) {
      const label = await harness.store.describe(calm());
      expect(label.name).not.toBe('');
      expect(label.id).not.toBe('');
      expect(await harness.store.describe(calm())).toEqual(label);
    },
  },
  {
    name: 'lists nothing in an empty folder',
    async run(harness) {
      expect(await listAll(harness)).toEqual([]);
    },
  },
  {
    name: 'lists documents with path, size, version and true SHA-1, sub-folders too',
    async run(harness) {
      await harness.seed('a.pdf', BYTES);
      await harness.seed('deep/er/b.pdf', OTHER_BYTES);
      const documents = await listDocuments(harness);
      expect(documents.map((document) => document.path).sort()).toEqual(['a.pdf', 'deep/er/b.pdf']);
      expect(new Set(documents.map((document) => document.id)).size).toBe(2);
      for (const document of documents) {
        const bytes = document.path === 'a.pdf' ? BYTES : OTHER_BYTES;
        expect(document.sizeBytes).toBe(bytes.length);
        expect(document.version).not.toBe('');
        if (document.sha1 !== undefined) expect(document.sha1).toBe(sha1Of(bytes));
      }
    },
  },
  {
    name: 'lists more entries than fit in one page, each once',
    async run(harness) {
      const expected = Array.from({ length: MANY }, (_, index) => `page-${index}.pdf`);
      for (const path of expected) await harness.seed(path, BYTES);
      for (let index = 0; index < 3; index++) await harness.seed(`sub/${index}.pdf`, BYTES);
      const paths = (await listDocuments(harness)).map((document) => document.path);
      expect(paths).toHaveLength(MANY + 3);
      expect(new Set(paths).size).toBe(MANY + 3);
      for (const path of expected) expect(paths).toContain(path);
    },
  },
  {
    name: 'lists a file without bytes',
    async run(harness) {
      await harness.seed('empty.pdf', new Uint8Array());
      expect((await listedAs(harness, 'empty.pdf')).sizeBytes).toBe(0);
    },
  },
  {
    name: 'lists odd names exactly as they are',
    async run(harness) {
      const names = ODD_NAMES.filter((name) => harness.refusesName(name) === undefined);
      expect(names.length).toBeGreaterThan(5);
      for (const name of names) {
        await harness.seed(name, BYTES);
        await harness.seed(`in ${name.slice(0, 40)}/x.pdf`, BYTES);
      }
      const paths = (await listDocuments(harness)).map((document) => document.path);
      for (const name of names) {
        expect(paths).toContain(name);
        expect(paths).toContain(`in ${name.slice(0, 40)}/x.pdf`);
      }
      expect(new Set(paths).size).toBe(names.length * 2);
    },
  },
  {
    name: 'accounts for what is no PDF, once and with a reason',
    async run(harness) {
      await harness.seed('letter.pdf', BYTES);
      await harness.seed('READ ME.TXT', BYTES);
      const entries = await listAll(harness);
      expect(entries).toHaveLength(2);
      for (const entry of entries) {
        if (entry.kind !== 'left-out') continue;
        expect(entry.entry.path).toBe('READ ME.TXT');
        expect(entry.entry.code).toMatch(/^[A-Z][A-Z_]+$/);
        expect(entry.entry.reason).not.toBe('');
      }
    },
  },
  {
    name: 'gives a changed document another version and keeps its identity',
    async run(harness) {
      await harness.seed('a.pdf', BYTES);
      const before = await listedAs(harness, 'a.pdf');
      expect((await listedAs(harness, 'a.pdf')).version).toBe(before.version);
      await harness.replace('a.pdf', OTHER_BYTES);
      const after = await listedAs(harness, 'a.pdf');
      expect(after.id).toBe(before.id);
      expect(after.version).not.toBe(before.version);
    },
  },
  {
    name: 'stops listing when asked to, before and within',
    async run(harness) {
      for (let index = 0; index < 5; index++) await harness.seed(`folder ${index}/a.pdf`, BYTES);
      await rejectionOf(drain(harness.store.list(stopped())));
      const controller = new AbortController();
      const within = (async () => {
        for await (const entry of harness.store.list(controller.signal)) if (entry) controller.abort();
      })();
      expect(await settledWithin(within, 20_000)).toBe('settled');
    },
  },
];
