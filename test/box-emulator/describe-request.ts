import type { IncomingMessage } from 'node:http';
import type { BoxState } from './box-state.ts';
import type { HostName } from './call.ts';
import type { RequestLog } from './request-log.ts';
import type { RouteMatch } from './routes.ts';
import { tokenTag } from './tokens.ts';

/** Which of Box's hosts a path belongs to: upload and account paths begin with `/api` there, and here. */
export function faceOf(server: 'api' | 'download', pathname: string): { host: HostName; path: string } {
  if (server === 'download') return { host: 'download', path: pathname };
  const inner = pathname.startsWith('/api/') ? pathname.slice('/api'.length) : pathname;
  if (inner.startsWith('/oauth2/')) return { host: 'oauth', path: inner };
  return { host: inner === pathname ? 'api' : 'upload', path: inner };
}

/** What is kept of a request: nothing that could be used again. */
export function recordOf(
  box: BoxState,
  request: IncomingMessage,
  url: URL,
  host: HostName,
  match: RouteMatch | undefined,
): Parameters<RequestLog['add']>[0] {
  const { authorization, host: hostHeader } = request.headers;
  const query = url.searchParams.size > 0 && host !== 'oauth' ? url.search : '';
  return {
    atMs: box.clock.nowMs(),
    endpoint: match?.route.endpoint ?? 'unknown',
    method: request.method ?? '',
    host,
    hostHeader: hostHeader ?? '',
    path: host === 'download' ? '/d/1/(signature)/download' : `${url.pathname}${query}`,
    authorization: authorization === undefined ? 'none' : tokenTag(authorization.replace(/^Bearer /, '')),
  };
}

/** The file a path is about, where the path tells. */
export function fileOf(box: BoxState, { route, params }: RouteMatch): string | undefined {
  if (params['signature'] !== undefined) return box.links.resolve(params['signature'])?.fileId;
  return route.endpoint.startsWith('folder') ? undefined : params['id'];
}

/** The access token of a request. */
export function bearer(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
}
