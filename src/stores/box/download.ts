import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { DocumentError } from '../../core/errors.ts';
import { asOutputError } from '../../core/write-failure.ts';
import { BatchWriter } from './batch-writer.ts';
import { BoxCallError } from './box-call-error.ts';
import { isSafeAddress } from './box-settings.ts';
import type { BoxConnection } from './connect.ts';
import { IdleWatch, exchange, networkFailure } from './http-exchange.ts';
import { getFile } from './list-items.ts';
import { parseRetryAfter, planRetry } from './retry-policy.ts';

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
/** Links that Box's own download host refuses one after another before we believe it. */
const MAX_REFUSED_LINKS = 4;
/** A transfer must bring this much within each idle time-out, or it is cut and resumed on another connection. */
const MIN_WINDOW_BYTES = 32 * 1024;

const OPERATION = 'GET download';

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
  const part = `${toFile}.part`;
  try {
    for (let wholeTry = 1; wholeTry <= MAX_WHOLE_TRIES; wholeTry++) {
      const sha1 = await fetchWhole(connection, source, part, signal);
      if (sha1 !== undefined && (source.sha1 === undefined || sha1 === source.sha1)) {
        await rename(part, toFile);
        return { sizeBytes: source.sizeBytes, sha1 };
      }
    }
    throw new DocumentError('DIGEST_DIFFERS', `${source.path} did not arrive as it is in Box.`, {
      why: `Its SHA-1 was wrong ${MAX_WHOLE_TRIES} times.`,
      safe: 'Nothing of it was kept.',
      remedy: 'The next run tries again.',
    });
  } catch (error) {
    signal.throwIfAborted();
    throw asOutputError(error, toFile);
  } finally {
    await rm(part, { force: true });
  }
}

/** Where a file being fetched stands. */
interface Arriving {
  readonly file: FileHandle;
  readonly source: DownloadSource;
  hash: Hash;
  offset: number;
}

/** Answers with the SHA-1 of what came; undefined where more came than the file has. */
async function fetchWhole(
  connection: BoxConnection,
  source: DownloadSource,
  part: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { clock, settings, random, onWait } = connection.network;
  const file = await open(part, 'w', 0o600);
  try {
    const arriving: Arriving = { file, source, hash: createHash('sha1'), offset: 0 };
    let failures = 0;
    let refusedLinks = 0;
    let stuckSinceMs = clock.now();
    for (;;) {
      const before = arriving.offset;
      const failure = await fetchRest(connection, arriving, signal);
      if (failure === undefined) break;
      if (failure.code === 'TOO_LONG') return undefined;
      // A trickle is no progress: it would hold a run for days.
      if (arriving.offset - before >= MIN_WINDOW_BYTES) failures = refusedLinks = 0;
      if (failures === 0) stuckSinceMs = clock.now();
      failures++;
      // A link is good for 15 minutes: when it is refused another one is asked for at once.
      if (isRefusedLink(failure) && ++refusedLinks < MAX_REFUSED_LINKS) continue;
      const wait = planRetry(failure, failures, clock.now() - stuckSinceMs, settings, random());
      if (!wait) throw await explainFailure(connection, failure, source, signal);
      onWait?.({ ...wait, operation: OPERATION });
      await clock.sleep(wait.waitMs, signal);
    }
    await file.datasync();
    return arriving.hash.digest('hex');
  } finally {
    await file.close();
  }
}

function isRefusedLink(failure: BoxCallError): boolean {
  return failure.facts.operation === OPERATION && [401, 403, 404, 410].includes(failure.status);
}

/** Fetches from where we stand to the end over one connection; answers with what stopped it, if anything. */
async function fetchRest(
  connection: BoxConnection,
  arriving: Arriving,
  signal: AbortSignal,
): Promise<BoxCallError | undefined> {
  const { agent, settings } = connection.network;
  try {
    const link = await downloadLink(connection, arriving.source, signal);
    const range = arriving.offset > 0 ? { range: `bytes=${arriving.offset}-` } : {};
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
      await checkHead(arriving, answer, connection.network.clock.now());
      await append(arriving, answer, settings.idleTimeoutMs, signal);
    } finally {
      if (!answer.complete) answer.destroy();
    }
    if (arriving.offset < arriving.source.sizeBytes) return new BoxCallError({ operation: OPERATION, status: 0, code: 'CUT' });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BoxCallError) return error;
    throw error;
  }
}

async function downloadLink(connection: BoxConnection, source: DownloadSource, signal: AbortSignal): Promise<string> {
  const link = await connection.client.downloads
    .getDownloadFileUrl(source.fileId, { queryParams: { version: source.versionId }, cancellationToken: signal })
    .catch(async (error: unknown) => {
      // Errors of /content have no body: ask what is wrong with the file.
      if (error instanceof BoxCallError && [403, 404, 410].includes(error.status))
        throw await explainFailure(connection, error, source, signal);
      throw error;
    });
  if (!isSafeAddress(link)) throw new BoxCallError({ operation: OPERATION, status: 0, code: 'UNSAFE_LINK' });
  return link;
}

/** Sees that what follows is what we asked for; begins anew where the server sends the file from its start. */
async function checkHead(arriving: Arriving, answer: IncomingMessage, nowMs: number): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status !== 200 && status !== 206) {
    const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], nowMs);
    throw new BoxCallError({ operation: OPERATION, status, retryAfterMs });
  }
  if (status === 200) {
    if (arriving.offset > 0) await arriving.file.truncate(0);
    arriving.offset = 0;
    arriving.hash = createHash('sha1');
    return;
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '');
  const fits = range && Number(range[1]) === arriving.offset && Number(range[2]) === arriving.source.sizeBytes;
  if (!fits) throw new BoxCallError({ operation: OPERATION, status: 0, code: 'WRONG_RANGE' });
}

async function append(arriving: Arriving, answer: IncomingMessage, idleTimeoutMs: number, signal: AbortSignal): Promise<void> {
  let failure: BoxCallError | undefined;
  const giveUp = (code: string): void => {
    failure ??= new BoxCallError({ operation: OPERATION, status: 0, code });
    answer.destroy();
  };
  const stop = (): void => giveUp('STOPPED');
  using watch = new IdleWatch(idleTimeoutMs, () => giveUp('IDLE'));
  signal.addEventListener('abort', stop, { once: true });
  const writer = new BatchWriter(arriving.file, arriving.offset);
  let windowBytes = 0;
  try {
    for await (const bytes of answer as AsyncIterable<Buffer>) {
      if (arriving.offset + bytes.length > arriving.source.sizeBytes) giveUp('TOO_LONG');
      if (failure) break;
      arriving.hash.update(bytes);
      arriving.offset += bytes.length;
      windowBytes += bytes.length;
      const full = writer.add(bytes);
      if (full) await full;
      if (windowBytes < MIN_WINDOW_BYTES) continue;
      windowBytes = 0;
      watch.touch();
    }
  } catch (error) {
    if (writer.failed) throw error;
    failure ??= networkFailure(OPERATION, error);
  } finally {
    signal.removeEventListener('abort', stop);
    // What has arrived is kept: the next connection goes on behind it.
    await writer.flush();
  }
  if (failure) throw failure;
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
