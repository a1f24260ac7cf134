import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/core/redact.ts';
import { safeJson } from '../../src/core/safe-json.ts';
import { hideKnownSecrets, registerSecret } from '../../src/core/secrets.ts';

const SECRET = 'S3cr3tS3cr3tS3cr3tS3cr3t';

describe('secrets', () => {
  it.each([
    `Authorization: Bearer ${SECRET}`,
    `authorization: "bearer ${SECRET}"`,
    `Authorization: Basic ${SECRET}=`,
    `{"access_token":"${SECRET}","expires_in":3600}`,
    `{ access_token: '${SECRET}', refresh_token: '${SECRET}' }`,
    `grant_type=refresh_token&refresh_token=${SECRET}&client_secret=${SECRET}`,
    `client_secret: ${SECRET}`,
    `clientSecret: '${SECRET}'`,
    `BOX_DEVELOPER_TOKEN=${SECRET}`,
    `https://dl.boxcloud.com/d/1/b1!${SECRET}/download?x=1`,
    `https://public.boxcloud.com/api/2.0/internal_files/1?access_token=${SECRET}`,
    `GET https://upload.box.com/api/2.0/files/content?upload_session=${SECRET}`,
    `https://bucket.example.org/key?X-Amz-Signature=${SECRET}&X-Amz-Date=1`,
    `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${SECRET}\n${SECRET}\n-----END ENCRYPTED PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${SECRET} and no end`,
    `assertion eyJhbGciOiJI.${SECRET}.${SECRET}`,
    JSON.stringify({ message: `failed: {"refresh_token":"${SECRET}"}`, private_key: `a\nb"${SECRET}` }),
  ])('are hidden in %s', (text) => {
    expect(redact(text)).not.toContain(SECRET);
    expect(redact(text)).toContain('[hidden]');
    expect(redact(redact(text))).toBe(redact(text));
  });

  it('are all that is hidden', () => {
    const text =
      'Reading "A token of love.pdf" p.3: https://app.box.com/folder/309115502877, tokens: 3 of them; Basic English';
    expect(redact('Reading "Bearer of bad news.pdf"')).toContain('.pdf"');
    expect(redact(text)).toContain('https://app.box.com/folder/309115502877');
    expect(redact(text)).toContain('A token of love.pdf');
  });

  it('are taken out of JSON without breaking it, however deep it is nested', () => {
    const record = {
      access_token: SECRET,
      token: null,
      password: 7,
      nested: { private_key: `-----BEGIN PRIVATE KEY-----\n${SECRET}` },
      url: `see "https://dl.boxcloud.com/${SECRET}"`,
    };
    const once = JSON.stringify({ text: JSON.stringify(record), record });
    const twice = JSON.stringify({ once, note: `refresh_token="${SECRET}"; 'assertion': '${SECRET}' end` });
    for (const text of [JSON.stringify(record), once, twice]) {
      expect(redact(text)).not.toContain(SECRET);
      expect(() => JSON.parse(redact(text)) as unknown).not.toThrow();
      expect(redact(redact(text))).toBe(redact(text));
    }
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('access_token', 'token', 'x'), (json, name) => {
        const text = JSON.stringify({ [name]: json, list: [json] });
        expect(() => JSON.parse(redact(text)) as unknown).not.toThrow();
      }),
    );
  });

  it.each([
    `OCR_PIPELINE_BOX_CLIENT_SECRET=${SECRET}`,
    `OCR_PIPELINE_BOX_CLIENT_SECRET="${SECRET} and more"`,
    `box-client-secret: ${SECRET}`,
    `box-client-secret: "${SECRET}`,
    `{"refreshToken":"${SECRET}"}`,
    `{ accessToken: '${SECRET}' }`,
    `GET /callback?code=${SECRET}&state=1`,
    `POST code_verifier=${SECRET}`,
    `x-box-auth-token: ${SECRET}`,
    `AWS_SECRET_ACCESS_KEY=${SECRET}`,
    `apiKey=${SECRET}`,
    `myPassword: "${SECRET}"`,
    `password: ${SECRET}`,
    `https://example.org/?sig=${SECRET}`,
    `${'a'.repeat(5_000)}_token=${SECRET}`,
    `eyJ${'a'.repeat(5_000)}.${SECRET}.${SECRET}`,
  ])('are hidden however their names are written: %#', (text) => {
    expect(redact(text)).not.toContain(SECRET);
    expect(redact(redact(text))).toBe(redact(text));
  });

  it.each([
    'Parish token',
    'Parish token: accounts',
    'password list.pdf: 3 pages',
    'token: 1850.pdf',
    'Signature: unknown',
    'Reading "Bearer message.pdf", Basic English',
    'https://upload.box.com/api',
    'https://app.box.com/folder/309115502877',
    'the exit code: 75, tokens: 3 of them, token_type: bearer',
    "token:'x.pdf",
  ])('are not what people say: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('that are known are hidden wherever they stand, in any form', () => {
    registerSecret(' pass phrase/"42" ');
    for (const form of ['pass phrase/"42"', 'pass%20phrase%2F%2242%22', String.raw`pass phrase/\"42\"`]) {
      expect(hideKnownSecrets(`Failed: <${form}>.`)).toBe('Failed: <[hidden]>.');
      expect(redact(`Failed: <${form}>.`)).toBe('Failed: <[hidden]>.');
    }
    // Too short to be hidden without hiding words.
    registerSecret('the');
    expect(hideKnownSecrets('the text')).toBe('the text');
  });

  // A pattern that tries a place more than once takes minutes for each of these.
  it.each([
    'token:"',
    'token:\'\\"',
    'access_token=',
    'access_token: "',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----\\',
    'Bearer ',
    'Bearer aaaaaaaaaaaaaaa ',
    'eyJ-',
    'eyJaaaaaaaa.',
    'https://dl.box.com/',
    'https://a.',
    'http',
    '\\',
    '\\"',
    'a',
    'a.',
    ' ',
    'a =',
    'aA',
    '-',
    "'",
  ])('are looked for once at each place, in a megabyte of %j too', (piece) => {
    expect(redact(piece.repeat(1_000_000 / piece.length)).length).toBeGreaterThan(0);
    expect(redact(`access_token: "${piece.repeat(1_000_000 / piece.length)}`).length).toBeGreaterThan(0);
  });
});

describe('lines of JSON', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom("token:'x.pdf", `access_token="${SECRET}`, 'a\u009bb\u202ec\u200bd', '"', '\\', String.raw`\"`),
    fc
      .tuple(fc.constantFrom('refresh_token', 'password', 'client-secret'), fc.string())
      .map(([key, value]) => `${key}: "${value}`),
  );
  const record = fc.dictionary(
    fc.constantFrom('document', 'path', 'text', 'message', 'why', 'stack', 'reading', 'name', 'access_token'),
    fc.oneof(
      anyText,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.record({ document: anyText, pageNumber: fc.nat() })),
    ),
  );

  it('are JSON whatever names and texts say, on one line, with names as they are', () => {
    fc.assert(
      fc.property(record, (value) => {
        const line = safeJson(value);
        // oxlint-disable-next-line eslint/no-control-regex -- none of them may be there
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u061c\u200b\u202a-\u202e\u2066-\u2069]/);
        const back = JSON.parse(line) as Record<string, unknown>;
        for (const key of ['document', 'path', 'name'] as const) {
          if (typeof value[key] === 'string') expect(back[key]).toBe(value[key]);
        }
      }),
    );
  });

  it('keep a name in a sentence that repeats it, and hide the secret beside it', () => {
    const document = `access_token=x.pdf`;
    const line = safeJson({ document, text: `${document} failed: refresh_token=${SECRET}` });
    expect(JSON.parse(line)).toEqual({ document, text: `${document} failed: refresh_token=[hidden]` });
  });

  it('hide a secret that is known in every field', () => {
    registerSecret('known-secret-of-a-test');
    expect(safeJson({ document: 'x known-secret-of-a-test', list: [['known-secret-of-a-test']] })).not.toContain(
      'known-secret',
    );
  });
});
