import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { PdfRef } from './pdf-value.ts';
import { rc4 } from './rc4.ts';

export type CipherMethod = 'none' | 'rc4' | 'aes-128' | 'aes-256';

/** Enciphers and deciphers the strings and streams of one encrypted file. */
export class FileCipher {
  readonly #key: Uint8Array;
  readonly #strings: CipherMethod;
  readonly #streams: CipherMethod;

  constructor(key: Uint8Array, strings: CipherMethod, streams: CipherMethod) {
    this.#key = key;
    this.#strings = strings;
    this.#streams = streams;
  }

  decryptString(bytes: Uint8Array, ref: PdfRef): Uint8Array {
    return this.#decrypt(this.#strings, bytes, ref);
  }

  decryptStream(bytes: Uint8Array, ref: PdfRef): Uint8Array {
    return this.#decrypt(this.#streams, bytes, ref);
  }

  encryptString(bytes: Uint8Array, ref: PdfRef): Uint8Array {
    return this.#encrypt(this.#strings, bytes, ref);
  }

  encryptStream(bytes: Uint8Array, ref: PdfRef): Uint8Array {
    return this.#encrypt(this.#streams, bytes, ref);
  }

  #decrypt(method: CipherMethod, bytes: Uint8Array, ref: PdfRef): Uint8Array {
    if (method === 'none') return bytes;
    const key = this.#objectKey(method, ref);
    if (method === 'rc4') return rc4(key, bytes);
    const blocks = bytes.length - (bytes.length % 16);
    if (blocks < 32) return new Uint8Array(0);
    const cipher = createDecipheriv(`${method}-cbc`, key, bytes.subarray(0, 16)).setAutoPadding(false);
    const plain = Buffer.concat([cipher.update(bytes.subarray(16, blocks)), cipher.final()]);
    const padding = plain[plain.length - 1] as number;
    // Cut or badly padded data is used as it is.
    return padding >= 1 && padding <= 16 ? plain.subarray(0, plain.length - padding) : plain;
  }

  #encrypt(method: CipherMethod, bytes: Uint8Array, ref: PdfRef): Uint8Array {
    if (method === 'none') return bytes;
    const key = this.#objectKey(method, ref);
    if (method === 'rc4') return rc4(key, bytes);
    // Derived rather than drawn, so that the same input gives the same file.
    const iv = createHash('sha256').update(key).update(`${ref.num} ${ref.gen} `).update(bytes).digest().subarray(0, 16);
    const cipher = createCipheriv(`${method}-cbc`, key, iv);
    return Buffer.concat([iv, cipher.update(bytes), cipher.final()]);
  }

  /** ISO 32000-2, algorithms 1 and 1.A. */
  #objectKey(method: CipherMethod, ref: PdfRef): Uint8Array {
    if (method === 'aes-256') return this.#key;
    const salt = Buffer.from([ref.num, ref.num >> 8, ref.num >> 16, ref.gen, ref.gen >> 8]);
    const hash = createHash('md5').update(this.#key).update(salt);
    if (method === 'aes-128') hash.update('sAlT');
    return hash.digest().subarray(0, Math.min(16, this.#key.length + 5));
  }
}
