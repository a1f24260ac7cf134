import { DocumentError } from '../core/errors.ts';
import type { ByteSource } from './byte-source.ts';
import { PdfSyntaxError } from './byte-cursor.ts';
import { ObjectStore } from './object-store.ts';
import { openCipher } from './open-cipher.ts';
import { type PageLeaf, walkPageTree } from './page-tree.ts';
import { isName, isPdfArray, PdfDict, PdfRef, PdfString, type PdfValue } from './pdf-value.ts';
import { readXref } from './read-xref.ts';
import { rebuildXref } from './rebuild-xref.ts';

/** The objects of a file, and its pages in order. */
export interface OpenedObjects {
  readonly store: ObjectStore;
  readonly pages: readonly PageLeaf[];
  readonly repaired: boolean;
  /** The file has no end: nothing like `%%EOF` stands in its last bytes. */
  readonly isCut: boolean;
  /** What the root of the page tree says; 0 where it says nothing that can be believed. */
  readonly statedPageCount: number;
}

/** Where readers look for the end of a file (ISO 32000-1, annex H). */
const TAIL_BYTES = 1024;
/** No real file has more pages; damaged numbers are often enormous. */
const MAX_STATED_PAGES = 1_000_000;

/** Where others no longer look for a header; offsets then count from the start of the file (ISO 32000-1, annex H). */
const LAST_HEADER_OFFSET = 1018;
const HEADER_SEARCH_BYTES = 4096;
/** Objects that are looked at to find a catalog that no trailer names. */
const MAX_CATALOG_SEARCH = 200_000;

/**
 * Finds the objects and pages of a file.
 * @throws {DocumentError} `PDF_EMPTY`, `PDF_NOT_A_PDF`, `PDF_DAMAGED`, `PDF_ENCRYPTED`, `PDF_NO_PAGES`.
 * @throws {PdfSyntaxError} damage beyond repair.
 */
export async function openObjects(file: ByteSource): Promise<OpenedObjects> {
  if (file.sizeBytes === 0) throw refuse('PDF_EMPTY', 'The file is empty: it has no bytes at all.');
  const head = Buffer.from(await file.read(0, HEADER_SEARCH_BYTES)).toString('latin1');
  const header = head.indexOf('%PDF-');
  const source = header > 0 && header <= LAST_HEADER_OFFSET ? file.from(header) : file;
  const sound = await openSound(source);
  if (sound && sound.pages.length > 0 && !sound.store.isDamaged) return sound;
  const repaired = await openRepaired(source);
  if (sound && sound.pages.length > repaired.pages.length) return { ...sound, repaired: true };
  if (repaired.pages.length > 0) return repaired;
  if (repaired.store.table.size === 0 && header < 0)
    throw refuse('PDF_NOT_A_PDF', 'The file is not a PDF, whatever its name says.');
  if (sound ?? repaired.hasCatalog) throw refuse('PDF_NO_PAGES', 'The PDF has no pages that can be reached.');
  throw refuse('PDF_DAMAGED', 'The PDF is damaged: its list of pages is missing.');
}

/** `undefined` where the cross-references cannot be followed. */
async function openSound(source: ByteSource): Promise<OpenedObjects | undefined> {
  let store: ObjectStore;
  try {
    store = new ObjectStore(source, await readXref(source));
  } catch (error) {
    if (error instanceof PdfSyntaxError) return undefined;
    throw error;
  }
  await unlock(store);
  const catalog = await store.resolve(store.table.trailer.get('Root'));
  if (!(catalog instanceof PdfDict)) return undefined;
  const pages = await walkPageTree(catalog.get('Pages'), (value) => store.resolve(value));
  return { store, pages, repaired: false, ...(await readClaims(store, catalog)) };
}

async function openRepaired(source: ByteSource): Promise<OpenedObjects & { readonly hasCatalog: boolean }> {
  const { table, containers } = await rebuildXref(source);
  const store = new ObjectStore(source, table);
  await unlock(store);
  await store.indexContainers(containers);
  let catalog = await store.resolve(table.trailer.get('Root'));
  if (!(catalog instanceof PdfDict) || !((await store.resolve(catalog.get('Pages'))) instanceof PdfDict)) {
    const found = await findCatalog(store);
    if (found) table.trailer = table.trailer.with({ Root: found });
    catalog = await store.resolve(found);
  }
  const hasCatalog = catalog instanceof PdfDict;
  const pages =
    catalog instanceof PdfDict ? await walkPageTree(catalog.get('Pages'), (value) => store.resolve(value)) : [];
  return { store, pages, repaired: true, hasCatalog, ...(await readClaims(store, catalog)) };
}

async function readClaims(
  store: ObjectStore,
  catalog: PdfValue,
): Promise<Pick<OpenedObjects, 'isCut' | 'statedPageCount'>> {
  const { source } = store;
  const tail = Buffer.from(await source.read(source.sizeBytes - TAIL_BYTES, TAIL_BYTES));
  const tree = catalog instanceof PdfDict ? await store.resolve(catalog.get('Pages')) : null;
  const count = tree instanceof PdfDict ? await store.resolve(tree.get('Count')) : null;
  const isCount = typeof count === 'number' && Number.isInteger(count) && count > 0 && count <= MAX_STATED_PAGES;
  return { isCut: !tail.includes('%%EOF'), statedPageCount: isCount ? count : 0 };
}

async function unlock(store: ObjectStore): Promise<void> {
  const { trailer } = store.table;
  const encrypt = await store.resolve(trailer.get('Encrypt'));
  if (!(encrypt instanceof PdfDict)) return;
  const id = await store.resolve(trailer.get('ID'));
  const first = isPdfArray(id) ? await store.resolve(id[0]) : null;
  const fileId = first instanceof PdfString ? first.bytes : new Uint8Array(0);
  const cipher = await openCipher(encrypt, fileId, (dict, key) => store.resolve(dict.get(key)));
  store.forgetObjects();
  store.encryption = encrypt;
  store.cipher = cipher;
}

/** The last object that says it is a catalog and has a page tree. */
async function findCatalog(store: ObjectStore): Promise<PdfRef | undefined> {
  for (const num of store.table.numbersInUse().slice(-MAX_CATALOG_SEARCH).reverse()) {
    const ref = new PdfRef(num, 0);
    const value = await store.resolve(ref);
    if (!(value instanceof PdfDict) || !isName(value.get('Type'), 'Catalog')) continue;
    if ((await store.resolve(value.get('Pages'))) instanceof PdfDict) return ref;
  }
  return undefined;
}

function refuse(code: string, message: string): DocumentError {
  return new DocumentError(code, message, {
    safe: 'The other documents go on.',
    remedy: 'Get the file again from where it came from.',
  });
}
