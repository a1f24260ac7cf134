import { ApiProblem, badRequest, notFound } from '../api-problem.ts';
import { readableFolder, render, requireMatch, requireWrite, userOf, writableFolder } from '../access.ts';
import type { BoxFolder, BoxItem } from '../box-items.ts';
import { isFolder } from '../box-items.ts';
import type { BoxState } from '../box-state.ts';
import { fieldsOf, idOf, param, readJson, textOf, type Answer, type Call } from '../call.ts';

// Box, "Offset-based pagination": an offset above 9999 is refused; a page holds 1000 entries at most.
const MAX_OFFSET = 9999;
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 100;

export function getFolder(box: BoxState, call: Call): Answer {
  const folder = readableFolder(box, call, param(call, 'id'));
  const fields = fieldsOf(call);
  const json = render(box, call, folder, fields);
  if (fields && !fields.includes('item_collection')) return { status: 200, json };
  const entries = visibleChildren(box, call, folder, 'name');
  const item_collection = {
    total_count: entries.length,
    entries: entries.slice(0, DEFAULT_LIMIT).map((item) => render(box, call, item, ['sequence_id', 'name', 'sha1'])),
    offset: 0,
    limit: DEFAULT_LIMIT,
    order: ORDER,
  };
  return { status: 200, json: { ...json, item_collection } };
}

/** What a shared link stands for, whoever asks. */
export function sharedItem(box: BoxState, call: Call): Answer {
  const header = new URLSearchParams(String(call.request.headers['boxapi'] ?? ''));
  const link = box.sharedLinks.get(header.get('shared_link') ?? '');
  const item = link && box.tree.find(link.itemId);
  if (!item) throw notFound();
  if (link.password !== undefined && header.get('shared_link_password') !== link.password)
    throw new ApiProblem(403, 'incorrect_shared_item_password', 'The shared item password is incorrect');
  return { status: 200, json: { type: item.type, id: item.id, name: item.name } };
}

/** One page of a folder, by marker (any size of folder) or by offset (up to 9999). */
export function listItems(box: BoxState, call: Call): Answer {
  const folder = readableFolder(box, call, param(call, 'id'));
  const limit = Math.min(wholeNumber(call, 'limit', DEFAULT_LIMIT), MAX_LIMIT);
  const fields = fieldsOf(call);
  const json =
    call.query.get('usemarker') === 'true'
      ? byMarker(box, call, folder, limit, fields)
      : byOffset(box, call, folder, limit, fields);
  return { status: 200, json };
}

export async function createFolder(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const parent = writableFolder(box, call, idOf(body['parent']) ?? '');
  const folder = box.tree.createFolder(parent, box.settings.sanitiseName(textOf(body['name']) ?? ''));
  return { status: 201, json: render(box, call, folder, fieldsOf(call)) };
}

export async function updateFolder(box: BoxState, call: Call): Promise<Answer> {
  const body = await readJson(call);
  const folder = writableFolder(box, call, param(call, 'id'));
  requireMatch(call, folder);
  relocateAsAsked(box, call, folder, body);
  return { status: 200, json: render(box, call, folder, fieldsOf(call)) };
}

export function deleteFolder(box: BoxState, call: Call): Answer {
  const folder = readableFolder(box, call, param(call, 'id'));
  requireWrite(box, call, folder);
  requireMatch(call, folder);
  if (folder.children.size > 0 && call.query.get('recursive') !== 'true') {
    throw new ApiProblem(400, 'folder_not_empty', 'Cannot delete - folder not empty');
  }
  box.tree.trash(folder);
  return { status: 204 };
}

/** Renames and moves by the `name` and `parent` of a PUT's body. */
export function relocateAsAsked(box: BoxState, call: Call, item: BoxItem, body: Record<string, unknown>): void {
  const name = textOf(body['name']);
  const parentId = idOf(body['parent']);
  if (name === undefined && parentId === undefined) return;
  const parent = parentId === undefined ? undefined : writableFolder(box, call, parentId);
  for (let at: BoxFolder | undefined = parent; at; at = at.parent) {
    if (at === item) throw badRequest('A folder cannot be moved into itself');
  }
  box.tree.relocate(item, { name, parent });
}

const ORDER = [
  { by: 'type', direction: 'ASC' },
  { by: 'name', direction: 'ASC' },
];

function byOffset(box: BoxState, call: Call, folder: BoxFolder, limit: number, fields: string[] | undefined): object {
  const offset = wholeNumber(call, 'offset', 0);
  if (offset > MAX_OFFSET) throw badRequest('The offset is too large; use a marker');
  const all = visibleChildren(box, call, folder, 'name');
  const entries = all.slice(offset, offset + limit).map((item) => entry(box, call, item, fields));
  return { total_count: all.length, entries, offset, limit, order: ORDER };
}

/**
 * Pages in order of ID; the marker holds the last ID seen. So an item that stays is listed once, whatever comes and
 * goes between two pages.
 */
function byMarker(box: BoxState, call: Call, folder: BoxFolder, limit: number, fields: string[] | undefined): object {
  const all = visibleChildren(box, call, folder, 'id');
  const start = firstAfter(all, decodeMarker(call.query.get('marker')));
  const page = all.slice(start, start + limit);
  const last = page.at(-1);
  const more = last !== undefined && start + limit < all.length;
  return {
    entries: page.map((item) => entry(box, call, item, fields)),
    limit,
    // Null, not "": with "" some clients ask for ever.
    next_marker: more ? Buffer.from(`after ${last.id}`).toString('base64url') : null,
  };
}

function entry(box: BoxState, call: Call, item: BoxItem, fields: string[] | undefined): object {
  return render(box, call, item, fields ?? ['sequence_id', 'name', 'sha1', 'file_version']);
}

/** What the caller sees of a folder; at the root of a service account, the folders it was given a role in. */
function visibleChildren(box: BoxState, call: Call, folder: BoxFolder, order: 'id' | 'name'): readonly BoxItem[] {
  const { tree } = box;
  const user = userOf(call);
  if (folder === tree.root && tree.roleOf(user.id, folder) === 'none') return sharedWith(tree.root, user.id);
  const all = order === 'id' ? tree.childrenById(folder) : tree.childrenByName(folder);
  const isHidden = (item: BoxItem): boolean => isFolder(item) && item.roles.get(user.id) === 'none';
  return all.some(isHidden) ? all.filter((item) => !isHidden(item)) : all;
}

function sharedWith(folder: BoxFolder, userId: string): BoxFolder[] {
  return [...folder.children.values()].filter(isFolder).flatMap((child) => {
    const role = child.roles.get(userId);
    return role !== undefined && role !== 'none' ? [child] : sharedWith(child, userId);
  });
}

/** Index of the first item with an ID above `id`. */
function firstAfter(items: readonly BoxItem[], id: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Number(items[middle]?.id) > id) high = middle;
    else low = middle + 1;
  }
  return low;
}

function decodeMarker(marker: string | null): number {
  if (marker === null || marker === '') return -1;
  const id = /^after (\d+)$/.exec(Buffer.from(marker, 'base64url').toString('utf8'))?.[1];
  if (id === undefined) throw new ApiProblem(400, 'invalid_parameter', 'Invalid value for marker');
  return Number(id);
}

function wholeNumber(call: Call, name: string, otherwise: number): number {
  const text = call.query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`Invalid value '${text}' for ${name}`);
  return Number(text);
}

/** The entry of the events endpoint has the item in it. @throws {ApiProblem} 404 for other ways to ask. */
export function events(box: BoxState, call: Call): Answer {
  const all = box.tree.events;
  const position = call.query.get('stream_position') ?? '0';
  const newest = Number(all.at(-1)?.id ?? 0);
  if (position === 'now') return { status: 200, json: { chunk_size: 0, next_stream_position: newest, entries: [] } };
  if (!/^\d{1,15}$/.test(position)) throw notFound();
  const limit = Math.min(wholeNumber(call, 'limit', DEFAULT_LIMIT), 500);
  const page = all.filter((event) => Number(event.id) > Number(position)).slice(0, limit);
  const entries = page.map((event) => ({
    type: 'event',
    event_id: event.id,
    event_type: event.type,
    created_at: new Date(event.atMs).toISOString(),
    created_by: { type: 'user', ...box.settings.owner },
    source: render(box, call, event.item, ['name', 'parent', 'sequence_id', 'item_status']),
  }));
  const next = page.at(-1)?.id ?? position;
  return { status: 200, json: { chunk_size: entries.length, next_stream_position: Number(next), entries } };
}
