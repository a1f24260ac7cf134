import { quoteValue } from '../../../core/quote-value.ts';
import { AccessError, UsageError } from '../../../core/errors.ts';
import { BoxCallError, asRecord, asText } from '../transport/box-call-error.ts';
import { classifyCall } from '../transport/classify.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { listItems } from './list-items.ts';
import { explainLinkOnly, openSharedLink } from './shared-link.ts';
import { nameKey } from './names.ts';

/** A folder as a person names it. */
export type FolderAddress =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'path'; readonly parts: readonly string[] }
  /** `folderId`: the address is of a folder below the shared one. */
  | { readonly kind: 'shared-link'; readonly url: string; readonly folderId?: string | undefined };

/** A folder found. */
export interface BoxFolder {
  readonly id: string;
  /** From the top, `/` between parts, as people know it: `Scans/Marduk`. */
  readonly path: string;
  readonly name: string;
}

/** Box's number for all that an account sees. */
export const ROOT_ID = '0';
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
  const path = decodePath(url.pathname);
  const shared = /^\/(?:s|v)\/[^/]+(?=\/|$)/.exec(path)?.[0];
  const rest = shared === undefined ? path : path.slice(shared.length);
  if (/^\/(?:embed\/)?(?:file|integrations|notes)\//.test(rest))
    throw notAnAddress(
      url.href,
      'The link leads to a file, not to a folder.',
      'Open it in Box, click the name of the folder above it, and copy the address of that page.',
    );
  const id = /^\/(?:embed\/)?folder\/(\d{1,20})(?:\/|$)/.exec(rest)?.[1] ?? /\/f\/(\d{1,20})(?:\/|$)/.exec(rest)?.[1];
  if (shared !== undefined && (id !== undefined || rest === '' || rest === '/'))
    return { kind: 'shared-link', url: `${url.origin}${shared}`, folderId: id };
  if (id !== undefined) return { kind: 'id', id };
  throw notAnAddress(url.href, 'The link does not lead to a folder.');
}

/** Links come encoded from some programs; what cannot be decoded stays as it is. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function notAnAddress(text: string, why: string, remedy?: string): UsageError {
  return new UsageError('BOX_ADDRESS', `${quoteValue(text)} does not name a Box folder.`, {
    why,
    safe: 'Nothing was started.',
    remedy:
      remedy ??
      (/^[\w./~ -]*[A-Za-z][^:]*$/.test(text.trim())
        ? `On Box: ${quoteValue(`box:${text.trim().replaceAll(/^[./~]+|\/+$/g, '')}`)}   On this computer: --input ${quoteValue(text.trim())}`
        : 'Open the folder in Box and copy the address of the page, or write box:Path/Name.'),
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
    if (address.kind === 'shared-link') return await locateShared(connection, address, signal);
    return await locate(connection, address.id, signal);
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

/** A folder behind a shared link. Its calls go by its number, so this account must have been invited to it. */
async function locateShared(
  connection: BoxConnection,
  { url, folderId }: Extract<FolderAddress, { kind: 'shared-link' }>,
  signal: AbortSignal,
): Promise<BoxFolder> {
  const id = folderId ?? (await openSharedLink(connection, url, signal));
  try {
    return await locate(connection, id, signal);
  } catch (error) {
    if (error instanceof BoxCallError && (error.status === 403 || error.status === 404)) throw explainLinkOnly(id);
    throw error;
  }
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
