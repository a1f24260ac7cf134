import type { Artifact } from '../../document-store.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import type { BoxItem } from '../listing/box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { getFile } from '../listing/list-items.ts';

/** A new file, or a new version of one that must still be as we saw it. */
export type UploadTarget =
  | { readonly kind: 'new'; readonly folderId: string; readonly name: string }
  | { readonly kind: 'version'; readonly fileId: string; readonly etag: string; readonly name: string };

/** The artifact in Box, if it is where it was to go: how an upload whose answer was lost is recognised. */
export async function findStored(
  connection: BoxConnection,
  artifact: Artifact,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<BoxItem | undefined> {
  if (target.kind === 'version') {
    const now = await getFile(connection, target.fileId, signal);
    return now.sha1 === artifact.sha1 ? now : undefined;
  }
  const conflicts = await checkUpload(connection, target.folderId, target.name, artifact.sizeBytes, signal);
  const there = conflicts.find((item) => item.type === 'file' && item.sha1 === artifact.sha1);
  return there && { ...there, sizeBytes: artifact.sizeBytes };
}

/**
 * Asks Box whether a file could be put there, without putting it: nothing where it could, else what has the name.
 * @throws {BoxCallError} it could not, for another reason.
 */
export async function checkUpload(
  connection: BoxConnection,
  folderId: string,
  name: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<NonNullable<BoxCallError['facts']['conflicts']>> {
  const url = `${connection.network.settings.apiUrl}/2.0/files/content`;
  const data = { name, size: sizeBytes, parent: { id: folderId } };
  try {
    await connection.client.makeRequest({ url, method: 'OPTIONS', data, cancellationToken: signal });
    return [];
  } catch (error) {
    if (error instanceof BoxCallError && error.status === 409 && error.facts.conflicts) return error.facts.conflicts;
    throw error;
  }
}
