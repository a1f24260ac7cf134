import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A private key and its certificate, PEM. */
export interface CertifiedKey {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** A certificate authority of one's own and a server key it vouches for; both are good for a week. */
export interface LocalAuthority {
  readonly authorityPem: string;
  readonly server: CertifiedKey;
}

const DAY_MS = 86_400_000;
// Object identifiers: RFC 5280 and RFC 5758.
const ECDSA_SHA256 = oid(1, 2, 840, 10045, 4, 3, 2);
const COMMON_NAME = oid(2, 5, 4, 3);
const BASIC_CONSTRAINTS = oid(2, 5, 29, 19);
const KEY_USAGE = oid(2, 5, 29, 15);
const EXTENDED_KEY_USAGE = oid(2, 5, 29, 37);
const SUBJECT_KEY = oid(2, 5, 29, 14);
const AUTHORITY_KEY = oid(2, 5, 29, 35);
const ALTERNATIVE_NAME = oid(2, 5, 29, 17);
const SERVER_AUTH = oid(1, 3, 6, 1, 5, 5, 7, 3, 1);

/** Makes an authority and a server certificate for the host names. Nothing is written anywhere. */
export function createLocalAuthority(hostNames: readonly string[]): LocalAuthority {
  const authority = newKeyPair();
  const server = newKeyPair();
  const name = 'ocr-pipeline test authority';
  const keyId = keyIdOf(authority.publicKey);
  const authorityDer = certify({
    subject: name,
    issuer: name,
    publicKey: authority.publicKey,
    signer: authority.privateKey,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(boolean(true)), true),
      // keyCertSign and cRLSign.
      extension(KEY_USAGE, bits(0x06, 1), true),
      extension(SUBJECT_KEY, octets(keyId)),
    ],
  });
  const serverDer = certify({
    subject: hostNames[0] ?? 'localhost',
    issuer: name,
    publicKey: server.publicKey,
    signer: authority.privateKey,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(), true),
      // digitalSignature.
      extension(KEY_USAGE, bits(0x80, 7), true),
      extension(EXTENDED_KEY_USAGE, sequence(SERVER_AUTH)),
      extension(AUTHORITY_KEY, sequence(tagged(0x80, keyId))),
      // dNSName is [2].
      extension(ALTERNATIVE_NAME, sequence(...hostNames.map((host) => tagged(0x82, Buffer.from(host, 'ascii'))))),
    ],
  });
  return {
    authorityPem: pem(authorityDer),
    server: {
      keyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      certificatePem: pem(serverDer),
    },
  };
}

interface CertificateRequest {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** An X.509 version 3 certificate in DER (RFC 5280, 4.1). */
function certify(request: CertificateRequest): Buffer {
  const nowMs = Date.now();
  const algorithm = sequence(ECDSA_SHA256);
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    name(request.issuer),
    sequence(time(nowMs - DAY_MS), time(nowMs + 7 * DAY_MS)),
    name(request.subject),
    request.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...request.extensions)),
  );
  return sequence(body, algorithm, bitString(sign('sha256', body, request.signer), 0));
}

function newKeyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function name(commonName: string): Buffer {
  // 0x31 SET, 0x0c UTF8String.
  return sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(commonName)))));
}

function extension(id: Buffer, value: Buffer, critical = false): Buffer {
  return sequence(id, ...(critical ? [boolean(true)] : []), octets(value));
}

/** UTCTime: good until 2049. */
function time(ms: number): Buffer {
  const text = new Date(ms)
    .toISOString()
    .replaceAll(/[-:T]|\.\d+/g, '')
    .slice(2);
  return tagged(0x17, Buffer.from(text, 'ascii'));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function octets(bytes: Buffer): Buffer {
  return tagged(0x04, bytes);
}

function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]));
}

/** A BIT STRING of one byte, of which the last `unused` bits do not count. */
function bits(byte: number, unused: number): Buffer {
  return bitString(Buffer.from([byte]), unused);
}

function bitString(bytes: Buffer, unused: number): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unused]), bytes]));
}

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  const bytes = [first * 40 + second];
  for (const value of rest) {
    const groups = [value & 0x7f];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
}

/** One DER value: tag, length, content (X.690, 8.1). */
function tagged(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length: number[] = [];
  for (let left = content.length; left > 0; left >>>= 8) length.unshift(left & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), content]);
}
