import type { Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FileHandle } from 'node:fs/promises';
import { BatchWriter } from './batch-writer.ts';
import { BoxCallError, DOWNLOAD } from '../transport/box-call-error.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { IdleWatch, exchange, networkFailure } from '../transport/http-exchange.ts';
import { parseRetryAfter, planRetry } from '../transport/retry-policy.ts';

/** A stretch of a file that comes over one connection at a time. */
export interface Piece {
  readonly file: FileHandle;
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** Where the piece ends, exclusive. */
  readonly endByte: number;
  /** Told of every byte, in order; absent where the file is read again for its digest. */
  readonly hash?: Hash | undefined;
  /** Where the next byte goes. */
  offset: number;
}

/** Gives the address to fetch from; `refused` is one that no longer works. */
export type LinkSource = (refused: string | undefined) => Promise<string>;

/** Links that Box's own download host refuses one after another before we believe it. */
const MAX_REFUSED_LINKS = 4;
/** A transfer must bring this much within each idle time-out, or it is cut and resumed on another connection. */
const MIN_WINDOW_BYTES = 32 * 1024;

/**
 * Fetches a piece whole, going on where a connection was cut.
 * @throws {BoxCallError} it cannot be had; code `TOO_LONG`: more came than the file has. @throws the disk's error.
 */
export async function fetchPiece(
  connection: BoxConnection,
  piece: Piece,
  linkFrom: LinkSource,
  signal: AbortSignal,
): Promise<void> {
  const { clock, settings, random, onWait } = connection.network;
  let failures = 0;
  let refusedLinks = 0;
  let stuckSinceMs = clock.now();
  let askedMs = 0;
  let refused: string | undefined;
  for (;;) {
    const before = piece.offset;
    const { failure, link } = await fetchRest(connection, piece, () => linkFrom(refused), signal);
    if (failure === undefined) return;
    if (failure.code === 'TOO_LONG') throw failure;
    // A trickle is no progress: it would hold a run for days.
    if (piece.offset - before >= MIN_WINDOW_BYTES) failures = refusedLinks = 0;
    if (failures === 0) {
      stuckSinceMs = clock.now();
      askedMs = 0;
    }
    failures++;
    refused = link;
    // A link is good for 15 minutes: when it is refused another one is asked for at once.
    if (isRefusedLink(failure) && ++refusedLinks < MAX_REFUSED_LINKS) continue;
    const wait = planRetry(failure, failures, { elapsedMs: clock.now() - stuckSinceMs, askedMs }, settings, random());
    if (!wait) throw failure;
    onWait?.({ ...wait, operation: DOWNLOAD });
    await clock.sleep(wait.waitMs, signal);
    if (wait.asked) askedMs += wait.waitMs;
  }
}

function isRefusedLink(failure: BoxCallError): boolean {
  return failure.facts.operation === DOWNLOAD && [401, 403, 404, 410].includes(failure.status);
}

/** Fetches from where the piece stands to its end over one connection; answers with what stopped it, if anything. */
async function fetchRest(
  connection: BoxConnection,
  piece: Piece,
  nextLink: () => Promise<string>,
  signal: AbortSignal,
): Promise<{ failure?: BoxCallError; link?: string }> {
  const { agent, settings, clock } = connection.network;
  let link: string | undefined;
  try {
    link = await nextLink();
    const wanted = piece.offset > 0 || piece.endByte < piece.sizeBytes;
    const range = wanted ? { range: `bytes=${piece.offset}-${piece.endByte - 1}` } : {};
    const answer = await exchange({
      url: link,
      method: 'GET',
      // No token goes to the download host: the link itself is the permission.
      headers: { 'accept-encoding': 'identity', 'user-agent': 'ocr-pipeline', ...range },
      agent,
      idleTimeoutMs: settings.idleTimeoutMs,
      signal,
    });
    try {
      await append(piece, answer, skipOf(piece, answer, clock.now()), settings.idleTimeoutMs, signal);
    } finally {
      if (!answer.complete) answer.destroy();
    }
    if (piece.offset === piece.endByte) return {};
    return { failure: new BoxCallError({ operation: DOWNLOAD, status: 0, code: 'CUT' }), link };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BoxCallError) return { failure: error, ...(link === undefined ? {} : { link }) };
    throw error;
  }
}

/** Bytes to pass over: all we have, where the server sends the file from its start although asked for a part. */
function skipOf(piece: Piece, answer: IncomingMessage, nowMs: number): number {
  const status = answer.statusCode ?? 0;
  if (status === 200) return piece.offset;
  if (status !== 206) {
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], nowMs);
    throw new BoxCallError({ operation: DOWNLOAD, status, retryAfterMs });
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '');
  const fits = range && Number(range[1]) === piece.offset && Number(range[2]) === piece.sizeBytes;
  if (!fits) throw new BoxCallError({ operation: DOWNLOAD, status: 0, code: 'WRONG_RANGE' });
  return 0;
}

async function append(
  piece: Piece,
  answer: IncomingMessage,
  skipBytes: number,
  idleTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  let failure: BoxCallError | undefined;
  const giveUp = (code: string): void => {
    failure ??= new BoxCallError({ operation: DOWNLOAD, status: 0, code });
    answer.destroy();
  };
  const stop = (): void => giveUp('STOPPED');
  using watch = new IdleWatch(idleTimeoutMs, () => giveUp('IDLE'));
  signal.addEventListener('abort', stop, { once: true });
  const writer = new BatchWriter(piece.file, piece.offset);
  // An answer with the whole file is longer than a piece, and no fault.
  const mayBeLonger = answer.statusCode === 200 && piece.endByte < piece.sizeBytes;
  let toSkip = skipBytes;
  let windowBytes = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      const fresh = part.subarray(Math.min(toSkip, part.length));
      toSkip -= part.length - fresh.length;
      const bytes = fresh.subarray(0, piece.endByte - piece.offset);
      if (bytes.length < fresh.length && !mayBeLonger) giveUp('TOO_LONG');
      if (failure) break;
      piece.hash?.update(bytes);
      piece.offset += bytes.length;
      const full = writer.add(bytes);
      if (full) await full;
      if (mayBeLonger && piece.offset === piece.endByte) break;
      windowBytes += part.length;
      if (windowBytes < MIN_WINDOW_BYTES) continue;
      windowBytes = 0;
      watch.touch();
    }
  } catch (error) {
    if (writer.failed) throw error;
    failure ??= networkFailure(DOWNLOAD, error);
  } finally {
    signal.removeEventListener('abort', stop);
    // What has arrived is kept: the next connection goes on behind it.
    await writer.flush();
  }
  if (failure) throw failure;
}
