import { describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../src/stores/document-store.ts';
import { LIST_CASES } from './document-store-list-cases.ts';
import { READ_CASES } from './document-store-read-cases.ts';
import { WRITE_CASES } from './document-store-write-cases.ts';

/**
 * A store over an empty folder, with a second way into that folder that does not go through the store: the suite never
 * asks a store to vouch for itself.
 */
export interface StoreHarness {
  readonly store: DocumentStore;
  /** An empty directory on this machine, outside the store's folder, for artifacts and fetched files. */
  readonly scratch: string;
  /** Puts a file into the folder as another person would; parent folders are made. */
  seed(path: string, bytes: Uint8Array): Promise<void>;
  /** Replaces the bytes of a file as another person would. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** Bytes under exactly this path, or undefined. */
  readBack(path: string): Promise<Uint8Array | undefined>;
  /** Paths of all files below the folder, temporary ones too, as any other program sees them. */
  listVisible(): Promise<readonly string[]>;
  /** Changes with every write to the path, even of the same bytes. */
  versionOf(path: string): Promise<string>;
  /** A new store object over the same folder, as the next run has it. Absent where a store remembers nothing. */
  reopen?(): Promise<DocumentStore>;
  /** Why the service itself cannot hold a file of this name; undefined where it can. */
  refusesName(name: string): string | undefined;
  /** From now on every transfer out of the store ends early without an error. Absent where no bytes are moved. */
  cutReads?(): Promise<void>;
  /** From now on every transfer out of the store delivers one wrong byte. Absent where no bytes are moved. */
  corruptReads?(): Promise<void>;
  close(): Promise<void>;
}

/** One promise of the interface. `run` throws where the store does not keep it. */
export interface StoreCase {
  readonly name: string;
  /** Calls `skip` where the harness has no means to test it; `skip` does not return. */
  run(harness: StoreHarness, skip: (reason: string) => never): Promise<void>;
}

export const DOCUMENT_STORE_CASES: readonly StoreCase[] = [...LIST_CASES, ...READ_CASES, ...WRITE_CASES];

/** Registers the whole suite for one store; `makeHarness` is called anew for each case. */
export function describeDocumentStore(name: string, makeHarness: () => Promise<StoreHarness>): void {
  describe(`DocumentStore: ${name}`, () => {
    for (const storeCase of DOCUMENT_STORE_CASES) {
      it(`keeps: ${storeCase.name}`, async (context) => {
        expect.hasAssertions();
        const harness = await makeHarness();
        try {
          await storeCase.run(harness, (reason) => context.skip(reason));
        } finally {
          await harness.close();
        }
      });
    }
  });
}
