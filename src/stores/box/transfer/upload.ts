import { stat } from 'node:fs/promises';
import { OutputError } from '../../../core/errors.ts';
import type { Artifact } from '../../document-store.ts';
import { BoxCallError, type NameConflict } from '../transport/box-call-error.ts';
import { readStored, type BoxItem } from '../listing/box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { artifactChanged, asArtifactError, FileSlice } from './file-slice.ts';
import { getFile } from '../listing/list-items.ts';
import { uploadInParts } from './upload-in-parts.ts';
import { findStored, type UploadTarget } from './upload-target.ts';

/**
 * `stored`: it is there, by this call or by one of its attempts whose answer was lost. `there`: somebody else's equal bytes. `taken`: the name belongs to something
 * else. `changed`: the file to be replaced is no longer as we saw it.
 */
export type UploadResult =
  | { readonly kind: 'stored' | 'there'; readonly item: BoxItem }
  | { readonly kind: 'taken'; readonly by: NameConflict | undefined }
  | { readonly kind: 'changed' };

/**
 * Sends a file to Box whole, in bounded memory; its SHA-1 goes with it and is checked in the answer.
 * @throws {OutputError} `DIGEST_DIFFERS`, `ARTIFACT_UNREADABLE`. @throws {BoxCallError} as Box answers.
 */
export async function upload(
  connection: BoxConnection,
  artifact: Artifact,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<UploadResult> {
  await checkSize(artifact);
  const send = artifact.sizeBytes >= connection.network.settings.chunkFromBytes ? uploadInParts : uploadAtOnce;
  try {
    const answered = await send(connection, artifact, target, signal).catch((error: unknown) => {
      // The session expired while we were stopped or throttled: once more, in a new one.
      if (error instanceof BoxCallError && error.status === 410) return send(connection, artifact, target, signal);
      throw error;
    });
    // Taken, but not said as what: it is looked for.
    const item = answered ?? (await findStored(connection, artifact, target, signal));
    if (!item) throw new BoxCallError({ operation: 'POST upload', status: 0, code: 'GARBLED' });
    return { kind: 'stored', item: await checkDigest(connection, artifact, target, item, signal) };
  } catch (error) {
    if (error instanceof BoxCallError) return explainRefusal(connection, error, artifact, target, signal);
    throw error;
  }
}

async function checkSize(artifact: Artifact): Promise<void> {
  const facts = await stat(artifact.file).catch((error: unknown) => {
    throw asArtifactError(error, artifact.file);
  });
  if (facts.size !== artifact.sizeBytes) throw artifactChanged(artifact.file, 'it had another size');
}

async function uploadAtOnce(
  connection: BoxConnection,
  artifact: Artifact,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<BoxItem | undefined> {
  const { UploadFileHeaders, UploadFileVersionHeaders } = await import('box-node-sdk/managers/uploads');
  const { uploads } = connection.client;
  const file = new FileSlice({ file: artifact.file, startByte: 0, sizeBytes: artifact.sizeBytes });
  // Box's name for it notwithstanding, the header holds the SHA-1 in hex.
  const contentMd5 = artifact.sha1;
  const answer =
    target.kind === 'new'
      ? await uploads.uploadFile(
          { attributes: { name: target.name, parent: { id: target.folderId } }, file },
          { headers: new UploadFileHeaders({ contentMd5 }), cancellationToken: signal },
        )
      : await uploads.uploadFileVersion(
          target.fileId,
          { attributes: { name: target.name }, file },
          { headers: new UploadFileVersionHeaders({ contentMd5, ifMatch: target.etag }), cancellationToken: signal },
        );
  return readStored(answer.rawData);
}

/** Turns a refusal that says where the file stands into a result; all others are thrown again. */
async function explainRefusal(
  connection: BoxConnection,
  error: BoxCallError,
  artifact: Artifact,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<UploadResult> {
  if (error.status === 409 && error.facts.conflicts) {
    const by = error.facts.conflicts[0];
    // Our own bytes under our name: most likely an earlier attempt arrived and its answer was lost.
    if (by?.type === 'file' && by.sha1 === artifact.sha1)
      return { kind: error.attempts > 1 ? 'stored' : 'there', item: { ...by, sizeBytes: artifact.sizeBytes } };
    if (by && (target.kind === 'new' || by.id !== target.fileId)) return { kind: 'taken', by };
  }
  if (error.status === 412 && target.kind === 'version') {
    const now = await getFile(connection, target.fileId, signal);
    if (now.sha1 !== artifact.sha1) return { kind: 'changed' };
    return { kind: error.attempts > 1 ? 'stored' : 'there', item: now };
  }
  if (error.status === 404 && target.kind === 'version') return { kind: 'changed' };
  if (error.status === 400 && error.code === 'bad_digest')
    throw artifactChanged(artifact.file, 'Box received other bytes than those its SHA-1 was taken of');
  throw error;
}

/** Believes nobody: the answer must name the SHA-1 of what was sent. What is otherwise is taken out again. */
async function checkDigest(
  connection: BoxConnection,
  artifact: Artifact,
  target: UploadTarget,
  item: BoxItem,
  signal: AbortSignal,
): Promise<BoxItem> {
  if (item.sha1 === artifact.sha1) return item;
  const now = await getFile(connection, item.id, signal);
  if (now.sha1 === artifact.sha1) return now;
  const { files, fileVersions } = connection.client;
  if (target.kind === 'new') await files.deleteFileById(item.id, { cancellationToken: signal });
  else if (now.versionId !== undefined)
    await fileVersions.deleteFileVersionById(item.id, now.versionId, { cancellationToken: signal });
  throw new OutputError('DIGEST_DIFFERS', `${target.name} did not arrive in Box as it was sent.`, {
    safe: 'What arrived was removed again. Our result waits in the run folder.',
    remedy: 'The same command again.',
  });
}
