import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/core/redact.ts';

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

  it('are looked for in linear time', () => {
    for (const piece of [
      'token:"',
      '-----BEGIN PRIVATE KEY-----',
      'Bearer ',
      'eyJaaaaaaaa.',
      'https://dl.box.com/',
      '\\"',
    ]) {
      expect(redact(piece.repeat(20_000)).length).toBeGreaterThan(0);
    }
    fc.assert(fc.property(fc.string({ maxLength: 500 }), (text) => typeof redact(text) === 'string'));
  });
});
