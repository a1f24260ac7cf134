import { forbidden, insufficientScope, itemLocked, notFound, preconditionFailed } from './api-problem.ts';
import type { BoxFile, BoxFolder, BoxItem } from './box-items.ts';
import type { BoxState } from './box-state.ts';
import { param, type Call } from './call.ts';
import { renderItem, type Viewer } from './render-item.ts';
import type { EmulatedUser } from './tokens.ts';

export function userOf(call: Call): EmulatedUser {
  if (!call.user) throw new Error(`${call.endpoint} is called without a user`);
  return call.user;
}

/** The file of the path's `{id}`, if the caller may see it. @throws {ApiProblem} 404. */
export function readableFile(box: BoxState, call: Call): BoxFile {
  const file = box.tree.file(param(call, 'id'));
  requireRead(box, call, file);
  return file;
}

/** The file of the path's `{id}`, if the caller may change it. @throws {ApiProblem} 403, 404, 412. */
export function writableFile(box: BoxState, call: Call): BoxFile {
  const file = readableFile(box, call);
  requireWrite(box, call, file);
  if (file.locked) throw itemLocked();
  requireMatch(call, file);
  return file;
}

/** A folder by ID, if the caller may see it. The service account's own root holds what is shared with it. */
export function readableFolder(box: BoxState, call: Call, id: string): BoxFolder {
  const folder = box.tree.folder(id);
  if (folder !== box.tree.root) requireRead(box, call, folder);
  return folder;
}

/** A folder by ID, if the caller may add to it. */
export function writableFolder(box: BoxState, call: Call, id: string): BoxFolder {
  const folder = readableFolder(box, call, id);
  requireWrite(box, call, folder);
  return folder;
}

export function requireWrite(box: BoxState, call: Call, item: BoxItem): void {
  if (call.scope !== 'root_readwrite') throw insufficientScope();
  const role = box.tree.roleOf(userOf(call).id, item);
  if (role !== 'editor' && role !== 'owner') throw forbidden();
}

/** @throws {ApiProblem} 412 where If-Match names another etag. */
export function requireMatch(call: Call, item: BoxItem): void {
  const match = call.request.headers['if-match'];
  if (match !== undefined && match.replaceAll('"', '') !== String(item.etag)) throw preconditionFailed();
}

export function viewerOf(box: BoxState, call: Call, item: BoxItem): Viewer {
  return { role: box.tree.roleOf(userOf(call).id, item), owner: box.settings.owner };
}

export function render(box: BoxState, call: Call, item: BoxItem, fields: readonly string[] | undefined): object {
  return renderItem(item, fields, viewerOf(box, call, item));
}

function requireRead(box: BoxState, call: Call, item: BoxItem): void {
  if (box.tree.roleOf(userOf(call).id, item) === 'none') throw notFound();
}
