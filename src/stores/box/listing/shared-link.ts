import { AccessError, UsageError } from '../../../core/errors.ts';
import { asRecord, asText, BoxCallError } from '../transport/box-call-error.ts';
import type { BoxConnection } from '../transport/connect.ts';
import { isBoxId } from '../transport/read-facts.ts';

const INVITE =
  "Ask the folder's owner to invite you to it, as Editor if results are to go there (in Box: Share, Invite People).\n" +
  'Then open it from your own All Files, and copy the address of the page: https://app.box.com/folder/NUMBER';

/**
 * Asks Box which folder a shared link stands for.
 * @throws {UsageError} `BOX_ADDRESS`: a file. @throws {AccessError} `BOX_LINK`: Box does not open it for this account. @throws {BoxCallError}
 */
export async function openSharedLink(connection: BoxConnection, link: string, signal: AbortSignal): Promise<string> {
  const url = `${connection.network.settings.apiUrl}/2.0/shared_items`;
  const ask = {
    url,
    method: 'GET',
    params: { fields: 'id,type,name' },
    headers: { boxapi: `shared_link=${link}` },
    cancellationToken: signal,
  };
  const answer = await connection.client.makeRequest(ask).catch((error: unknown) => {
    throw error instanceof BoxCallError ? explainRefusal(error, link) : error;
  });
  const item = asRecord(answer.data);
  const [id, type] = [asText(item?.['id']) ?? '', asText(item?.['type'])];
  if (type === 'folder' && isBoxId(id)) return id;
  throw new UsageError('BOX_ADDRESS', `"${link}" does not name a Box folder.`, {
    why: `It is shared as ${type === 'file' ? `a file, "${asText(item?.['name']) ?? ''}"` : 'something else than a folder'}.`,
    remedy: 'Open the folder in Box and copy the address of the page, or write box:Path/Name.',
  });
}

function explainRefusal(error: BoxCallError, link: string): Error {
  const { status, code } = error;
  if (status !== 400 && status !== 403 && status !== 404 && status !== 410) return error;
  if (code === 'incorrect_shared_item_password')
    return new AccessError('BOX_LINK', `The shared link ${link} wants a password, which this program does not take.`, {
      safe: 'Nothing was started.',
      remedy: INVITE,
    });
  return new AccessError('BOX_LINK', `Box does not open the shared link ${link} for this account.`, {
    why: 'It was taken back, its time is over, or it is for people of another institution alone.',
    safe: 'Nothing was started.',
    remedy: INVITE,
  });
}

/** Said of a folder that a link shows, and that this account was not invited to. */
export function explainLinkOnly(folderId: string): AccessError {
  return new AccessError(
    'BOX_LINK',
    `The folder behind that shared link (number ${folderId}) is shared with you by the link alone.`,
    {
      why: 'A link is for looking at it in a browser; programs reach what you were invited to.',
      safe: 'Nothing was started.',
      remedy: INVITE,
    },
  );
}
