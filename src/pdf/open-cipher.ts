import { DocumentError } from '../core/errors.ts';
import { type CipherMethod, FileCipher } from './file-cipher.ts';
import { isName, PdfDict, PdfString, type PdfValue } from './pdf-value.ts';
import { openWithEmptyPassword, type SecurityParms } from './standard-security.ts';

/** Resolves an entry of a dictionary; strings of the encryption dictionary itself are not encrypted. */
export type EntryReader = (dict: PdfDict, key: string) => Promise<PdfValue>;

const METHODS: Readonly<Record<string, CipherMethod>> = {
  None: 'none',
  V2: 'rc4',
  AESV2: 'aes-128',
  AESV3: 'aes-256',
};

/**
 * Opens an encrypted file with the empty password.
 * @throws {DocumentError} `PDF_ENCRYPTED`: it needs another, or another program's key.
 */
export async function openCipher(encrypt: PdfDict, fileId: Uint8Array, read: EntryReader): Promise<FileCipher> {
  const number = async (dict: PdfDict, key: string, otherwise: number): Promise<number> => {
    const value = await read(dict, key);
    return typeof value === 'number' ? value : otherwise;
  };
  const bytes = async (key: string): Promise<Uint8Array> => {
    const value = await read(encrypt, key);
    return value instanceof PdfString ? value.bytes : new Uint8Array(0);
  };
  const version = await number(encrypt, 'V', 0);
  const revision = await number(encrypt, 'R', 0);
  const isKnown = [1, 2, 4, 5].includes(version) && revision >= 2 && revision <= 6;
  if (!isName(await read(encrypt, 'Filter'), 'Standard') || !isKnown)
    throw locked('It is protected in a way only its own software can open.');
  const parms: SecurityParms = {
    version,
    revision,
    ownerHash: await bytes('O'),
    userHash: await bytes('U'),
    ownerKey: await bytes('OE'),
    userKey: await bytes('UE'),
    permissions: await number(encrypt, 'P', 0),
    encryptsMetadata: (await read(encrypt, 'EncryptMetadata')) !== false,
    fileId,
    keySizes: keySizes(version, await number(encrypt, 'Length', 40)),
  };
  const key = openWithEmptyPassword(parms);
  if (!key) throw locked('It opens only with a password.');
  if (version < 4) return new FileCipher(key, 'rc4', 'rc4');
  return new FileCipher(key, await methodOf(encrypt, 'StrF', read), await methodOf(encrypt, 'StmF', read));
}

function keySizes(version: number, statedBits: number): readonly number[] {
  const stated = statedBits < 40 ? statedBits : statedBits / 8;
  const likely = version === 1 ? [5, stated, 16] : version === 4 ? [16, stated, 5] : [stated, 16, 5];
  return [...new Set(likely)].filter((size) => Number.isInteger(size) && size >= 5 && size <= 16);
}

async function methodOf(encrypt: PdfDict, key: 'StrF' | 'StmF', read: EntryReader): Promise<CipherMethod> {
  const name = await read(encrypt, key);
  if (!isName(name) || name.name === 'Identity') return 'none';
  const filters = await read(encrypt, 'CF');
  const filter = filters instanceof PdfDict ? await read(filters, name.name) : null;
  const method = filter instanceof PdfDict ? await read(filter, 'CFM') : null;
  const known = isName(method) ? METHODS[method.name] : 'none';
  if (!known) throw locked('It is protected in a way only its own software can open.');
  return known;
}

function locked(why: string): DocumentError {
  return new DocumentError('PDF_ENCRYPTED', 'The PDF is locked with a password.', {
    why,
    safe: 'The other documents go on.',
    remedy: 'Save a copy without a password, and run again.',
  });
}
