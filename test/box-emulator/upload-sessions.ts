import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ApiProblem, badRequest, notFound } from './api-problem.ts';
import type { EmulatorClock } from './clock.ts';
import { contentOfFile, type Content, type ContentStore } from './contents.ts';

export interface UploadedPart {
  readonly part_id: string;
  readonly offset: number;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha1: string;
}

/** Where the finished file goes: a name in a folder, or a new version of a file. */
export type SessionTarget =
  | { readonly kind: 'new'; readonly folderId: string; readonly name: string }
  | { readonly kind: 'version'; readonly fileId: string; readonly name: string | undefined };

export interface UploadSession {
  readonly id: string;
  readonly userId: string;
  readonly target: SessionTarget;
  readonly sizeBytes: number;
  readonly partBytes: number;
  readonly expiresAtMs: number;
  readonly parts: Map<number, UploadedPart>;
  /** Commit answers 202 that many times more before the file is there. */
  pendingAnswers: number;
  state: 'open' | 'committed' | 'aborted';
  readonly file: string;
  readonly handle: FileHandle;
}

export interface SessionLimits {
  readonly partBytes: number;
  readonly minimumBytes: number;
  readonly pendingCommitAnswers: number;
}

// Box, "Chunked uploads": a session lives 7 days.
const SESSION_MS = 7 * 86_400_000;
const WRITE_BYTES = 1024 * 1024;

/** Uploads in parts: exact, immutable parts in any order, then one commit or an abort. */
export class UploadSessions {
  readonly #sessions = new Map<string, UploadSession>();
  readonly #clock: EmulatorClock;
  readonly #contents: ContentStore;
  readonly #limits: SessionLimits;
  #count = 0;

  constructor(clock: EmulatorClock, contents: ContentStore, limits: SessionLimits) {
    this.#clock = clock;
    this.#contents = contents;
    this.#limits = limits;
  }

  async create(userId: string, target: SessionTarget, sizeBytes: number): Promise<UploadSession> {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw badRequest("'file_size' is invalid");
    if (sizeBytes < this.#limits.minimumBytes) {
      throw new ApiProblem(400, 'file_size_too_small', 'The file size is less than the minimum for chunked uploads');
    }
    const count = String(++this.#count).padStart(12, '0');
    const session: UploadSession = {
      id: createHash('sha1').update(`session ${count}`).digest('hex').toUpperCase().slice(0, 32),
      userId,
      target,
      sizeBytes,
      partBytes: this.#limits.partBytes,
      expiresAtMs: this.#clock.nowMs() + SESSION_MS,
      parts: new Map(),
      pendingAnswers: this.#limits.pendingCommitAnswers,
      state: 'open',
      ...(await this.#contents.createFile()),
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** @throws {ApiProblem} 404 unknown, committed or aborted; 410 `session_expired`. */
  open(id: string, userId: string): UploadSession {
    const session = this.#sessions.get(id);
    if (!session || session.userId !== userId || session.state !== 'open') throw notFound();
    if (session.expiresAtMs <= this.#clock.nowMs()) {
      throw new ApiProblem(410, 'session_expired', 'The upload session has expired');
    }
    return session;
  }

  /** Takes one part in. @throws {ApiProblem} 400 digest or length differ; 409 the range overlaps a part that is there. */
  async takePart(
    session: UploadSession,
    range: { start: number; end: number; total: number },
    digest: string,
    body: AsyncIterable<Buffer>,
  ): Promise<UploadedPart> {
    const { start, end, total } = range;
    const refusal = this.#refusePart(session, start, end, total);
    const hash = createHash('sha1');
    let size = 0;
    for await (const batch of inBatches(body)) {
      for (const chunk of batch.chunks) hash.update(chunk);
      const at = start + size;
      size += batch.sizeBytes;
      // A refused or overlong part is read to its end but must not touch what is there.
      if (!refusal && start + size <= end + 1) await session.handle.writev(batch.chunks, at);
    }
    const overlap = refusal ?? this.#refusePart(session, start, end, total);
    if (overlap) throw overlap;
    if (size !== end - start + 1) throw badRequest('The part length does not match its content-range');
    const sha1 = hash.digest();
    if (digest !== `sha=${sha1.toString('base64')}`) {
      throw new ApiProblem(412, 'bad_digest', 'The specified content-md5 did not match what we received');
    }
    const part_id = createHash('sha1').update(`${session.id} ${start}`).digest('hex').toUpperCase().slice(0, 8);
    const part: UploadedPart = { part_id, offset: start, size, sha1: sha1.toString('hex') };
    session.parts.set(start, part);
    return part;
  }

  /** Checks the parts and the whole, and gives the content. The session stays open: the caller closes it. */
  async assemble(session: UploadSession, parts: readonly UploadedPart[], digest: string): Promise<Content> {
    let offset = 0;
    for (const part of [...session.parts.values()].sort((a, b) => a.offset - b.offset)) {
      if (part.offset !== offset) break;
      offset += part.size;
    }
    const mismatch = parts.some((named) => {
      const there = session.parts.get(named.offset);
      return !there || there.part_id !== named.part_id || there.size !== named.size;
    });
    if (offset !== session.sizeBytes || mismatch || parts.length !== session.parts.size) {
      throw new ApiProblem(400, 'parts_mismatch', 'The parts do not make up the file');
    }
    const content = await contentOfFile(session.file);
    if (digest !== `sha=${Buffer.from(content.sha1, 'hex').toString('base64')}`) {
      throw new ApiProblem(412, 'bad_digest', 'The digest does not match what we received');
    }
    return content;
  }

  async finish(session: UploadSession, state: 'committed' | 'aborted'): Promise<void> {
    session.state = state;
    await session.handle.close();
    if (state === 'aborted') await this.#contents.discard(session.file);
  }

  /** Sessions neither committed nor aborted. */
  unfinished(): UploadSession[] {
    return [...this.#sessions.values()].filter((session) => session.state === 'open');
  }

  async close(): Promise<void> {
    for (const session of this.unfinished()) await session.handle.close();
  }

  #refusePart(session: UploadSession, start: number, end: number, total: number): ApiProblem | undefined {
    const last = end === session.sizeBytes - 1;
    const size = end - start + 1;
    if (total !== session.sizeBytes || start % session.partBytes !== 0 || size > session.partBytes || size < 1) {
      return new ApiProblem(400, 'invalid_part', 'The part does not fit the session');
    }
    if (!last && size !== session.partBytes)
      return new ApiProblem(400, 'invalid_part', 'Only the last part may be short');
    if (session.parts.has(start)) {
      return new ApiProblem(409, 'range_overlaps_existing_range', 'Part already uploaded in this range');
    }
    return undefined;
  }
}

/** Gathers chunks, so that a part is written with few calls. */
async function* inBatches(body: AsyncIterable<Buffer>): AsyncGenerator<{ chunks: Buffer[]; sizeBytes: number }> {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes < WRITE_BYTES) continue;
    yield { chunks, sizeBytes };
    chunks = [];
    sizeBytes = 0;
  }
  if (sizeBytes > 0) yield { chunks, sizeBytes };
}
