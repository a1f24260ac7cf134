import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat, type FileHandle } from 'node:fs/promises';
import pLimit from 'p-limit';
import { DocumentError } from '../../../core/errors.ts';
import { asOutputError } from '../../../core/write-failure.ts';
import { placeFetched } from '../../../files/place-fetched.ts';
import { BoxCallError } from '../transport/box-call-error.ts';
import { isBoxId } from '../transport/read-facts.ts';
import { isSafeLink } from '../transport/safe-address.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { fetchPiece, type LinkSource, type Piece } from './download-piece.ts';
import { HashThread } from './hash-thread.ts';
import { getFile } from '../listing/list-items.ts';

/** A file of Box in one version. */
export interface DownloadSource {
  readonly fileId: string;
  readonly versionId: string;
  /** As people know it. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha1?: string | undefined;
}

/** Times a whole file is fetched anew because its SHA-1 was wrong. */
const MAX_WHOLE_TRIES = 3;
/** Links that must not be called, one after another, before the file is given up. */
const MAX_UNSAFE_LINKS = 3;
/** Larger files come in pieces of this size, some at once: one connection alone rarely fills the way to Box. */
const PIECE_BYTES = 32 * 1024 * 1024;
const PIECES_AT_ONCE = 4;

/**
 * Brings one version of a file here whole: resumed where it was cut, size and SHA-1 checked, then renamed into place.
 * @throws {DocumentError} `SOURCE_GONE`, `SOURCE_CHANGED`, `BOX_NO_READ`, `DIGEST_DIFFERS`. @throws {BoxCallError}
 */
export async function download(
  connection: BoxConnection,
  source: DownloadSource,
  toFile: string,
  signal: AbortSignal,
): Promise<{ sizeBytes: number; sha1: string }> {
  if (!isBoxId(source.fileId) || !isBoxId(source.versionId)) throw oddEntry(source.path);
  try {
    if (source.sha1 !== undefined && (await hasArrived(toFile, source.sizeBytes, source.sha1, signal)))
      return { sizeBytes: source.sizeBytes, sha1: source.sha1 };
    for (let wholeTry = 1; wholeTry <= MAX_WHOLE_TRIES; wholeTry++) {
      let sha1: string | undefined;
      const isInPlace = await placeFetched(toFile, async (file, part) => {
        sha1 = await fetchWhole(connection, source, file, part, signal);
        return sha1 !== undefined && (source.sha1 === undefined || sha1 === source.sha1);
      });
      if (isInPlace && sha1 !== undefined) return { sizeBytes: source.sizeBytes, sha1 };
    }
    throw new DocumentError('DIGEST_DIFFERS', `${source.path} did not arrive as it is in Box.`, {
      why: `Its SHA-1 was wrong ${MAX_WHOLE_TRIES} times.`,
      safe: 'Nothing of it was kept.',
      remedy: 'The next run tries again.',
    });
  } catch (error) {
    signal.throwIfAborted();
    // Its number is the network's, not the disk's.
    if (error instanceof BoxCallError) throw error;
    throw asOutputError(error, toFile, { flag: '--work-dir' });
  }
}

/** What an older ledger may hold, from before listings were checked. */
function oddEntry(path: string): DocumentError {
  return new DocumentError('BOX_ODD_ENTRY', `${path} has a number in Box that is none.`, {
    safe: 'It was not asked for.',
    remedy: 'The next run lists the folder again.',
  });
}

/** Whether an earlier session has brought these very bytes. */
async function hasArrived(file: string, sizeBytes: number, sha1: string, signal: AbortSignal): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  if (!facts?.isFile() || facts.size !== sizeBytes) return false;
  const hash = createHash('sha1');
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20, signal })) hash.update(bytes as Buffer);
  return hash.digest('hex') === sha1;
}

/** Answers with the SHA-1 of what came; undefined where more came than the file has. */
async function fetchWhole(
  connection: BoxConnection,
  source: DownloadSource,
  file: FileHandle,
  part: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const linkFrom = shareLinks(connection, source, signal);
    return source.sizeBytes <= PIECE_BYTES
      ? await fetchAtOnce(connection, source, file, linkFrom, signal)
      : await fetchInPieces(connection, source, file, part, linkFrom, signal);
  } catch (error) {
    if (!(error instanceof BoxCallError)) throw error;
    if (error.code === 'TOO_LONG') return undefined;
    throw await explainFailure(connection, error, source, signal);
  }
}

async function fetchAtOnce(
  connection: BoxConnection,
  source: DownloadSource,
  file: FileHandle,
  linkFrom: LinkSource,
  signal: AbortSignal,
): Promise<string> {
  const { sizeBytes } = source;
  const hash = createHash('sha1');
  await fetchPiece(connection, { file, sizeBytes, endByte: sizeBytes, offset: 0, hash }, linkFrom, signal);
  return hash.digest('hex');
}

async function fetchInPieces(
  connection: BoxConnection,
  source: DownloadSource,
  file: FileHandle,
  part: string,
  linkFrom: LinkSource,
  signal: AbortSignal,
): Promise<string> {
  const { sizeBytes } = source;
  const failed = new AbortController();
  const within = AbortSignal.any([signal, failed.signal]);
  const limit = pLimit(PIECES_AT_ONCE);
  const count = Math.ceil(sizeBytes / PIECE_BYTES);
  const fetching = Array.from({ length: count }, (_, index) => {
    const startByte = index * PIECE_BYTES;
    const piece: Piece = { file, sizeBytes, endByte: Math.min(sizeBytes, startByte + PIECE_BYTES), offset: startByte };
    return limit(() => fetchPiece(connection, piece, linkFrom, within));
  });
  try {
    await using hash = new HashThread(part, sizeBytes);
    // Its digest needs the pieces in order; they arrive in any.
    for (const [index, piece] of fetching.entries()) {
      await piece;
      hash.advance(Math.min(sizeBytes, (index + 1) * PIECE_BYTES));
    }
    return await hash.digest();
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(fetching);
  }
}

/** One link serves all pieces until it is refused: each costs a call. */
function shareLinks(connection: BoxConnection, source: DownloadSource, signal: AbortSignal): LinkSource {
  let current: Promise<string> | undefined;
  let last: string | undefined;
  return async (refused) => {
    if (current === undefined || (refused !== undefined && refused === last)) {
      last = undefined;
      current = downloadLink(connection, source, signal);
    }
    const asked = current;
    try {
      return (last = await asked);
    } catch (error) {
      if (current === asked) current = undefined;
      throw error;
    }
  };
}

async function downloadLink(connection: BoxConnection, source: DownloadSource, signal: AbortSignal): Promise<string> {
  const { apiUrl } = connection.network.settings;
  for (let asked = 0; asked < MAX_UNSAFE_LINKS; asked++) {
    const link = await connection.client.downloads
      .getDownloadFileUrl(source.fileId, { queryParams: { version: source.versionId }, cancellationToken: signal })
      .catch(async (error: unknown) => {
        // Errors of /content have no body: ask what is wrong with the file.
        if (error instanceof BoxCallError && [403, 404, 410].includes(error.status))
          throw await explainFailure(connection, error, source, signal);
        throw error;
      });
    if (isSafeLink(link, apiUrl)) return link;
  }
  throw new DocumentError('BOX_UNSAFE_LINK', `Box named a place for ${source.path} that is not to be asked.`, {
    why: 'It is not encrypted, or lies on this computer or in the network around it.',
    safe: 'It was not called; the file itself was not touched.',
    remedy: 'The next run tries again. If it stays, ask Box support.',
  });
}

/** Finds out what is wrong with a file that Box does not give out. */
async function explainFailure(
  connection: BoxConnection,
  failure: BoxCallError,
  source: DownloadSource,
  signal: AbortSignal,
): Promise<Error> {
  if (failure.status === 0 || failure.status === 429 || failure.status >= 500) return failure;
  const now = await getFile(connection, source.fileId, signal).catch((error: unknown) => error as Error);
  if (now instanceof Error) return now;
  if (now.versionId === source.versionId && now.sizeBytes === source.sizeBytes) return failure;
  return new DocumentError('SOURCE_CHANGED', `${source.path} was changed in Box since it was listed.`, {
    safe: 'The file itself was not touched.',
    remedy: 'Run the same command again; it is read anew.',
  });
}
