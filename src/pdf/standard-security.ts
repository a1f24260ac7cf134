import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { rc4 } from './rc4.ts';

/** The values of an encryption dictionary of the standard handler (ISO 32000-2, 7.6.4). */
export interface SecurityParms {
  readonly version: number;
  readonly revision: number;
  readonly ownerHash: Uint8Array;
  readonly userHash: Uint8Array;
  readonly ownerKey: Uint8Array;
  readonly userKey: Uint8Array;
  readonly permissions: number;
  readonly encryptsMetadata: boolean;
  /** The first half of the trailer's /ID; empty where there is none. */
  readonly fileId: Uint8Array;
  /** Sizes to try for the file key, in bytes, the likeliest first: files state it wrongly. */
  readonly keySizes: readonly number[];
}

/** What stands for a missing password (ISO 32000-1, algorithm 2). */
const PADDING = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');
const NO_BYTES = Buffer.alloc(0);
const ZERO_IV = Buffer.alloc(16);

/** The file key that the empty user or owner password opens, or `undefined` where a password is needed. */
export function openWithEmptyPassword(parms: SecurityParms): Uint8Array | undefined {
  if (parms.revision >= 5) return parms.userHash.length >= 48 ? openRevision5(parms) : undefined;
  for (const keyBytes of parms.keySizes) {
    const key = deriveOldKey(parms, keyBytes);
    if (matchesUserHash(parms, key)) return key;
  }
  return undefined;
}

function md5(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function deriveOldKey(parms: SecurityParms, keyBytes: number): Buffer {
  const permissions = Buffer.alloc(4);
  permissions.writeInt32LE(parms.permissions | 0);
  const tail = parms.revision >= 4 && !parms.encryptsMetadata ? Buffer.alloc(4, 255) : NO_BYTES;
  let digest = md5(PADDING, parms.ownerHash.subarray(0, 32), permissions, parms.fileId, tail);
  if (parms.revision >= 3) for (let i = 0; i < 50; i++) digest = md5(digest.subarray(0, keyBytes));
  return digest.subarray(0, keyBytes);
}

function matchesUserHash(parms: SecurityParms, key: Uint8Array): boolean {
  if (parms.revision < 3) return rc4(key, PADDING).every((byte, i) => byte === parms.userHash[i]);
  let check: Uint8Array = md5(PADDING, parms.fileId);
  for (let round = 0; round < 20; round++)
    check = rc4(
      key.map((byte) => byte ^ round),
      check,
    );
  return check.every((byte, i) => byte === parms.userHash[i]);
}

function openRevision5(parms: SecurityParms): Uint8Array | undefined {
  const user = parms.userHash.subarray(0, 48);
  const owner = parms.ownerHash.subarray(0, 48);
  const attempts = [
    { hash: user, wrapped: parms.userKey, extra: NO_BYTES },
    { hash: owner, wrapped: parms.ownerKey, extra: user },
  ];
  for (const { hash, wrapped, extra } of attempts) {
    if (hash.length < 48 || wrapped.length < 32) continue;
    const check = hashRevision5(parms.revision, hash.subarray(32, 40), extra);
    if (!check.equals(hash.subarray(0, 32))) continue;
    const wrapKey = hashRevision5(parms.revision, hash.subarray(40, 48), extra);
    const cipher = createDecipheriv('aes-256-cbc', wrapKey, ZERO_IV).setAutoPadding(false);
    return Buffer.concat([cipher.update(wrapped.subarray(0, 32)), cipher.final()]);
  }
  return undefined;
}

/** Algorithm 2.B of ISO 32000-2 for the empty password; revision 5 is its first step alone. */
function hashRevision5(revision: number, salt: Uint8Array, extra: Uint8Array): Buffer {
  let key = createHash('sha256').update(salt).update(extra).digest();
  if (revision < 6) return key;
  let last = 0;
  for (let round = 0; round < 64 || last > round - 32; round++) {
    const once = Buffer.concat([key, extra]);
    const repeated = Buffer.concat(Array.from({ length: 64 }, () => once));
    const cipher = createCipheriv('aes-128-cbc', key.subarray(0, 16), key.subarray(16, 32)).setAutoPadding(false);
    const mixed = Buffer.concat([cipher.update(repeated), cipher.final()]);
    const remainder = mixed.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = createHash(['sha256', 'sha384', 'sha512'][remainder] as string)
      .update(mixed)
      .digest();
    last = mixed[mixed.length - 1] as number;
  }
  return key.subarray(0, 32);
}
