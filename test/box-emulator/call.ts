import type { IncomingMessage } from 'node:http';
import { badRequest } from './api-problem.ts';
import type { BoxState } from './box-state.ts';
import type { Content } from './contents.ts';
import type { RequestRecord } from './request-log.ts';
import type { EmulatedUser, Scope } from './tokens.ts';

/** The calls a client can make, as faults and records name them. */
export const ENDPOINTS = [
  'authorize',
  'token',
  'revoke',
  'me',
  'events',
  'shared-item',
  'folder-get',
  'folder-items',
  'folder-create',
  'folder-update',
  'folder-delete',
  'file-get',
  'file-update',
  'file-delete',
  'file-copy',
  'file-versions',
  'content',
  'download',
  'preflight',
  'preflight-version',
  'upload',
  'upload-version',
  'session-create',
  'session-create-version',
  'session-get',
  'part',
  'parts',
  'commit',
  'abort',
  'metadata-list',
  'metadata-get',
  'metadata-create',
  'metadata-update',
  'metadata-delete',
] as const;
export type EndpointName = (typeof ENDPOINTS)[number];

/** The four faces of Box: api.box.com, upload.box.com, account.box.com (and app.box.com), dl.boxcloud.com. */
export type HostName = 'api' | 'upload' | 'oauth' | 'download';

/** Where answers point to: the loopback ports, or Box's own names when the client came by those. */
export interface HostUrls {
  readonly uploadUrl: string;
  readonly downloadUrl: string;
}

export interface Call {
  readonly endpoint: EndpointName;
  /** The parts of the path in braces: `{id}`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly urls: HostUrls;
  /** Absent on the calls that need no token. */
  readonly user: EmulatedUser | undefined;
  readonly scope: Scope | undefined;
  readonly record: RequestRecord;
}

/** What an endpoint answers. At most one of `json` and `content`. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
  /** Bytes `start` to `end` (inclusive) of a content. */
  readonly content?: { readonly of: Content; readonly start: number; readonly end: number };
}

export type Handler = (box: BoxState, call: Call) => Answer | Promise<Answer>;

const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/** The whole request body as text. @throws {ApiProblem} 400 above 4 MiB. */
export async function readText(call: Call): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of call.request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_TEXT_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_TEXT_BYTES) throw badRequest('The request body is too large');
  return Buffer.concat(chunks).toString('utf8');
}

/** The request body as a JSON object; none is an empty one. @throws {ApiProblem} 400. */
export async function readJson(call: Call): Promise<Record<string, unknown>> {
  const text = await readText(call);
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the same refusal as JSON that is no object.
  }
  throw badRequest('Entity body should be a correctly nested resource attribute name/value pair');
}

export async function readForm(call: Call): Promise<URLSearchParams> {
  return new URLSearchParams(await readText(call));
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The `id` of an object such as `parent`, as a string: clients send numbers too. */
export function idOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined;
  return typeof value.id === 'string' || typeof value.id === 'number' ? String(value.id) : undefined;
}

export function fieldsOf(call: Call): string[] | undefined {
  const fields = call.query.get('fields');
  return fields === null || fields === '' ? undefined : fields.split(',');
}

export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route of ${call.endpoint} has no {${name}}`);
  return value;
}
