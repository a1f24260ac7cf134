import type { UploadPart } from 'box-node-sdk/schemas';
import pLimit from 'p-limit';
import type { Artifact } from '../../document-store.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import { MAX_FILE_BYTES, readWhole } from '../transport/read-facts.ts';
import { backoffMs } from '../transport/retry-policy.ts';
import { isSafeLink } from '../transport/safe-address.ts';
import { readStored, type BoxItem } from '../listing/box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { FileSlice, type SliceOf } from './file-slice.ts';
import { PartDigests } from './part-digests.ts';
import { findStored, type UploadTarget } from './upload-target.ts';

/** Time to tell Box that a session is given up, also when we were told to stop. */
const ABORT_LIMIT_MS = 10_000;
/** Parts of a session asked for at a time. */
const PARTS_PAGE = 1000;
/** Times a session is ended that does not know its parts: half a minute. */
const MAX_COMMITS = 6;
/** More parts than Box makes of any file (10,000, developer.box.com, Chunked uploads). */
const MAX_PARTS = 20_000;

interface Session {
  readonly partBytes: number;
  readonly partUrl: string;
  readonly listUrl: string;
  readonly commitUrl: string;
  readonly abortUrl: string;
}

/**
 * Sends a large file by an upload session, part by part from the disk. A session that does not end well is given up, so
 * that none stays open. Our own loop over the SDK's single calls: its `uploadBigFile` makes no new versions, holds parts
 * in memory and leaves the session open.
 * @returns Box's record of the file. @throws {BoxCallError} as Box answers.
 */
export async function uploadInParts(
  connection: BoxConnection,
  artifact: Artifact,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<BoxItem | undefined> {
  // Its thread starts while the session is opened.
  await using digests = new PartDigests(artifact.file);
  const session = await openSession(connection, artifact, target, signal);
  let open = true;
  try {
    const parts = await sendParts(connection, artifact, session, digests, signal);
    const stored = await commit(connection, artifact, target, session, parts, signal);
    open = false;
    return stored;
  } catch (error) {
    if (!(error instanceof BoxCallError) || (error.status !== 404 && error.status !== 410)) throw error;
    // The session is gone. It ends with a commit, so ours may have arrived and its answer been lost.
    open = false;
    const stored = await findStored(connection, artifact, target, signal);
    if (stored) return stored;
    throw error;
  } finally {
    if (open) await abortSession(connection, session);
  }
}

/** Ends the session. Box may be slow to know the parts it has taken: then they are listed, and the session ended again. */
async function commit(
  connection: BoxConnection,
  artifact: Artifact,
  target: UploadTarget,
  session: Session,
  sent: readonly UploadPart[],
  signal: AbortSignal,
): Promise<BoxItem | undefined> {
  const { clock, random, onWait } = connection.network;
  const digest = digestOf(Buffer.from(artifact.sha1, 'hex'));
  const ifMatch = target.kind === 'version' ? { ifMatch: target.etag } : {};
  let parts = [...sent];
  for (let attempt = 1; ; attempt++) {
    try {
      const files = await connection.client.chunkedUploads.createFileUploadSessionCommitByUrl(
        session.commitUrl,
        { parts },
        { digest, ...ifMatch },
        { cancellationToken: signal },
      );
      return readStored(files?.rawData);
    } catch (error) {
      if (!(error instanceof BoxCallError) || !isAboutParts(error) || attempt >= MAX_COMMITS) throw error;
      const waitMs = backoffMs(attempt, random());
      onWait?.({ reason: 'busy', waitMs, asked: false, operation: error.facts.operation });
      await clock.sleep(waitMs, signal);
      const known = await listParts(connection, session, sent.length, signal);
      // Those that Box does not name are named as it named them when it took them.
      parts = sent.map((part) => known.get(part.offset ?? -1) ?? part);
    }
  }
}

/** `parts_mismatch` and its like: what Box knows of the parts does not fit what it was told, yet or at all. */
function isAboutParts({ status, code }: BoxCallError): boolean {
  return (status === 400 || status === 409) && /(?:^|_)parts?(?:_|$)/.test(code ?? '');
}

/** The parts that Box has, by where they begin. */
async function listParts(
  connection: BoxConnection,
  session: Session,
  count: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, UploadPart>> {
  const parts = new Map<number, UploadPart>();
  for (let offset = 0; offset < count; offset += PARTS_PAGE) {
    const listed = await connection.client.chunkedUploads.getFileUploadSessionPartsByUrl(session.listUrl, {
      queryParams: { offset, limit: PARTS_PAGE },
      cancellationToken: signal,
    });
    for (const part of listed.entries ?? []) if (part.offset !== undefined) parts.set(part.offset, part);
  }
  return parts;
}

async function openSession(
  connection: BoxConnection,
  artifact: Artifact,
  target: UploadTarget,
  signal: AbortSignal,
): Promise<Session> {
  const { chunkedUploads } = connection.client;
  const fileSize = artifact.sizeBytes;
  const options = { cancellationToken: signal };
  const opened =
    target.kind === 'new'
      ? await chunkedUploads.createFileUploadSession(
          { folderId: target.folderId, fileSize, fileName: target.name },
          options,
        )
      : await chunkedUploads.createFileUploadSessionForExistingFile(
          target.fileId,
          { fileSize, fileName: target.name },
          options,
        );
  const { uploadPart, listParts, commit, abort } = opened.sessionEndpoints ?? {};
  const partBytes = readWhole(opened.partSize, Math.ceil(fileSize / MAX_PARTS), MAX_FILE_BYTES) ?? 0;
  const addresses = [uploadPart, listParts, commit, abort];
  // The token goes to these addresses: they must be as safe as those of the settings.
  const { apiUrl } = connection.network.settings;
  if (partBytes < 1 || !addresses.every((address) => address !== undefined && isSafeLink(address, apiUrl)))
    throw new BoxCallError({ operation: 'POST upload_sessions', status: 0, code: 'GARBLED' });
  return {
    partBytes,
    partUrl: uploadPart ?? '',
    listUrl: listParts ?? '',
    commitUrl: commit ?? '',
    abortUrl: abort ?? '',
  };
}

async function sendParts(
  connection: BoxConnection,
  artifact: Artifact,
  session: Session,
  digests: PartDigests,
  signal: AbortSignal,
): Promise<UploadPart[]> {
  const { partsAtOnce } = connection.network.settings;
  const limit = pLimit(partsAtOnce);
  const failed = new AbortController();
  const within = AbortSignal.any([signal, failed.signal]);
  const slices = sliceUp(artifact, session.partBytes);
  const sending = slices.map((slice, index) =>
    limit(async () => {
      within.throwIfAborted();
      const digest = digests.digestOf(slice);
      // Ready by the time this part's place is free again.
      const later = slices[index + partsAtOnce];
      if (later) void digests.digestOf(later);
      return sendPart(connection, artifact, session, slice, await digest, within);
    }),
  );
  try {
    return await Promise.all(sending);
  } catch (error) {
    // The others stop before the session is given up: a part that arrives later would be refused and asked for again.
    failed.abort(error);
    await Promise.allSettled(sending);
    throw error;
  }
}

function sliceUp({ file, sizeBytes }: Artifact, partBytes: number): SliceOf[] {
  return Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => {
    const startByte = index * partBytes;
    return { file, startByte, sizeBytes: Math.min(partBytes, sizeBytes - startByte) };
  });
}

async function sendPart(
  connection: BoxConnection,
  artifact: Artifact,
  session: Session,
  slice: SliceOf,
  sha1: Buffer,
  signal: AbortSignal,
): Promise<UploadPart> {
  const contentRange = `bytes ${slice.startByte}-${slice.startByte + slice.sizeBytes - 1}/${artifact.sizeBytes}`;
  try {
    const answer = await connection.client.chunkedUploads.uploadFilePartByUrl(
      session.partUrl,
      new FileSlice(slice),
      { digest: digestOf(sha1), contentRange },
      { cancellationToken: signal },
    );
    if (answer.part) return answer.part;
    throw new BoxCallError({ operation: 'PUT upload_sessions', status: 0, code: 'GARBLED' });
  } catch (error) {
    // Parts cannot be sent twice: a refusal may mean that the first attempt arrived and its answer was lost.
    if (!(error instanceof BoxCallError) || (error.status !== 409 && error.status !== 416)) throw error;
    const arrived = await findPart(connection, session, slice, sha1.toString('hex'), signal);
    if (arrived) return arrived;
    throw error;
  }
}

async function findPart(
  connection: BoxConnection,
  session: Session,
  slice: SliceOf,
  sha1: string,
  signal: AbortSignal,
): Promise<UploadPart | undefined> {
  // All parts but the last have one size, so the offset of a part tells its place in the list.
  const offset = Math.floor(slice.startByte / session.partBytes / PARTS_PAGE) * PARTS_PAGE;
  for (const from of offset === 0 ? [0] : [offset, 0]) {
    const listed = await connection.client.chunkedUploads.getFileUploadSessionPartsByUrl(session.listUrl, {
      queryParams: { offset: from, limit: PARTS_PAGE },
      cancellationToken: signal,
    });
    const found = listed.entries?.find((part) => part.offset === slice.startByte && part.size === slice.sizeBytes);
    if (found) return found.sha1 === undefined || found.sha1.toLowerCase() === sha1 ? found : undefined;
  }
  return undefined;
}

async function abortSession(connection: BoxConnection, session: Session): Promise<void> {
  try {
    await connection.client.chunkedUploads.deleteFileUploadSessionByUrl(session.abortUrl, {
      cancellationToken: AbortSignal.timeout(ABORT_LIMIT_MS),
    });
  } catch {
    // Box forgets it by itself after seven days; the first error is the one that matters.
  }
}

/** RFC 3230, as Box wants it. */
function digestOf(sha1: Buffer): string {
  return `sha=${sha1.toString('base64')}`;
}
