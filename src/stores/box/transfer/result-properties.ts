import { BoxCallError } from '../transport/box-call-error.ts';
import type { BoxItem } from '../listing/box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';

/** Added to what the run says of a result: the SHA-1 the file had when we wrote it. */
const OUTPUT_SHA1 = 'outputSha1';

/**
 * Whether a file is a result of this program that nobody has changed since. The mark stays with a file when a person
 * uploads a corrected version of it, so the mark alone proves nothing.
 */
export function isUnchangedResult(item: BoxItem): boolean {
  return item.sha1 !== undefined && item.properties?.[OUTPUT_SHA1] === item.sha1;
}

/** Whether a file was a result of this program when it was made, changed since or not. */
export function isResult(item: BoxItem): boolean {
  return item.properties?.[OUTPUT_SHA1] !== undefined;
}

/** What is kept with a result, keys in a fixed order. */
export function markResult(properties: Readonly<Record<string, string>>, sha1: string): Record<string, string> {
  const all = { ...properties, [OUTPUT_SHA1]: sha1 };
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function sameProperties(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  return b !== undefined && Object.entries(a).every(([key, value]) => b[key] === value);
}

/**
 * Keeps facts with a file as its `global.properties` metadata. Best effort: people who may not change metadata still get
 * their results. `known` are those it has already, if it was listed.
 * @returns false where Box does not allow it. @throws {BoxCallError} no answer or throttled for too long.
 */
export async function writeProperties(
  connection: BoxConnection,
  fileId: string,
  properties: Readonly<Record<string, string>>,
  known: Readonly<Record<string, string>> | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (known === undefined) {
      try {
        await connection.client.fileMetadata.createFileMetadataById(
          fileId,
          'global',
          'properties',
          { ...properties },
          { cancellationToken: signal },
        );
        return true;
      } catch (error) {
        // tuple_already_exists: another version had some, or the answer to our first attempt was lost.
        if (!(error instanceof BoxCallError) || error.status !== 409) throw error;
      }
    }
    const patch = Object.entries(properties).map(([key, value]) => ({
      op: 'add' as const,
      path: `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      value,
    }));
    await connection.client.fileMetadata.updateFileMetadataById(fileId, 'global', 'properties', patch, {
      cancellationToken: signal,
    });
    return true;
  } catch (error) {
    if (
      error instanceof BoxCallError &&
      error.status >= 400 &&
      error.status < 500 &&
      error.status !== 401 &&
      error.status !== 429
    )
      return false;
    throw error;
  }
}
