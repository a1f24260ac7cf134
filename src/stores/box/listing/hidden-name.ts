import { AccessError } from '../../../core/errors.ts';
import { asRecord, asText, BoxCallError } from '../transport/box-call-error.ts';
import type { BoxConnection } from '../transport/connect.ts';

/**
 * Says that a name in a folder is taken by something this account may not see. What lies in a folder belongs to the folder's
 * owner, so that is who can help.
 */
export async function explainHidden(
  connection: BoxConnection,
  parentId: string,
  name: string,
  signal: AbortSignal,
): Promise<AccessError> {
  const owner = await ownerOf(connection, parentId, signal);
  return new AccessError('BOX_NAME_HIDDEN', `"${name}" is already in that Box folder, but not shared with you.`, {
    why: `It belongs to ${owner ?? "the folder's owner"}. Box allows no second one of that name, and does not show you the first.`,
    safe: 'It was not touched. Results that are made already wait in the run folder.',
    remedy: `Ask ${owner ?? "the folder's owner"} to share it with you as Editor, or add\n--box-output-folder "box:${name} 2"    or another folder.`,
  });
}

/** Best effort: a name and an address that mail reaches. */
async function ownerOf(connection: BoxConnection, folderId: string, signal: AbortSignal): Promise<string | undefined> {
  const url = `${connection.network.settings.apiUrl}/2.0/folders/${encodeURIComponent(folderId)}`;
  const ask = { url, method: 'GET', params: { fields: 'id,owned_by' }, cancellationToken: signal };
  try {
    const owner = asRecord(asRecord((await connection.client.makeRequest(ask)).data)?.['owned_by']);
    const [name, login] = [asText(owner?.['name']), asText(owner?.['login'])];
    return name !== undefined && login !== undefined ? `${name} (${login})` : undefined;
  } catch (error) {
    if (error instanceof BoxCallError) return undefined;
    throw error;
  }
}
