import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListedEntry, SourceDocument } from '../../../../src/core/document.ts';
import { RESULT_MARK } from '../../../../src/core/not-a-scan.ts';
import { checkEntries } from '../../../../src/stores/box/archives/zip-entries.ts';
import { BYTES, OTHER_BYTES, calm, sha1Of } from '../../../conformance/document-store-samples.ts';
import { collect, makeWorld, type BoxWorld } from '../box-harness.ts';
import { writeZip } from './zip-writer.ts';

async function listZip(world: BoxWorld, zip: Uint8Array): Promise<ListedEntry[]> {
  await world.emulator.seedFile('box 1.zip', zip, { parentId: world.folderId });
  return collect(world.openStore().list(calm()));
}

function documentsOf(entries: readonly ListedEntry[]): SourceDocument[] {
  return entries.flatMap((entry) => (entry.kind === 'document' ? [entry.document] : []));
}

function leftOutOf(entries: readonly ListedEntry[]): string[] {
  return entries
    .flatMap((entry) => (entry.kind === 'left-out' ? [`${entry.entry.path} ${entry.entry.code}`] : []))
    .sort();
}

describe('archives in a Box folder', () => {
  it('hold more than scans: trash, notes of systems and results of this program are left out', async () => {
    await using world = await makeWorld();
    const result = Buffer.from(`%PDF-1.4\n${'x'.repeat(5_000)}\n${RESULT_MARK}\nstartxref\n9\n%%EOF\n`);
    const entries = await listZip(
      world,
      writeZip([
        { name: 'a.pdf', bytes: BYTES },
        { name: 'OCR/a.pdf', bytes: result },
        { name: 'OCR/b.pdf', bytes: result, stored: true },
        { name: '.Trash-1000/files/c.pdf', bytes: BYTES },
        { name: 'letters/._a.pdf', bytes: BYTES },
        { name: 'letters/~$d.pdf', bytes: BYTES },
      ]),
    );
    expect(documentsOf(entries).map(({ path }) => path)).toEqual(['box 1.zip/a.pdf']);
    expect(leftOutOf(entries)).toEqual([
      'box 1.zip/.Trash-1000/files/c.pdf TRASH',
      'box 1.zip/OCR/a.pdf OUR_OUTPUT',
      'box 1.zip/OCR/b.pdf OUR_OUTPUT',
      'box 1.zip/letters/._a.pdf SYSTEM_FILE',
      'box 1.zip/letters/~$d.pdf LOCK_FILE',
    ]);
  });

  it('are read as if they were folders', async () => {
    await using world = await makeWorld();
    const entries = await listZip(
      world,
      writeZip([
        { name: 'letters/', bytes: Buffer.alloc(0), stored: true },
        { name: 'letters/Z\u00fcrich $5!.pdf', bytes: BYTES },
        { name: 'b.PDF', bytes: OTHER_BYTES, stored: true },
        { name: 'old\\windows.pdf', bytes: BYTES },
        { name: 'empty.pdf', bytes: Buffer.alloc(0) },
        { name: 'notes.txt', bytes: BYTES },
        { name: '__MACOSX/._b.pdf', bytes: BYTES },
      ]),
    );
    const documents = documentsOf(entries);
    expect(documents.map(({ path, sizeBytes }) => `${path} ${sizeBytes}`)).toEqual([
      `box 1.zip/letters/Z\u00fcrich $5!.pdf ${BYTES.length}`,
      `box 1.zip/b.PDF ${OTHER_BYTES.length}`,
      `box 1.zip/old/windows.pdf ${BYTES.length}`,
      'box 1.zip/empty.pdf 0',
    ]);
    expect(leftOutOf(entries)).toEqual([
      'box 1.zip/__MACOSX/._b.pdf SYSTEM_FOLDER',
      'box 1.zip/notes.txt NOT_A_PDF_NAME',
    ]);
    const target = join(world.scratch, 'source.pdf');
    const store = world.openStore();
    for (const document of documents) {
      const fetched = await store.read(document, target, calm());
      expect(fetched.sha1).toBe(sha1Of(await readFile(target)));
      expect(fetched.sizeBytes).toBe(document.sizeBytes);
    }
    // Once for the listing, once for a store that reads: the archive is kept while its documents are read.
    expect(world.emulator.requests.count('download')).toBe(2);
    await store.close();
    expect(
      (await readdir(world.scratch)).filter((name) => name !== 'source.pdf' && !name.startsWith('archives-')),
    ).toEqual([]);
  });

  it('lead nowhere, unpack to nothing endless, and hide nothing', async () => {
    await using world = await makeWorld();
    const entries = await listZip(
      world,
      writeZip([
        { name: '../../etc/evil.pdf', bytes: BYTES },
        { name: '/abs.pdf', bytes: BYTES },
        { name: 'c:evil.pdf', bytes: BYTES },
        { name: 'a/../b.pdf', bytes: BYTES },
        { name: 'link.pdf', bytes: Buffer.from('/etc/passwd'), claims: { mode: 0o120777 } },
        { name: 'inner.zip', bytes: BYTES },
        { name: 'locked.pdf', bytes: BYTES, claims: { encrypted: true } },
        { name: 'bomb.pdf', bytes: Buffer.alloc(12_000_000) },
        { name: 'huge.pdf', bytes: BYTES, claims: { sizeBytes: 0xfffffff0 } },
        { name: 'same.pdf', bytes: BYTES },
        { name: 'SAME.pdf', bytes: OTHER_BYTES },
        { name: 'shared.pdf', bytes: BYTES, claims: { offset: 0 } },
      ]),
    );
    expect(documentsOf(entries).map((document) => document.path)).toEqual(['box 1.zip/same.pdf']);
    expect(leftOutOf(entries)).toEqual([
      'box 1.zip/../../etc/evil.pdf ZIP_PATH',
      'box 1.zip//abs.pdf ZIP_PATH',
      'box 1.zip/SAME.pdf ZIP_DOUBLED',
      'box 1.zip/a/../b.pdf ZIP_PATH',
      'box 1.zip/bomb.pdf ZIP_BOMB',
      'box 1.zip/c:evil.pdf ZIP_PATH',
      'box 1.zip/huge.pdf ZIP_BOMB',
      'box 1.zip/inner.zip ZIP_IN_ZIP',
      'box 1.zip/link.pdf LINK',
      'box 1.zip/locked.pdf ZIP_ENCRYPTED',
      'box 1.zip/shared.pdf ZIP_BOMB',
    ]);
  });

  it('that are damaged are left out as a whole; damaged files in them fail alone', async () => {
    await using world = await makeWorld();
    const good = writeZip([{ name: 'a.pdf', bytes: BYTES }]);
    await world.emulator.seedFile('cut.zip', good.subarray(0, -10), { parentId: world.folderId });
    await world.emulator.seedFile('no.zip', 'not an archive', { parentId: world.folderId });
    await world.emulator.seedFile('none.zip', writeZip([]), { parentId: world.folderId });
    const lying = writeZip([
      { name: 'crc.pdf', bytes: BYTES, claims: { crc: 1 } },
      { name: 'longer.pdf', bytes: BYTES, claims: { sizeBytes: BYTES.length - 3 } },
      { name: 'good.pdf', bytes: BYTES },
    ]);
    const entries = await listZip(world, lying);
    expect(leftOutOf(entries)).toEqual(['cut.zip ZIP_DAMAGED', 'no.zip ZIP_DAMAGED', 'none.zip ZIP_EMPTY']);
    const store = world.openStore();
    const target = join(world.scratch, 'source.pdf');
    const outcomes = new Map<string, unknown>();
    for (const document of documentsOf(entries))
      outcomes.set(document.path, await store.read(document, target, calm()).catch((error: unknown) => error));
    expect(outcomes.get('box 1.zip/good.pdf')).toMatchObject({ sha1: sha1Of(BYTES) });
    expect(outcomes.get('box 1.zip/crc.pdf')).toMatchObject({ code: 'ZIP_DAMAGED', exitCode: 65 });
    expect(outcomes.get('box 1.zip/longer.pdf')).toMatchObject({ code: 'ZIP_DAMAGED', exitCode: 65 });
    expect(documentsOf(entries)).toHaveLength(3);
  });

  it('that were replaced are read as they were listed, and say so when they are gone', async () => {
    await using world = await makeWorld();
    const [document] = documentsOf(await listZip(world, writeZip([{ name: 'a.pdf', bytes: BYTES }])));
    const zip = world.emulator.list(world.folderId)[0];
    expect(document).toBeDefined();
    await world.emulator.addVersion(zip?.id ?? '', writeZip([{ name: 'a.pdf', bytes: OTHER_BYTES }]));
    const target = join(world.scratch, 'source.pdf');
    expect((await world.openStore().read(document as SourceDocument, target, calm())).sha1).toBe(sha1Of(BYTES));
    world.emulator.removeItem(zip?.id ?? '');
    await expect(world.openStore().read(document as SourceDocument, target, calm())).rejects.toMatchObject({
      code: 'SOURCE_GONE',
    });
  });

  it('claim no more than the archive has', () => {
    const record = { name: 'a.pdf', compressedBytes: 600, sizeBytes: 600, encrypted: false, mode: 0, offset: 0 };
    const { taken, refused } = checkEntries([record, { ...record, name: 'b.pdf', offset: 600 }], 1_000);
    expect(taken.map(({ name }) => name)).toEqual(['a.pdf']);
    expect(refused).toMatchObject([{ name: 'b.pdf', code: 'ZIP_BOMB' }]);
  });
});
