import { ApiProblem, badRequest } from '../api-problem.ts';
import { readableFile, render, writableFile, writableFolder } from '../access.ts';
import type { BoxFile } from '../box-items.ts';
import { currentVersion } from '../box-items.ts';
import type { BoxState } from '../box-state.ts';
import { fieldsOf, idOf, param, readJson, textOf, type Answer, type Call } from '../call.ts';
import { boxTime } from '../clock.ts';
import { miniVersion } from '../render-item.ts';
import { relocateAsAsked } from './folders.ts';

export function getFile(box: BoxState, call: Call): Answer {
  const file = readableFile(box, call);
  const known = call.request.headers['if-none-match'];
  if (known !== undefined && known.replaceAll('"', '') === String(file.etag)) return { status: 304 };
  return { status: 200, json: render(box, call, file, fieldsOf(call)) };
}

export async function updateFile(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const file = writableFile(box, call);
  relocateAsAsked(box, call, file, body);
  const modified = textOf(body['content_modified_at']);
  const description = textOf(body['description']);
  if (modified !== undefined) file.contentModifiedAt = modified;
  if (description !== undefined) file.description = description;
  if (modified !== undefined || description !== undefined) box.tree.touch(file);
  return { status: 200, json: render(box, call, file, fieldsOf(call)) };
}

export function deleteFile(box: BoxState, call: Call): Answer {
  box.tree.trash(writableFile(box, call));
  return { status: 204 };
}

export async function copyFile(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const file = readableFile(box, call);
  const parent = writableFolder(box, call, idOf(body['parent']) ?? '');
  const name = textOf(body['name']) ?? file.name;
  const copy = box.tree.createFile(parent, name, currentVersion(file).content, file.contentModifiedAt);
  return { status: 201, json: render(box, call, copy, fieldsOf(call)) };
}

/** Past versions, newest first: the current one is not among them. */
export function listVersions(box: BoxState, call: Call): Answer {
  const file = readableFile(box, call);
  const past = file.versions.slice(0, -1).reverse();
  const entries = past.map((version, index) => ({
    ...miniVersion(version),
    name: file.name,
    size: version.content.sizeBytes,
    created_at: boxTime(version.createdAtMs),
    modified_at: boxTime(version.createdAtMs),
    trashed_at: null,
    purged_at: null,
    version_number: String(past.length - index),
  }));
  return { status: 200, json: { total_count: entries.length, entries, limit: 1000, offset: 0 } };
}

/** Sends the client on to the download host. Its errors have no body: Box's do not either. */
export function content(box: BoxState, call: Call): Answer {
  try {
    const file = readableFile(box, call);
    const wanted = call.query.get('version');
    const version = wanted === null ? currentVersion(file) : file.versions.find(({ id }) => id === wanted);
    if (!version) throw new ApiProblem(404, 'not_found', 'Not Found');
    const signature = box.links.sign({ fileId: file.id, versionId: version.id });
    return { status: 302, headers: { location: `${call.urls.downloadUrl}/d/1/${signature}/download` } };
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    throw new ApiProblem(error.status, error.code, error.message, { headers: error.headers, form: 'empty' });
  }
}

/** The download host: whoever has the address has the bytes, whole or by one range (RFC 9110, 14). */
export function download(box: BoxState, call: Call): Answer {
  const target = box.links.resolve(param(call, 'signature'));
  const item = target && box.tree.find(target.fileId);
  const version =
    item?.type === 'file' ? (item as BoxFile).versions.find(({ id }) => id === target?.versionId) : undefined;
  if (!item || !version) throw new ApiProblem(403, 'expired', 'The address has expired', { form: 'empty' });
  const { content } = version;
  const headers = {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment;filename*=UTF-8''${encodeURIComponent(item.name)}`,
    'accept-ranges': 'bytes',
  };
  const range = call.request.headers.range;
  if (range === undefined) {
    return { status: 200, headers, content: { of: content, start: 0, end: content.sizeBytes - 1 } };
  }
  const { start, end } = readRange(range, content.sizeBytes);
  if (start > end) {
    const none = { 'content-range': `bytes */${content.sizeBytes}` };
    throw new ApiProblem(416, 'range', 'The range is outside the file', { form: 'empty', headers: none });
  }
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${content.sizeBytes}` },
    content: { of: content, start, end },
  };
}

/** First and last byte; the first above the last where the range is outside the content. */
function readRange(range: string, sizeBytes: number): { start: number; end: number } {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === undefined || last === undefined || first + last === '') throw badRequest('The range is malformed');
  if (first === '') return { start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes - 1 };
  return { start: Number(first), end: Math.min(last === '' ? Infinity : Number(last), sizeBytes - 1) };
}
