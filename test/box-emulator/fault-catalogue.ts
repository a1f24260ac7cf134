import { ENDPOINTS, type EndpointName } from './call.ts';
import type { FaultEffect } from './fault-effect.ts';

/** A fault with a name, and the calls it makes sense for: what a matrix of tests goes through. */
export interface NamedFault {
  readonly name: string;
  readonly endpoints: readonly EndpointName[];
  readonly effect: FaultEffect;
  /**
   * by-itself: the call, repeated at once or some seconds later, succeeds. after-a-minute: so it does, then. by-timeout:
   * only a timeout of the client's ends it. never: the account is another one from then on.
   */
  readonly ends: 'by-itself' | 'after-a-minute' | 'by-timeout' | 'never';
}

/** Calls that change something: their answers can be lost after the change was made. */
export const WRITES: readonly EndpointName[] = [
  'folder-create',
  'folder-update',
  'folder-delete',
  'file-update',
  'file-delete',
  'file-copy',
  'upload',
  'upload-version',
  'session-create',
  'session-create-version',
  'part',
  'commit',
  'abort',
  'metadata-create',
  'metadata-update',
  'metadata-delete',
];
/** Calls whose write may collide with another's. */
export const NAMING: readonly EndpointName[] = [
  'folder-create',
  'upload',
  'upload-version',
  'session-create',
  'commit',
];

const API: readonly EndpointName[] = ENDPOINTS.filter((name) => name !== 'authorize' && name !== 'download');
const WITH_TOKEN = API.filter((name) => name !== 'token' && name !== 'revoke');
const DOWNLOAD: readonly EndpointName[] = ['download'];
const SOURCE: readonly EndpointName[] = ['content', 'download', 'file-get'];
const ANY: readonly EndpointName[] = [...API, 'download'];
/** Answers with a JSON body that a cut can hit. */
const WITH_BODY = API.filter(
  (name) => !['token', 'revoke', 'content', 'abort', 'file-delete', 'folder-delete', 'metadata-delete'].includes(name),
);

function fault(
  name: string,
  endpoints: readonly EndpointName[],
  effect: FaultEffect,
  ends: NamedFault['ends'] = 'by-itself',
): NamedFault {
  return { name, endpoints, effect, ends };
}

const answer = (status: number, more: object = {}): FaultEffect => ({ kind: 'answer', status, ...more });
const refusal = (status: number, code: string): FaultEffect => answer(status, { code });

/** Every fault that can be named without knowing the client's files. Others are made with `act`. */
export const FAULTS: readonly NamedFault[] = [
  fault('429 retry-after 0', ANY, answer(429, { retryAfter: 0, code: 'rate_limit_exceeded' })),
  fault('429 retry-after 2', ANY, answer(429, { retryAfter: 2, code: 'rate_limit_exceeded' })),
  fault('429 retry-after 60', ANY, answer(429, { retryAfter: 60, code: 'rate_limit_exceeded' }), 'after-a-minute'),
  fault('429 retry-after date', ANY, answer(429, { retryAfter: { dateInSeconds: 2 }, code: 'rate_limit_exceeded' })),
  fault('429 without retry-after', ANY, answer(429, { code: 'rate_limit_exceeded' })),
  fault('500', ANY, refusal(500, 'internal_server_error')),
  fault('502 html', ANY, answer(502, { body: 'html' })),
  fault('503', ANY, refusal(503, 'unavailable')),
  fault('503 after it was done', WRITES, answer(503, { code: 'unavailable', executed: true })),
  fault('504', ANY, answer(504, { body: 'html' })),
  fault('202 retry-after', ['content', 'commit'], answer(202, { retryAfter: 1, body: 'empty' })),
  fault('reset before headers', ANY, { kind: 'no-answer', how: 'reset' }),
  fault('closed before headers', ANY, { kind: 'no-answer', how: 'close' }),
  fault('headers never', ANY, { kind: 'no-answer', how: 'silence' }, 'by-timeout'),
  fault('answer lost', WRITES, { kind: 'no-answer', how: 'reset', executed: true }),
  // The used token is all the client has left: without a grace time the login is over.
  fault('refresh answer lost', ['token'], { kind: 'no-answer', how: 'reset', executed: true }, 'never'),
  fault('answer cut by reset', WITH_BODY, { kind: 'body', change: 'reset' }),
  fault('answer cut by close', WITH_BODY, { kind: 'body', change: 'close' }),
  fault('download reset', DOWNLOAD, { kind: 'body', change: 'reset' }),
  fault('download closed', DOWNLOAD, { kind: 'body', change: 'close' }),
  fault('download chunks cut', DOWNLOAD, { kind: 'body', change: 'cut-chunks' }),
  fault('download short', DOWNLOAD, { kind: 'body', change: 'short' }),
  fault('download short without length', DOWNLOAD, { kind: 'body', change: 'short-without-length' }),
  fault('download long', DOWNLOAD, { kind: 'body', change: 'long' }),
  fault('download corrupt', DOWNLOAD, { kind: 'body', change: 'corrupt' }),
  fault('download stalls', DOWNLOAD, { kind: 'body', change: 'stall' }, 'by-timeout'),
  fault('download 1 byte a second', DOWNLOAD, { kind: 'body', change: 'slow', bytesPerSecond: 1 }, 'by-timeout'),
  fault('range ignored', DOWNLOAD, { kind: 'ignore-range' }),
  fault('url expired', DOWNLOAD, { kind: 'act', act: (emulator) => emulator.expireDownloadUrls() }),
  // Port 1 (tcpmux) is closed everywhere; .invalid never resolves (RFC 6761).
  fault('download refused', ['content'], { kind: 'redirect', url: 'http://127.0.0.1:1/download' }),
  fault('download host unknown', ['content'], { kind: 'redirect', url: 'http://dl.boxcloud.invalid/download' }),
  fault('access token expired', WITH_TOKEN, { kind: 'act', act: (emulator) => emulator.expireAccessTokens() }),
  fault('login revoked', WITH_TOKEN, { kind: 'act', act: (emulator) => emulator.revokeLogins() }, 'never'),
  fault('wrong sha1', ['upload', 'upload-version', 'commit', 'part'], { kind: 'wrong-sha1' }),
  fault('409 name reserved', NAMING, refusal(409, 'name_temporarily_reserved')),
  fault(
    '409 operation blocked',
    [...NAMING, 'file-update', 'file-delete'],
    refusal(409, 'operation_blocked_temporary'),
  ),
  fault(
    'storage full',
    ['upload', 'upload-version', 'session-create', 'preflight'],
    {
      kind: 'act',
      act: (emulator) => emulator.setStorageLimit(0),
    },
    'never',
  ),
  fault(
    'permission revoked',
    WITH_TOKEN.filter((name) => name !== 'me' && name !== 'events'),
    {
      kind: 'act',
      act: (emulator) => emulator.setRole('0', 'none'),
    },
    'never',
  ),
  fault(
    'permission reduced to viewer',
    WRITES,
    {
      kind: 'act',
      act: (emulator) => emulator.setRole('0', 'viewer'),
    },
    'never',
  ),
  fault(
    'source deleted',
    SOURCE,
    acting((emulator, id) => emulator.removeItem(id)),
    'never',
  ),
  fault(
    'source trashed',
    SOURCE,
    acting((emulator, id) => emulator.trashItem(id)),
    'never',
  ),
  fault(
    'source renamed',
    SOURCE,
    acting((emulator, id) => emulator.renameItem(id, `renamed ${id}.pdf`)),
    'never',
  ),
  fault(
    'source moved',
    SOURCE,
    acting((emulator, id) => emulator.moveItem(id, '0')),
    'never',
  ),
  fault(
    'source re-versioned',
    SOURCE,
    acting((emulator, id) => emulator.addVersion(id, 'other bytes')),
    'never',
  ),
  fault(
    'forbidden by policy',
    ['content', 'download'],
    answer(403, { code: 'forbidden_by_policy', body: 'empty' }),
    'never',
  ),
];

/** The named fault. @throws {Error} no fault has that name. */
export function faultNamed(name: string): NamedFault {
  const found = FAULTS.find((fault) => fault.name === name);
  if (!found) throw new Error(`no fault is called "${name}"`);
  return found;
}

/** Acts on the file the call is about, where there is one: what it was to become it may be already. */
function acting(act: (emulator: Parameters<Act>[0], fileId: string) => void | Promise<void>): FaultEffect {
  return {
    kind: 'act',
    act: async (emulator, id) => {
      if (id === undefined || !emulator.has(id)) return;
      await act(emulator, id);
    },
  };
}

type Act = Extract<FaultEffect, { kind: 'act' }>['act'];
