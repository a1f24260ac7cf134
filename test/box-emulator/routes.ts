import type { EndpointName, Handler, HostName } from './call.ts';
import * as files from './endpoints/files.ts';
import * as folders from './endpoints/folders.ts';
import * as login from './endpoints/login.ts';
import * as metadata from './endpoints/metadata.ts';
import * as sessions from './endpoints/upload-sessions.ts';
import * as uploads from './endpoints/uploads.ts';

export interface Route {
  readonly endpoint: EndpointName;
  readonly method: string;
  readonly host: HostName;
  readonly pattern: RegExp;
  /** Needs no access token. */
  readonly open: boolean;
  readonly handler: Handler;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Paths as Box has them, without the `/api` that stands before those of the upload and account hosts. */
const TABLE: readonly [EndpointName, HostName, string, Handler][] = [
  ['authorize', 'oauth', 'GET /oauth2/authorize', login.authorize],
  ['token', 'oauth', 'POST /oauth2/token', login.token],
  ['revoke', 'oauth', 'POST /oauth2/revoke', login.revoke],
  ['me', 'api', 'GET /2.0/users/me', login.me],
  ['events', 'api', 'GET /2.0/events', folders.events],
  ['shared-item', 'api', 'GET /2.0/shared_items', folders.sharedItem],
  ['folder-items', 'api', 'GET /2.0/folders/{id}/items', folders.listItems],
  ['folder-get', 'api', 'GET /2.0/folders/{id}', folders.getFolder],
  ['folder-create', 'api', 'POST /2.0/folders', folders.createFolder],
  ['folder-update', 'api', 'PUT /2.0/folders/{id}', folders.updateFolder],
  ['folder-delete', 'api', 'DELETE /2.0/folders/{id}', folders.deleteFolder],
  ['preflight', 'api', 'OPTIONS /2.0/files/content', uploads.preflight],
  ['preflight-version', 'api', 'OPTIONS /2.0/files/{id}/content', uploads.preflightVersion],
  ['content', 'api', 'GET /2.0/files/{id}/content', files.content],
  ['file-versions', 'api', 'GET /2.0/files/{id}/versions', files.listVersions],
  ['metadata-list', 'api', 'GET /2.0/files/{id}/metadata', metadata.listMetadata],
  ['metadata-get', 'api', 'GET /2.0/files/{id}/metadata/{scope}/{template}', metadata.getMetadata],
  ['metadata-create', 'api', 'POST /2.0/files/{id}/metadata/{scope}/{template}', metadata.createMetadata],
  ['metadata-update', 'api', 'PUT /2.0/files/{id}/metadata/{scope}/{template}', metadata.updateMetadata],
  ['metadata-delete', 'api', 'DELETE /2.0/files/{id}/metadata/{scope}/{template}', metadata.deleteMetadata],
  ['file-copy', 'api', 'POST /2.0/files/{id}/copy', files.copyFile],
  ['file-get', 'api', 'GET /2.0/files/{id}', files.getFile],
  ['file-update', 'api', 'PUT /2.0/files/{id}', files.updateFile],
  ['file-delete', 'api', 'DELETE /2.0/files/{id}', files.deleteFile],
  ['upload', 'upload', 'POST /2.0/files/content', uploads.upload],
  ['upload-version', 'upload', 'POST /2.0/files/{id}/content', uploads.uploadVersion],
  ['session-create', 'upload', 'POST /2.0/files/upload_sessions', sessions.createSession],
  ['session-create-version', 'upload', 'POST /2.0/files/{id}/upload_sessions', sessions.createVersionSession],
  ['commit', 'upload', 'POST /2.0/files/upload_sessions/{session}/commit', sessions.commit],
  ['parts', 'upload', 'GET /2.0/files/upload_sessions/{session}/parts', sessions.listParts],
  ['session-get', 'upload', 'GET /2.0/files/upload_sessions/{session}', sessions.getSession],
  ['part', 'upload', 'PUT /2.0/files/upload_sessions/{session}', sessions.uploadPart],
  ['abort', 'upload', 'DELETE /2.0/files/upload_sessions/{session}', sessions.abort],
  ['download', 'download', 'GET /d/1/{signature}/download', files.download],
];

const ROUTES: readonly Route[] = TABLE.map(([endpoint, host, line, handler]) => {
  const [method = '', path = ''] = line.split(' ');
  const open = host === 'oauth' || host === 'download';
  // Box takes a slash at the end too, and rclone sends one.
  const pattern = new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`);
  return { endpoint, method, host, pattern, open, handler };
});

/** Finds the route of a path on a host; undefined where Box has nothing there. */
export function findRoute(host: HostName, method: string, path: string): RouteMatch | undefined {
  for (const route of ROUTES) {
    if (route.host !== host || route.method !== method) continue;
    const match = route.pattern.exec(path);
    if (match) return { route, params: match.groups ?? {} };
  }
  return undefined;
}
