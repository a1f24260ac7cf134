import type { DeliveredOutput } from '../core/ledger.ts';
import { outputPath } from '../core/output-names.ts';
import type { ConflictPolicy } from '../core/settings.ts';
import type { DocumentStore } from '../stores/document-store.ts';
import type { AssembledFile } from './assemble.ts';

export interface Delivery {
  /** Path of the outputs below the destination, without extension. */
  readonly stem: string;
  readonly onConflict: ConflictPolicy;
  /** Whether bytes with this SHA-1 came from an earlier run of ours. */
  isOurs(sha1: string): boolean;
  /** Facts kept with each result where the store can. */
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * Stores a document's outputs, each checked and in one step. What is there already, byte for byte, is left alone.
 * @throws {OutputError} `NAME_TAKEN` by a file that is not ours.
 */
export async function deliver(
  files: readonly AssembledFile[],
  store: DocumentStore,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<DeliveredOutput[]> {
  const outputs: DeliveredOutput[] = [];
  for (const { format, file, sizeBytes, sha1 } of files) {
    const written = await store.write(
      {
        path: outputPath(delivery.stem, format),
        artifact: { file, sizeBytes, sha1 },
        isOurs: (there) => delivery.isOurs(there),
        onConflict: delivery.onConflict,
        properties: delivery.properties,
      },
      signal,
    );
    outputs.push({ format, sizeBytes, ...written });
  }
  return outputs;
}
