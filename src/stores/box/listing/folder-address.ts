import { AccessError, UsageError } from '../../../core/errors.ts';
import { BoxCallError, asRecord, asText } from '../transport/box-call-error.ts';
import { classifyCall } from '../transport/classify.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { listItems } from './list-items.ts';
import { nameKey } from './names.ts';

/** A folder as a person names it. */
export type FolderAddress =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'path'; readonly parts: readonly string[] }
  | { readonly kind: 'shared-link'; readonly url: string };

/** A folder found. */
export interface BoxFolder {
  readonly id: string;
  /** From the top, `/` between parts, as people know it: `Scans/Marduk`. */
  readonly path: string;
  readonly name: string;
}

const ROOT_ID = '0';
const ROOT_NAME = 'All Files';

/**
 * Reads a folder's name: an ID, a link to the folder, a shared link, or `box:Path/Name`. Pure.
 * @throws {UsageError} `BOX_ADDRESS`: it is none of these.
 */
export function parseFolderAddress(text: string): FolderAddress {
  const trimmed = text.trim();
  if (/^\d{1,20}$/.test(trimmed)) return { kind: 'id', id: trimmed };
  if (/^box:/i.test(trimmed)) {
    const parts = trimmed
      .slice(4)
      .split('/')
      .filter((part) => part !== '');
    if (parts.length > 0 && nameKey(parts[0] ?? '') === nameKey(ROOT_NAME)) parts.shift();
    return parts.length === 0 ? { kind: 'id', id: ROOT_ID } : { kind: 'path', parts };
  }
  const url = URL.parse(trimmed);
  if (url && /^https?:$/.test(url.protocol) && /(?:^|\.)box\.com$/.test(url.hostname)) return parseLink(url);
  throw notAnAddress(text, 'It is no number, no link to box.com and does not begin with "box:".');
}

function parseLink(url: URL): FolderAddress {
  const id =
    /^\/folder\/(\d{1,20})(?:\/|$)/.exec(url.pathname)?.[1] ?? /\/f\/(\d{1,20})(?:\/|$)/.exec(url.pathname)?.[1];
  if (id !== undefined) return { kind: 'id', id };
  if (/^\/(?:v|s)\/[\w-]+\/?$/.test(url.pathname)) return { kind: 'shared-link', url: `${url.origin}${url.pathname}` };
  if (url.pathname.startsWith('/file/')) throw notAnAddress(url.href, 'The link leads to a file, not to a folder.');
  throw notAnAddress(url.href, 'The link does not lead to a folder.');
}

function notAnAddress(text: string, why: string): UsageError {
  return new UsageError('BOX_ADDRESS', `"${text}" does not name a Box folder.`, {
    why,
    safe: 'Nothing was started.',
    remedy: /^[\w./~ -]*[A-Za-z][^:]*$/.test(text.trim())
      ? `On Box: "box:${text.trim().replaceAll(/^[./~]+|\/+$/g, '')}"   On this computer: --input "${text.trim()}"`
      : 'Open the folder in Box and copy the address of the page, or write box:Path/Name.',
  });
}

/**
 * Finds a folder and its place.
 * @throws {AccessError} `BOX_FOLDER_NOT_FOUND`, `BOX_NO_ACCESS`, login errors. @throws {TransientError} no answer.
 */
export async function findFolder(
  connection: BoxConnection,
  address: FolderAddress,
  signal: AbortSignal,
): Promise<BoxFolder> {
  const name = nameOf(address);
  try {
    if (address.kind === 'path') return await followPath(connection, address.parts, signal);
    const id = address.kind === 'id' ? address.id : await openSharedLink(connection, address.url, signal);
    return await locate(connection, id, signal);
  } catch (error) {
    throw error instanceof BoxCallError ? classifyCall(error, { doing: 'folder', name }) : error;
  }
}

/**
 * As {@link findFolder}, but of a path whose end is not there it gives the folder it leads to, and the names that are
 * missing below that.
 * @throws {AccessError | TransientError} as `findFolder`.
 */
export async function findFolderAbove(
  connection: BoxConnection,
  address: FolderAddress,
  signal: AbortSignal,
): Promise<{ readonly folder: BoxFolder; readonly missing: readonly string[] }> {
  if (address.kind !== 'path') return { folder: await findFolder(connection, address, signal), missing: [] };
  try {
    const { here, missing } = await follow(connection, address.parts, signal);
    return { folder: here, missing };
  } catch (error) {
    throw error instanceof BoxCallError ? classifyCall(error, { doing: 'folder', name: nameOf(address) }) : error;
  }
}

function nameOf(address: FolderAddress): string {
  if (address.kind === 'id') return address.id;
  return address.kind === 'path' ? `"${address.parts.join('/')}"` : 'behind that link';
}

async function locate(connection: BoxConnection, id: string, signal: AbortSignal): Promise<BoxFolder> {
  if (id === ROOT_ID) return { id, path: ROOT_NAME, name: ROOT_NAME };
  const url = `${connection.network.settings.apiUrl}/2.0/folders/${id}`;
  const params = { fields: 'id,name,path_collection' };
  const answer = await connection.client.makeRequest({ url, method: 'GET', params, cancellationToken: signal });
  const record = asRecord(answer.data);
  const name = asText(record?.['name']) ?? id;
  const above: unknown = asRecord(record?.['path_collection'])?.['entries'];
  const parents = (Array.isArray(above) ? above : []).flatMap((entry: unknown) => {
    const parent = asRecord(entry);
    const parentName = asText(parent?.['name']);
    return parentName === undefined || parent?.['id'] === ROOT_ID ? [] : [parentName];
  });
  return { id, path: [...parents, name].join('/'), name };
}

async function openSharedLink(connection: BoxConnection, link: string, signal: AbortSignal): Promise<string> {
  const { FindFolderForSharedLinkHeaders } = await import('box-node-sdk/managers/sharedLinksFolders');
  const folder = await connection.client.sharedLinksFolders.findFolderForSharedLink(
    { fields: ['id', 'type'] },
    new FindFolderForSharedLinkHeaders({ boxapi: `shared_link=${link}` }),
    { cancellationToken: signal },
  );
  return folder.id;
}

async function followPath(
  connection: BoxConnection,
  parts: readonly string[],
  signal: AbortSignal,
): Promise<BoxFolder> {
  const { here, missing, others } = await follow(connection, parts, signal);
  const [part] = missing;
  if (part !== undefined) throw noSuchFolder(part, here, others);
  return here;
}

/** Goes as far as there are folders; `others` are those beside the first missing one. */
async function follow(
  connection: BoxConnection,
  parts: readonly string[],
  signal: AbortSignal,
): Promise<{ here: BoxFolder; missing: readonly string[]; others: readonly string[] }> {
  let here: BoxFolder = { id: ROOT_ID, path: '', name: ROOT_NAME };
  for (const [index, part] of parts.entries()) {
    const others: string[] = [];
    let found: BoxFolder | undefined;
    for await (const item of listItems(connection, here.id, signal)) {
      if (item.type !== 'folder') continue;
      // Names are unique in a folder whatever their case, so the first is the only one.
      if (nameKey(item.name) === nameKey(part)) {
        found = { id: item.id, path: here.path === '' ? item.name : `${here.path}/${item.name}`, name: item.name };
        break;
      }
      if (others.length < 200) others.push(item.name);
    }
    if (!found) return { here, missing: parts.slice(index), others };
    here = found;
  }
  return { here, missing: [], others: [] };
}

function noSuchFolder(part: string, here: BoxFolder, others: readonly string[]): AccessError {
  const place = here.path === '' ? ROOT_NAME : here.path;
  const near = others.filter((other) => nameKey(other).includes(nameKey(part).slice(0, 4))).slice(0, 5);
  return new AccessError('BOX_FOLDER_NOT_FOUND', `Box has no folder "${part}" in "${place}" that you can see.`, {
    why: near.length > 0 ? `Near: ${near.join(', ')}` : 'The name is mistyped, or it is not shared with you.',
    remedy: `ocr-pipeline ls${here.path === '' ? '' : ` "box:${here.path}"`}    to see what is there.`,
  });
}
