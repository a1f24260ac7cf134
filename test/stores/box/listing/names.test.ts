import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputError, UsageError } from '../../../../src/core/errors.ts';
import { operationOf } from '../../../../src/stores/box/transport/box-call-error.ts';
import { checkBoxSettings, DEFAULT_BOX_SETTINGS } from '../../../../src/stores/box/transport/box-settings.ts';
import { isSafeAddress, isSafeLink } from '../../../../src/stores/box/transport/safe-address.ts';
import { parseFolderAddress } from '../../../../src/stores/box/listing/folder-address.ts';
import { insertMark, nameKey, splitPath, toBoxName } from '../../../../src/stores/box/listing/names.ts';
import { planWrite } from '../../../../src/stores/box/transfer/plan-write.ts';
import { markResult } from '../../../../src/stores/box/transfer/result-properties.ts';

describe('names as Box can hold them', () => {
  it('keeps what Box allows', () => {
    for (const name of [
      'a.txt',
      '.hidden',
      'a..b',
      '$ & "quoted".pdf',
      'Zu\u0308rich.pdf',
      '\u{1f4c4}.pdf',
      'x'.repeat(255),
    ])
      expect(toBoxName(name)).toBe(name);
  });

  it('replaces what Box refuses, so that two names stay two', () => {
    expect(toBoxName('a\nb.txt')).toMatch(/^a_b~[0-9a-f]{8}\.txt$/);
    expect(toBoxName('a\nb.txt')).not.toBe(toBoxName('a\tb.txt'));
    expect(toBoxName(' a ')).toMatch(/^_a_~/);
    expect(toBoxName('back\\slash.alto.xml')).toMatch(/^back_slash~[0-9a-f]{8}\.alto\.xml$/);
  });

  it('always gives a name that Box takes, and the same again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), (name) => {
        const safe = toBoxName(name);
        expect(safe.length).toBeGreaterThan(0);
        expect(safe.length).toBeLessThanOrEqual(255);
        expect(safe).not.toMatch(/[/\\\p{Cc}]|^\s|\s$|^\.{1,2}$/u);
        expect(safe.isWellFormed()).toBe(true);
        expect(toBoxName(safe)).toBe(safe);
      }),
      { numRuns: 500 },
    );
  });

  it('finds names that Box takes for the same', () => {
    expect(nameKey('Zu\u0308RICH.pdf')).toBe(nameKey('z\u00fcrich.PDF'));
  });

  it('marks before the extension', () => {
    expect(insertMark('a.txt', ' (2)')).toBe('a (2).txt');
    expect(insertMark('a.alto.xml', ' (2)')).toBe('a (2).alto.xml');
    expect(insertMark('a', ' (2)')).toBe('a (2)');
    expect(insertMark(`${'x'.repeat(251)}.txt`, ' (2)')).toHaveLength(255);
  });

  it('refuses paths that lead elsewhere', () => {
    expect(splitPath('a/b/c.txt')).toEqual({ folders: ['a', 'b'], name: 'c.txt' });
    for (const path of ['', '/', '../a', 'a/..', 'a//b', './a', 'a\0b'])
      expect(() => splitPath(path)).toThrow(OutputError);
  });
});

describe('folders as people name them', () => {
  it.each([
    ['163928374651', { kind: 'id', id: '163928374651' }],
    [' 0 ', { kind: 'id', id: '0' }],
    ['https://app.box.com/folder/163928374651', { kind: 'id', id: '163928374651' }],
    ['https://berkeley.app.box.com/folder/163928374651?s=abc', { kind: 'id', id: '163928374651' }],
    ['https://app.box.com/files/0/f/163928374651/Scans', { kind: 'id', id: '163928374651' }],
    ['https://berkeley.box.com/s/a1b2c3', { kind: 'shared-link', url: 'https://berkeley.box.com/s/a1b2c3' }],
    ['box:Scans/Marduk', { kind: 'path', parts: ['Scans', 'Marduk'] }],
    ['box:/All Files/Scans/', { kind: 'path', parts: ['Scans'] }],
    ['box:', { kind: 'id', id: '0' }],
    ['box:Marduk $5 "x"', { kind: 'path', parts: ['Marduk $5 "x"'] }],
  ])('%s', (text, address) => {
    expect(parseFolderAddress(text)).toEqual(address);
  });

  it.each([
    '',
    'Scans',
    '12a',
    'https://app.box.com/file/1',
    'https://evilbox.com/folder/1',
    'https://box.com.evil.org/folder/1',
    'ftp://box.com/folder/1',
  ])('refuses %s', (text) => {
    expect(() => parseFolderAddress(text)).toThrow(UsageError);
  });
});

describe('settings and words', () => {
  it('sends logins encrypted, or to this computer', () => {
    for (const good of ['https://api.box.com', 'http://127.0.0.1:8080', 'http://localhost/x', 'http://[::1]:1'])
      expect(isSafeAddress(good)).toBe(true);
    for (const bad of ['http://api.box.com', 'http://127.0.0.1.evil.org', 'ftp://localhost', 'box', ''])
      expect(isSafeAddress(bad)).toBe(false);
    expect(() => checkBoxSettings({ ...DEFAULT_BOX_SETTINGS, apiUrl: 'http://api.box.com' })).toThrow('https');
    expect(() => checkBoxSettings({ ...DEFAULT_BOX_SETTINGS, callsPerMinute: 0 })).toThrow('callsPerMinute');
  });

  it('calls no address that a server names near this computer, unless the server is there itself', () => {
    const production = 'https://api.box.com';
    for (const good of ['https://dl.boxcloud.com/d/1', 'https://public.boxcloud.com:443/x', 'https://8.8.8.8/x'])
      expect(isSafeLink(good, production), good).toBe(true);
    for (const bad of [
      'http://dl.boxcloud.com/d/1',
      'http://127.0.0.1/x',
      'https://127.0.0.1/x',
      'https://127.1/x',
      'https://0x7f000001/x',
      'https://2130706433/x',
      'https://localhost/x',
      'https://localhost./x',
      'https://box.localhost/x',
      'https://[::1]/x',
      'https://[::ffff:127.0.0.1]/x',
      'https://[::ffff:a00:1]/x',
      'https://[::]/x',
      'https://0.0.0.0/x',
      'https://10.1.2.3/x',
      'https://172.31.0.1/x',
      'https://192.168.0.1/x',
      'https://100.64.0.1/x',
      'https://169.254.169.254/latest/meta-data',
      'https://[fe80::1]/x',
      'https://[fd00::1]/x',
      'https://[64:ff9b::a9fe:a9fe]/x',
      'https://[2002:7f00:1::]/x',
      'https://metadata.google.internal/x',
      'https://user:password@dl.boxcloud.com/x',
      'file:///etc/passwd',
      'not an address',
    ])
      expect(isSafeLink(bad, production), bad).toBe(false);
    const local = 'http://127.0.0.1:8080';
    expect(isSafeLink('http://127.0.0.1:9090/x', local)).toBe(true);
    expect(isSafeLink('http://localhost:9090/x', local)).toBe(true);
    expect(isSafeLink('http://169.254.169.254/x', local)).toBe(false);
    expect(isSafeLink('https://10.1.2.3/x', 'https://10.1.2.3')).toBe(true);
  });

  it('names calls without what is signed or secret in them', () => {
    expect(operationOf('GET', 'https://api.box.com/2.0/files/123/content?access_token=secret')).toBe(
      'GET /2.0/files/123/content',
    );
    const signed = operationOf('GET', 'https://dl.boxcloud.com/d/1/b1!aGVsbG8-Z/download?sig=x');
    expect(signed).toBe('GET /d/1/*/download');
  });
});

describe('what is done about a result', () => {
  const artifact = { file: 'f', sizeBytes: 1, sha1: 'new' };
  const request = { artifact, onConflict: 'stop', isOurs: (sha1: string) => sha1 === 'ours' } as const;
  const file = { type: 'file', id: '1', name: 'a.txt', sizeBytes: 1, sha1: 'old', etag: '0' };

  it('follows the policy with what others put there', () => {
    expect(planWrite(undefined, request).kind).toBe('create');
    expect(planWrite(file, request).kind).toBe('stop');
    for (const onConflict of ['rename', 'skip', 'stop'] as const)
      expect(planWrite(file, { ...request, onConflict }).kind).toBe(onConflict);
    expect(planWrite(file, { ...request, onConflict: 'version' }).kind).toBe('replace');
    expect(planWrite({ ...file, type: 'folder' }, { ...request, onConflict: 'version' }).kind).toBe('stop');
  });

  it('replaces what we wrote, not what a person has corrected since', () => {
    expect(planWrite({ ...file, sha1: 'ours' }, request).kind).toBe('replace');
    expect(planWrite({ ...file, properties: markResult({ ocrStatus: 'done' }, 'old') }, request).kind).toBe('replace');
    expect(
      planWrite({ ...file, properties: markResult({ ocrStatus: 'done' }, 'before it was corrected') }, request).kind,
    ).toBe('stop');
    expect(planWrite({ ...file, sha1: 'new' }, request).kind).toBe('unchanged');
  });
});
