import { ApiProblem, badRequest, itemLocked, storageFull } from '../api-problem.ts';
import { render, requireMatch, requireWrite, writableFile, writableFolder, readableFile } from '../access.ts';
import type { BoxFile, BoxFolder, BoxItem } from '../box-items.ts';
import { currentVersion, isFile, isFolder } from '../box-items.ts';
import type { BoxState } from '../box-state.ts';
import { fieldsOf, idOf, readJson, textOf, type Answer, type Call } from '../call.ts';
import type { Content } from '../contents.ts';
import { MultipartReader } from '../multipart-reader.ts';

/** Whether a new file of that name and size would be taken; changes nothing. */
export async function preflight(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const parent = writableFolder(box, call, idOf(body['parent']) ?? '');
  box.tree.requireFree(parent, box.settings.sanitiseName(textOf(body['name']) ?? ''));
  requireRoom(box, Number(body['size'] ?? 0));
  return preflightAnswer(call, '/2.0/files/content');
}

/** Whether a new version of that size would be taken. */
export async function preflightVersion(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const file = writableFile(box, call);
  const name = textOf(body['name']);
  if (name !== undefined && file.parent) box.tree.requireFree(file.parent, name, { except: file });
  requireRoom(box, Number(body['size'] ?? 0));
  return preflightAnswer(call, `/2.0/files/${file.id}/content`);
}

/** A new file in one request. */
export async function upload(box: BoxState, call: Call): Promise<Answer> {
  const { attributes, content } = await readUpload(box, call);
  const parent = writableFolder(box, call, idOf(attributes['parent']) ?? '');
  const name = box.settings.sanitiseName(textOf(attributes['name']) ?? '');
  requireRoom(box, content.sizeBytes);
  const file = box.tree.createFile(parent, name, content, textOf(attributes['content_modified_at']));
  return uploaded(box, call, file);
}

/** A new version of a file in one request. Without If-Match whoever comes last wins. */
export async function uploadVersion(box: BoxState, call: Call): Promise<Answer> {
  const { attributes, content } = await readUpload(box, call);
  const file = writableFile(box, call);
  requireRoom(box, content.sizeBytes);
  const name = textOf(attributes['name']);
  if (name !== undefined && name !== file.name) box.tree.relocate(file, { name });
  box.tree.addVersion(file, content, textOf(attributes['content_modified_at']));
  return uploaded(box, call, file);
}

/** The answer to a finished upload of any kind: a collection of one. */
export function uploaded(box: BoxState, call: Call, file: BoxFile, status = 201): Answer {
  return { status, json: { total_count: 1, entries: [render(box, call, file, fieldsOf(call))] } };
}

/** @throws {ApiProblem} 403 `storage_limit_exceeded`. */
export function requireRoom(box: BoxState, bytes: number): void {
  if (box.settings.storageLimitBytes === Infinity) return;
  if (storedBytes(box.tree.root) + bytes > box.settings.storageLimitBytes) throw storageFull();
}

/** The file a chunked upload makes a new version of. */
export function versionTarget(box: BoxState, call: Call): BoxFile {
  const file = readableFile(box, call);
  requireWrite(box, call, file);
  if (file.locked) throw itemLocked();
  requireMatch(call, file);
  return file;
}

function preflightAnswer(call: Call, path: string): Answer {
  return { status: 200, json: { upload_url: `${call.urls.uploadUrl}${path}`, upload_token: null } };
}

interface Upload {
  readonly attributes: Record<string, unknown>;
  readonly content: Content;
}

/** Reads the body to its end, whatever is wrong with it: a client that still sends would not see the answer. */
async function readUpload(box: BoxState, call: Call): Promise<Upload> {
  const reader = new MultipartReader(call.request as AsyncIterable<Buffer>, call.request.headers['content-type']);
  try {
    return await readParts(box, call, reader);
  } catch (error) {
    await reader.drain();
    throw error;
  }
}

async function readParts(box: BoxState, call: Call, reader: MultipartReader): Promise<Upload> {
  let attributes: Record<string, unknown> | undefined;
  let content: Content | undefined;
  for await (const part of reader.parts()) {
    if (part.name === 'attributes') {
      attributes = parseAttributes(await textOfPart(part.body));
    } else if (attributes) {
      content = await box.contents.take(limited(part.body, box.settings.maxDirectUploadBytes));
    } else {
      throw new ApiProblem(400, 'metadata_after_file_contents', 'The attributes must come before the file');
    }
  }
  if (!attributes || !content) throw badRequest('The attributes or the file are missing');
  const digest = call.request.headers['content-md5'];
  if (digest !== undefined && digest !== content.sha1) {
    throw new ApiProblem(400, 'bad_digest', 'The specified content-md5 did not match what we received');
  }
  return { attributes, content };
}

async function* limited(body: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new ApiProblem(413, 'request_entity_too_large', 'The file is too large for one request');
    yield chunk;
  }
}

async function textOfPart(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of limited(body, 1024 * 1024)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parseAttributes(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the same refusal.
  }
  throw badRequest('The attributes are not a JSON object');
}

function storedBytes(folder: BoxFolder): number {
  let bytes = 0;
  for (const item of folder.children.values() as Iterable<BoxItem>) {
    if (isFolder(item)) bytes += storedBytes(item);
    else if (isFile(item)) bytes += currentVersion(item).content.sizeBytes;
  }
  return bytes;
}
