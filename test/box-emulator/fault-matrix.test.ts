import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from './box-emulator.ts';
import type { EndpointName } from './call.ts';
import { FAULTS, type NamedFault } from './fault-catalogue.ts';
import { lookAtAnswer, type SeenAnswer } from './look-at-answer.ts';

/** A made-up account in which each endpoint has something to answer about. */
interface Scene {
  readonly emulator: BoxEmulator;
  readonly fileId: string;
  readonly folderId: string;
  readonly withProperties: string;
  readonly sessionId: string;
  /** A session that has all its parts, and the body that commits it. */
  readonly fullSessionId: string;
  readonly commitBody: object;
  /** Counts calls, so that each creates something of another name. */
  names: number;
}

type Line = readonly [path: string, body?: object | string, headers?: Readonly<Record<string, string>>];

const BYTES = '0123456789';
const DIGEST = `sha=${createHash('sha1').update(BYTES).digest('base64')}`;
/** Never reached where an answer is to come. */
const PATIENT_MS = 20_000;
/** Where none is to come. */
const IMPATIENT_MS = 80;
const JSON_TYPE = { 'content-type': 'application/json' };
const MULTIPART = { 'content-type': 'multipart/form-data; boundary=b' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const multipart = (attributes: object) =>
  `--b\r\ncontent-disposition: form-data; name="attributes"\r\n\r\n${JSON.stringify(attributes)}\r\n` +
  `--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\n${BYTES}\r\n--b--\r\n`;
const root = { parent: { id: '0' } };
const login = ({ emulator }: Scene, form: Record<string, string>) =>
  new URLSearchParams({ ...form, client_id: emulator.clientId, client_secret: emulator.clientSecret }).toString();

/** One good call of each endpoint but the download, which follows from `content`. */
const CALLS: Readonly<Partial<Record<EndpointName, [method: string, line: (scene: Scene) => Line]>>> = {
  token: [
    'POST',
    (s) => [
      '/oauth2/token',
      login(s, { grant_type: 'refresh_token', refresh_token: s.emulator.issueTokens().refresh_token ?? '' }),
      FORM,
    ],
  ],
  revoke: ['POST', (s) => ['/oauth2/revoke', login(s, { token: 'somebody-elses' }), FORM]],
  me: ['GET', () => ['/2.0/users/me']],
  events: ['GET', () => ['/2.0/events?stream_position=0']],
  'shared-item': ['GET', (s) => ['/2.0/shared_items', '', { boxapi: `shared_link=${s.emulator.share(s.folderId)}` }]],
  'folder-get': ['GET', (s) => [`/2.0/folders/${s.folderId}`]],
  'folder-items': ['GET', () => ['/2.0/folders/0/items?usemarker=true']],
  'folder-create': ['POST', (s) => ['/2.0/folders', { name: `new ${s.names}`, ...root }]],
  'folder-update': ['PUT', (s) => [`/2.0/folders/${s.folderId}`, { name: `renamed ${s.names}` }]],
  'folder-delete': ['DELETE', (s) => [`/2.0/folders/${s.emulator.seedFolder(`gone ${s.names}`).id}`]],
  'file-get': ['GET', (s) => [`/2.0/files/${s.fileId}`]],
  'file-update': ['PUT', (s) => [`/2.0/files/${s.fileId}`, { description: 'x' }]],
  'file-delete': ['DELETE', (s) => [`/2.0/files/${s.withProperties}`]],
  'file-copy': ['POST', (s) => [`/2.0/files/${s.fileId}/copy`, { name: `copy ${s.names}`, ...root }]],
  'file-versions': ['GET', (s) => [`/2.0/files/${s.fileId}/versions`]],
  content: ['GET', (s) => [`/2.0/files/${s.fileId}/content`]],
  preflight: ['OPTIONS', () => ['/2.0/files/content', { name: 'free.pdf', size: 1, ...root }]],
  'preflight-version': ['OPTIONS', (s) => [`/2.0/files/${s.fileId}/content`, { size: 1 }]],
  upload: ['POST', (s) => ['/api/2.0/files/content', multipart({ name: `up ${s.names}`, ...root }), MULTIPART]],
  'upload-version': ['POST', (s) => [`/api/2.0/files/${s.fileId}/content`, multipart({}), MULTIPART]],
  'session-create': [
    'POST',
    (s) => ['/api/2.0/files/upload_sessions', { folder_id: '0', file_name: `s ${s.names}`, file_size: 10 }],
  ],
  'session-create-version': ['POST', (s) => [`/api/2.0/files/${s.fileId}/upload_sessions`, { file_size: 10 }]],
  'session-get': ['GET', (s) => [`/api/2.0/files/upload_sessions/${s.sessionId}`]],
  parts: ['GET', (s) => [`/api/2.0/files/upload_sessions/${s.sessionId}/parts`]],
  part: [
    'PUT',
    (s) => [
      `/api/2.0/files/upload_sessions/${s.sessionId}`,
      BYTES,
      { digest: DIGEST, 'content-range': 'bytes 10-19/20' },
    ],
  ],
  commit: [
    'POST',
    (s) => [`/api/2.0/files/upload_sessions/${s.fullSessionId}/commit`, s.commitBody, { digest: DIGEST }],
  ],
  abort: ['DELETE', (s) => [`/api/2.0/files/upload_sessions/${s.sessionId}`]],
  'metadata-list': ['GET', (s) => [`/2.0/files/${s.withProperties}/metadata`]],
  'metadata-get': ['GET', (s) => [`/2.0/files/${s.withProperties}/metadata/global/properties`]],
  'metadata-create': ['POST', (s) => [`/2.0/files/${s.fileId}/metadata/global/properties`, { a: 'b' }]],
  'metadata-update': [
    'PUT',
    (s) => [
      `/2.0/files/${s.withProperties}/metadata/global/properties`,
      JSON.stringify([{ op: 'add', path: '/c', value: 'd' }]),
      { 'content-type': 'application/json-patch+json' },
    ],
  ],
  'metadata-delete': ['DELETE', (s) => [`/2.0/files/${s.withProperties}/metadata/global/properties`]],
};

/** What follows when nothing goes wrong. */
async function call(scene: Scene, endpoint: EndpointName, idleMs = PATIENT_MS): Promise<SeenAnswer> {
  scene.names++;
  if (endpoint === 'download') {
    const { headers } = await call(scene, 'content');
    return lookAtAnswer(headers.location ?? '', idleMs);
  }
  const [method, lineOf] = CALLS[endpoint] ?? [];
  if (!method || !lineOf) throw new Error(`no call of ${endpoint} is written down`);
  const [path, body, headers] = lineOf(scene);
  const { access_token } = scene.emulator.issueTokens();
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  return lookAtAnswer(`${scene.emulator.apiUrl}${path}`, idleMs, {
    method,
    body: text,
    headers: { authorization: `Bearer ${access_token}`, ...JSON_TYPE, ...headers },
  });
}

async function newScene(): Promise<Scene> {
  const emulator = await startBoxEmulator({ partBytes: 10, minimumChunkedBytes: 1 });
  const { id: folderId } = emulator.seedFolder('folder');
  const { id: fileId } = await emulator.seedFile('folder/a.pdf', BYTES);
  const { id: withProperties } = await emulator.seedFile('folder/b.pdf', BYTES, { properties: { a: 'b' } });
  const { access_token } = emulator.issueTokens();
  const send = async (method: string, path: string, body: object | string, more: Record<string, string> = {}) => {
    const answer = await lookAtAnswer(`${emulator.uploadUrl}/2.0/files/upload_sessions${path}`, PATIENT_MS, {
      method,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: `Bearer ${access_token}`, ...JSON_TYPE, ...more },
    });
    return JSON.parse(answer.body.toString()) as { id: string; part: object };
  };
  const part = { digest: DIGEST, 'content-range': 'bytes 0-9/20' };
  const { id: sessionId } = await send('POST', '', { folder_id: '0', file_name: 'half.pdf', file_size: 20 });
  await send('PUT', `/${sessionId}`, BYTES, part);
  const { id: fullSessionId } = await send('POST', '', { folder_id: '0', file_name: 'full.pdf', file_size: 10 });
  const made = await send('PUT', `/${fullSessionId}`, BYTES, { ...part, 'content-range': 'bytes 0-9/10' });
  const commitBody = { parts: [made.part] };
  return { emulator, folderId, fileId, withProperties, sessionId, fullSessionId, commitBody, names: 0 };
}

test('every endpoint answers well when nothing is wrong', async () => {
  const endpoints = [...(Object.keys(CALLS) as EndpointName[]), 'download' as const];
  for (const endpoint of endpoints) {
    const scene = await newScene();
    const { end, status } = await call(scene, endpoint);
    await scene.emulator.close();
    expect({ endpoint, end, good: status !== undefined && status < 400 }).toEqual({
      endpoint,
      end: 'whole',
      good: true,
    });
  }
});

test.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s: on every call it is for', async (_, fault) => {
  for (const endpoint of fault.endpoints) {
    const scene = await newScene();
    const rule = scene.emulator.faults.add({ endpoint, name: fault.name, effect: fault.effect });
    const first = await call(scene, endpoint, fault.ends === 'by-timeout' ? IMPATIENT_MS : PATIENT_MS);
    const second = succeedsAgain(fault) ? await call(scene, endpoint) : undefined;
    const { defects } = scene.emulator;
    await scene.emulator.close();
    expect({ endpoint, ...looksOf(fault, first), hits: rule.hits, second: second?.end, defects }).toEqual({
      endpoint,
      ...wantedLooks(fault),
      hits: 1,
      second: second && 'whole',
      defects: [],
    });
  }
});

/** Whether the very same call, made once more, must be well. */
function succeedsAgain({ effect, ends }: NamedFault): boolean {
  if (ends !== 'by-itself') return false;
  return (effect.kind === 'answer' || effect.kind === 'no-answer') && effect.executed !== true;
}

/** How a fault's answer must look on the wire, where the fault alone decides. */
function wantedLooks({ effect }: NamedFault): { end?: SeenAnswer['end']; status?: number } {
  if (effect.kind === 'answer') return { end: 'whole', status: effect.status };
  if (effect.kind === 'no-answer') return { end: effect.how === 'silence' ? 'silent' : 'no-answer' };
  return {};
}

function looksOf(fault: NamedFault, seen: SeenAnswer): object {
  const wanted = wantedLooks(fault);
  return {
    ...('end' in wanted ? { end: seen.end } : {}),
    ...('status' in wanted ? { status: seen.status } : {}),
  };
}
