import { BoxCallError, asRecord, asText } from '../transport/box-call-error.ts';
import { classifyCall } from '../transport/classify.ts';
import type { BoxConnection } from '../transport/connect.ts';
import type { BoxUser } from './login-record.ts';

/** Asks Box whose login it is, and so whether it works. @throws {AccessError} it does not. @throws {TransientError} no answer. */
export async function readUser(connection: BoxConnection, signal: AbortSignal): Promise<BoxUser> {
  const url = `${connection.network.settings.apiUrl}/2.0/users/me`;
  try {
    const answer = await connection.client.makeRequest({
      url,
      method: 'GET',
      params: { fields: 'id,name,login' },
      cancellationToken: signal,
    });
    const user = asRecord(answer.data);
    const id = asText(user?.['id']);
    if (id === undefined) throw new BoxCallError({ operation: 'GET /2.0/users/me', status: 0, code: 'GARBLED' });
    return { id, name: asText(user?.['name']) ?? '', login: asText(user?.['login']) ?? '' };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof BoxCallError ? classifyCall(error, { doing: 'folder', name: 'All Files' }) : error;
  }
}
