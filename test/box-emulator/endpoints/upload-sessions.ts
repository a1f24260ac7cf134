import { ApiProblem, badRequest } from '../api-problem.ts';
import { requireMatch, requireWrite, userOf, writableFolder } from '../access.ts';
import type { BoxFile } from '../box-items.ts';
import type { BoxState } from '../box-state.ts';
import { param, readJson, textOf, type Answer, type Call } from '../call.ts';
import { boxTime } from '../clock.ts';
import type { Content } from '../contents.ts';
import type { SessionTarget, UploadedPart, UploadSession } from '../upload-sessions.ts';
import { requireRoom, uploaded, versionTarget } from './uploads.ts';

export async function createSession(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const folderId = textOf(body['folder_id']) ?? '';
  const parent = writableFolder(box, call, folderId);
  const name = box.settings.sanitiseName(textOf(body['file_name']) ?? '');
  box.tree.requireFree(parent, name);
  return created(box, call, { kind: 'new', folderId, name }, Number(body['file_size']));
}

export async function createVersionSession(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const file = versionTarget(box, call);
  const name = textOf(body['file_name']);
  return created(box, call, { kind: 'version', fileId: file.id, name }, Number(body['file_size']));
}

export function getSession(box: BoxState, call: Call): Answer {
  return { status: 200, json: render(sessionOf(box, call), call) };
}

export async function uploadPart(box: BoxState, call: Call): Promise<Answer> {
  const { headers } = call.request;
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '');
  const digest = textOf(headers['digest']);
  if (!range || digest === undefined) {
    await drain(call);
    throw badRequest('The digest or content-range header is missing');
  }
  const session = await sessionOrDrain(box, call);
  const [start, end, total] = [Number(range[1]), Number(range[2]), Number(range[3])];
  const body = call.request as AsyncIterable<Buffer>;
  const part = await box.sessions.takePart(session, { start, end, total }, digest, body);
  return { status: 200, json: { part } };
}

export function listParts(box: BoxState, call: Call): Answer {
  const session = sessionOf(box, call);
  const limit = Math.min(Number(call.query.get('limit') ?? 1000), 1000);
  const offset = Number(call.query.get('offset') ?? 0);
  const parts = [...session.parts.values()].sort((a, b) => a.offset - b.offset);
  const entries = parts.slice(offset, offset + limit);
  const order = [{ by: 'offset', direction: 'ASC' }];
  return { status: 200, json: { total_count: parts.length, entries, limit, offset, order } };
}

/** Makes the file of the parts. Answers 202 first, as often as the emulator was told to. */
export async function commit(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const session = sessionOf(box, call);
  const digest = textOf(call.request.headers['digest']);
  const parts = body['parts'];
  if (digest === undefined || !Array.isArray(parts)) throw badRequest('The digest header or the parts are missing');
  if (session.pendingAnswers > 0) {
    session.pendingAnswers--;
    return { status: 202, headers: { 'retry-after': '1' } };
  }
  const content = await box.sessions.assemble(session, parts as UploadedPart[], digest);
  requireRoom(box, content.sizeBytes);
  const attributes = body['attributes'];
  const modified =
    typeof attributes === 'object' && attributes !== null && 'content_modified_at' in attributes
      ? textOf(attributes.content_modified_at)
      : undefined;
  const file = place(box, call, session, content, modified);
  await box.sessions.finish(session, 'committed');
  return uploaded(box, call, file);
}

export async function abort(box: BoxState, call: Call): Promise<Answer> {
  await box.sessions.finish(sessionOf(box, call), 'aborted');
  return { status: 204 };
}

async function created(box: BoxState, call: Call, target: SessionTarget, sizeBytes: number): Promise<Answer> {
  requireRoom(box, sizeBytes);
  const session = await box.sessions.create(userOf(call).id, target, sizeBytes);
  return { status: 201, json: render(session, call) };
}

function sessionOf(box: BoxState, call: Call): UploadSession {
  return box.sessions.open(param(call, 'session'), userOf(call).id);
}

/** As {@link sessionOf}, but a refused part is read to its end: a client that still sends would not see the answer. */
async function sessionOrDrain(box: BoxState, call: Call): Promise<UploadSession> {
  try {
    return sessionOf(box, call);
  } catch (error) {
    if (error instanceof ApiProblem) await drain(call);
    throw error;
  }
}

async function drain(call: Call): Promise<void> {
  for await (const _ of call.request) {
    // Dropped.
  }
}

function place(box: BoxState, call: Call, session: UploadSession, content: Content, modified?: string): BoxFile {
  const { target } = session;
  if (target.kind === 'new') {
    return box.tree.createFile(writableFolder(box, call, target.folderId), target.name, content, modified);
  }
  const file = box.tree.file(target.fileId);
  requireWrite(box, call, file);
  requireMatch(call, file);
  box.tree.addVersion(file, content, modified);
  return file;
}

function render(session: UploadSession, call: Call): object {
  const url = `${call.urls.uploadUrl}/2.0/files/upload_sessions/${session.id}`;
  return {
    type: 'upload_session',
    id: session.id,
    total_parts: Math.ceil(session.sizeBytes / session.partBytes),
    part_size: session.partBytes,
    session_expires_at: boxTime(session.expiresAtMs),
    num_parts_processed: session.parts.size,
    session_endpoints: {
      list_parts: `${url}/parts`,
      commit: `${url}/commit`,
      upload_part: url,
      status: url,
      abort: url,
      log_event: `${url}/log`,
    },
  };
}
