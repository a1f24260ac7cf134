import { BoxCallError, asRecord, asText } from '../transport/box-call-error.ts';
import { ENDLESS_LISTING } from '../transport/network-errors.ts';
import { ITEM_FIELDS, ODD_TYPE, readItem, type BoxItem } from './box-item.ts';
import type { BoxConnection } from '../transport/connect.ts';

/** Box's largest page. */
const PAGE_LIMIT = 1000;
/** Box allows some ten million entries a folder; a listing that goes on beyond is a fault of the server. */
const MAX_PAGES = 20_000;
/** Pages in a row without an entry that was not seen before. One may be: all its entries were moved meanwhile. */
const MAX_STALE_PAGES = 20;

/**
 * Every entry of one folder, each once, by marker: offsets end at 9,999 and slip while the folder changes.
 * @throws {BoxCallError} the folder cannot be listed to its end.
 */
export async function* listItems(
  connection: BoxConnection,
  folderId: string,
  signal: AbortSignal,
): AsyncGenerator<BoxItem, void, undefined> {
  const url = `${connection.network.settings.apiUrl}/2.0/folders/${encodeURIComponent(folderId)}/items`;
  const operation = `GET /2.0/folders/${folderId}/items`;
  const seen = new Set<string>();
  const markers = new Set<string>();
  let stalePages = 0;
  let marker: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = {
      fields: ITEM_FIELDS,
      usemarker: 'true',
      limit: String(PAGE_LIMIT),
      ...(marker === undefined ? {} : { marker }),
    };
    // Not folders.getFolderItems: the SDK throws the whole page away when it meets an entry of a type it does not know.
    const answer = await connection.client.makeRequest({ url, method: 'GET', params, cancellationToken: signal });
    const body = asRecord(answer.data);
    const entries: unknown = body?.['entries'];
    if (!Array.isArray(entries)) throw new BoxCallError({ operation, status: 0, code: 'GARBLED' });
    const seenBefore = seen.size;
    for (const entry of entries) {
      const item = readItem(entry);
      // A renamed or moved entry may come twice.
      if (!item || seen.has(`${item.type} ${item.id}`)) continue;
      seen.add(`${item.type} ${item.id}`);
      yield item;
    }
    const next = asText(body?.['next_marker']);
    if (next === undefined || next === '') return;
    stalePages = seen.size === seenBefore ? stalePages + 1 : 0;
    // It would go round for ever.
    if (markers.has(next) || stalePages > MAX_STALE_PAGES) break;
    markers.add(next);
    marker = next;
  }
  throw new BoxCallError({ operation, status: 0, code: ENDLESS_LISTING });
}

/** One file as it is now. @throws {BoxCallError} 404, 403 and others as Box answers. */
export async function getFile(connection: BoxConnection, fileId: string, signal: AbortSignal): Promise<BoxItem> {
  return getItem(connection, `/2.0/files/${encodeURIComponent(fileId)}`, ITEM_FIELDS, signal);
}

/** One folder as it is now. @throws {BoxCallError} 404, 403 and others as Box answers. */
export async function getFolder(connection: BoxConnection, folderId: string, signal: AbortSignal): Promise<BoxItem> {
  return getItem(connection, `/2.0/folders/${encodeURIComponent(folderId)}`, 'id,type,name', signal);
}

async function getItem(connection: BoxConnection, path: string, fields: string, signal: AbortSignal): Promise<BoxItem> {
  const url = `${connection.network.settings.apiUrl}${path}`;
  const answer = await connection.client.makeRequest({
    url,
    method: 'GET',
    params: { fields },
    cancellationToken: signal,
  });
  const item = readItem(answer.data);
  if (!item || item.type === ODD_TYPE) throw new BoxCallError({ operation: `GET ${path}`, status: 0, code: 'GARBLED' });
  return item;
}
