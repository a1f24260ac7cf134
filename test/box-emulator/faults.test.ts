import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBoxEmulator, type BoxEmulator } from './box-emulator.ts';
import { ENDPOINTS, type EndpointName } from './call.ts';
import { closeClean } from './close-clean.ts';
import { FAULTS, faultNamed } from './fault-catalogue.ts';
import type { BodyChange } from './fault-effect.ts';
import { FaultPlan } from './fault-plan.ts';
import { lookAtAnswer, type LookOptions, type SeenAnswer } from './look-at-answer.ts';
import { RequestLog, type RequestRecord } from './request-log.ts';

const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
const HALF = BYTES.subarray(0, 50_000);
/** Never reached where an answer is to come. */
const PATIENT_MS = 20_000;
/** Where none is to come: far above what a first byte needs here. */
const IMPATIENT_MS = 1000;

let emulator: BoxEmulator;
let token: string;
let fileId: string;

beforeEach(async () => {
  emulator = await startBoxEmulator();
  token = emulator.issueTokens().access_token;
  fileId = (await emulator.seedFile('a.pdf', BYTES)).id;
});

afterEach(async () => {
  await closeClean(emulator);
});

async function api(path: string, options: LookOptions = {}, idleMs = PATIENT_MS): Promise<SeenAnswer> {
  const headers = { authorization: `Bearer ${token}`, ...options.headers };
  return lookAtAnswer(`${emulator.apiUrl}${path}`, idleMs, { ...options, headers });
}

const me = (idleMs = PATIENT_MS) => api('/2.0/users/me', {}, idleMs);
const makeFolder = (name: string) =>
  api('/2.0/folders', { method: 'POST', body: JSON.stringify({ name, parent: { id: '0' } }) });

async function download(headers: Record<string, string> = {}, idleMs = PATIENT_MS): Promise<SeenAnswer> {
  const { headers: found } = await api(`/2.0/files/${fileId}/content`);
  return lookAtAnswer(found.location ?? '', idleMs, { headers });
}

describe('answers', () => {
  test.each([
    ['429 retry-after 0', 429, '0'],
    ['429 retry-after 2', 429, '2'],
    ['429 retry-after 60', 429, '60'],
    ['429 retry-after date', 429, expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/)],
    ['429 without retry-after', 429, undefined],
    ['500', 500, undefined],
    ['502 html', 502, undefined],
    ['504', 504, undefined],
  ])('%s, once, then all is well', async (name, status, retryAfter) => {
    emulator.faults.add({ endpoint: 'me', effect: faultNamed(name).effect });
    const first = await me();
    expect([first.status, first.headers['retry-after']]).toEqual([status, retryAfter]);
    expect((await me()).status).toBe(200);
    expect(emulator.requests.records.map((record) => [record.endpoint, record.status])).toEqual([
      ['me', status],
      ['me', 200],
    ]);
  });

  test("a proxy's page is HTML, an error of Box JSON", async () => {
    emulator.faults.add({ endpoint: 'me', effect: faultNamed('502 html').effect });
    emulator.faults.add({ endpoint: 'me', nth: 2, effect: faultNamed('503').effect });
    expect((await me()).headers['content-type']).toBe('text/html');
    expect(JSON.parse((await me()).body.toString())).toMatchObject({ type: 'error', status: 503 });
  });

  test('503 after it was done, and an answer lost: the folder is there', async () => {
    emulator.faults.add({ endpoint: 'folder-create', nth: 1, effect: faultNamed('503 after it was done').effect });
    emulator.faults.add({ endpoint: 'folder-create', nth: 2, effect: faultNamed('answer lost').effect });
    emulator.faults.add({ endpoint: 'folder-create', nth: 3, effect: faultNamed('reset before headers').effect });
    expect((await makeFolder('one')).status).toBe(503);
    expect((await makeFolder('two')).end).toBe('no-answer');
    expect((await makeFolder('three')).end).toBe('no-answer');
    const { body } = await api('/2.0/folders/0/items');
    const { entries } = JSON.parse(body.toString()) as { entries: { name: string }[] };
    expect(entries.map((entry) => entry.name)).toEqual(['one', 'two', 'a.pdf']);
  });

  test.each([
    ['reset before headers', 'no-answer'],
    ['closed before headers', 'no-answer'],
    ['headers never', 'silent'],
    ['answer cut by reset', 'cut'],
    ['answer cut by close', 'cut'],
  ])('%s: %s', async (name, end) => {
    emulator.faults.add({ endpoint: 'me', effect: faultNamed(name).effect });
    expect((await me(end === 'silent' ? IMPATIENT_MS : PATIENT_MS)).end).toBe(end);
    expect((await me()).end).toBe('whole');
  });

  test('wrong SHA-1 in the answer, the right one in the folder', async () => {
    const form = new FormData();
    form.append('attributes', JSON.stringify({ name: 'b.pdf', parent: { id: '0' } }));
    form.append('file', new Blob(['b']), 'b.pdf');
    emulator.faults.add({ endpoint: 'upload', effect: faultNamed('wrong sha1').effect });
    const answer = await fetch(`${emulator.uploadUrl}/2.0/files/content`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Bearer ${token}` },
    });
    const made = (await answer.json()) as { entries: { sha1: string }[] };
    const stored = emulator.list().find((file) => file.path === 'b.pdf')?.sha1;
    expect(stored).toBe('e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98');
    expect(made.entries[0]?.sha1).not.toBe(stored);
  });
});

describe('downloads', () => {
  test.each<[BodyChange, SeenAnswer['end'], Buffer]>([
    ['close', 'cut', HALF],
    ['cut-chunks', 'cut', HALF],
    ['short', 'whole', HALF],
    ['short-without-length', 'whole', HALF],
    ['stall', 'silent', HALF],
    ['long', 'whole', Buffer.concat([BYTES, Buffer.alloc(16, 0x20)])],
  ])('%s ends %s', async (change, end, bytes) => {
    emulator.faults.add({ endpoint: 'download', effect: { kind: 'body', change } });
    const seen = await download({}, end === 'silent' ? IMPATIENT_MS : PATIENT_MS);
    expect([seen.status, seen.end]).toEqual([200, end]);
    expect(seen.body.equals(bytes)).toBe(true);
    const again = await download();
    expect(again.body.equals(BYTES)).toBe(true);
  });

  test('reset loses what was on its way', async () => {
    emulator.faults.add({ endpoint: 'download', effect: { kind: 'body', change: 'reset', afterBytes: 90_000 } });
    const seen = await download();
    expect(seen.end).toBe('cut');
    expect(seen.body.length).toBeLessThanOrEqual(90_000);
  });

  test('corrupt changes one byte', async () => {
    emulator.faults.add({ endpoint: 'download', effect: { kind: 'body', change: 'corrupt', afterBytes: 70_000 } });
    const { body } = await download();
    const differing = [...body.keys()].filter((index) => body[index] !== BYTES[index]);
    expect(differing).toEqual([70_000]);
  });

  test('slow sends on, bit by bit', async () => {
    emulator.faults.add({ endpoint: 'download', effect: { kind: 'body', change: 'slow', bytesPerSecond: 400_000 } });
    const seen = await download();
    expect([seen.end, seen.body.equals(BYTES)]).toEqual(['whole', true]);
  });

  test('a range ignored is 200 and the whole', async () => {
    emulator.faults.add({ endpoint: 'download', effect: faultNamed('range ignored').effect });
    const range = { range: 'bytes=10-19' };
    expect([await download(range), await download(range)].map(({ status, body }) => [status, body.length])).toEqual([
      [200, 100_000],
      [206, 10],
    ]);
  });

  test('an expired address is refused, one that leads nowhere is not answered', async () => {
    emulator.faults.add({ endpoint: 'download', effect: faultNamed('url expired').effect });
    expect((await download()).status).toBe(403);
    emulator.faults.add({ endpoint: 'content', effect: faultNamed('download refused').effect });
    expect((await download()).end).toBe('no-answer');
    await emulator.refuseConnections('download');
    expect((await download()).end).toBe('no-answer');
    await emulator.acceptConnections('download');
    expect((await download()).end).toBe('whole');
  });

  test('the file gets a new version, is renamed, moved or deleted between two pieces', async () => {
    emulator.faults.add({ endpoint: 'content', nth: 2, effect: faultNamed('source re-versioned').effect });
    emulator.faults.add({ endpoint: 'content', nth: 3, effect: faultNamed('source renamed').effect });
    emulator.faults.add({ endpoint: 'content', nth: 4, effect: faultNamed('source deleted').effect });
    expect((await download({ range: 'bytes=0-4' })).body.equals(BYTES.subarray(0, 5))).toBe(true);
    expect((await download({ range: 'bytes=0-4' })).body.toString()).toBe('other');
    const third = await download();
    expect([third.status, third.headers['content-disposition']]).toEqual([
      200,
      expect.stringContaining(`renamed%20${fileId}.pdf`),
    ]);
    expect((await api(`/2.0/files/${fileId}/content`)).status).toBe(404);
  });
});

describe('logins and permissions', () => {
  test.each([
    ['access token expired', 401],
    ['login revoked', 401],
    ['permission revoked', 404],
  ])('%s', async (name, status) => {
    emulator.faults.add({ endpoint: 'file-get', effect: faultNamed(name).effect });
    expect((await api(`/2.0/files/${fileId}`)).status).toBe(status);
  });

  test('a viewer may read and not write', async () => {
    emulator.faults.add({ endpoint: 'folder-create', effect: faultNamed('permission reduced to viewer').effect });
    expect((await makeFolder('x')).status).toBe(403);
    expect((await api(`/2.0/files/${fileId}`)).status).toBe(200);
  });
});

describe('the plan', () => {
  const record = (endpoint: EndpointName): RequestRecord =>
    new RequestLog().add({
      atMs: 0,
      endpoint,
      method: 'GET',
      host: 'api',
      hostHeader: '',
      path: '',
      authorization: 'none',
    });

  test('counts calls of its endpoint from when the rule was made, and can be narrowed and removed', () => {
    const plan = new FaultPlan();
    const effect = faultNamed('500').effect;
    const rule = plan.add({ endpoint: ['upload', 'commit'], nth: 2, times: 2, effect });
    const hits = (['upload', 'me', 'commit', 'upload', 'upload'] as const).map(
      (name) => plan.take(record(name)).length,
    );
    expect(hits).toEqual([0, 0, 1, 1, 0]);
    expect([rule.hits, plan.hits]).toEqual([2, 2]);
    const other = plan.add({ endpoint: 'any', times: Infinity, where: ({ endpoint }) => endpoint === 'me', effect });
    expect([plan.take(record('me')), plan.take(record('upload'))].map(({ length }) => length)).toEqual([1, 0]);
    other.remove();
    expect(plan.take(record('me'))).toEqual([]);
  });

  test('the same seed brings the same faults, at about the wanted rate', () => {
    const draw = (seed: number) => {
      const plan = new FaultPlan();
      plan.setRandom({ seed, probability: 0.1 });
      return Array.from({ length: 2000 }, () => plan.take(record('upload'))[0]?.name ?? '');
    };
    const first = draw(1);
    expect(draw(1)).toEqual(first);
    expect(draw(2)).not.toEqual(first);
    const count = first.filter((name) => name !== '').length;
    expect(count).toBeGreaterThan(140);
    expect(count).toBeLessThan(260);
    expect(new Set(first).size).toBeGreaterThan(8);
  });

  test('every fault of the catalogue has its own name and calls that it is for', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    for (const { endpoints } of FAULTS) {
      expect(endpoints.length).toBeGreaterThan(0);
      for (const endpoint of endpoints) expect(ENDPOINTS).toContain(endpoint);
    }
  });
});
