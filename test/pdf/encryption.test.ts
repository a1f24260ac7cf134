import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { PdfFile } from '../../src/pdf/pdf-file.ts';
import { PdfDict, PdfString } from '../../src/pdf/pdf-value.ts';
import { rc4 } from '../../src/pdf/rc4.ts';
import { requireTools } from '../support/requires.ts';
import { Scratch, textDocument } from './pdf-builder.ts';
import { HANG_MS } from '../support/hang.ts';

const need = requireTools(['qpdf']);
const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Arguments of qpdf between the passwords and `--`. */
const METHODS = {
  'RC4, 40 bits': ['40'],
  'RC4, 128 bits': ['128', '--use-aes=n'],
  'RC4 by crypt filters': ['128', '--use-aes=n', '--force-V4'],
  'AES, 128 bits': ['128', '--use-aes=y'],
  'AES, 128 bits, metadata open': ['128', '--use-aes=y', '--cleartext-metadata'],
  'AES, 256 bits, revision 5': ['256', '--force-R5'],
  'AES, 256 bits, revision 6': ['256'],
};

/** Encrypts a small document whose Info has a title. */
function encrypt(userPassword: string, method: readonly string[], objectStreams: string): string {
  const plain = textDocument(1, { trailer: '/Info <</Title (Stra\\337e)>> /ID [<0011> <2233>]' });
  const from = scratch.file('plain.pdf', plain);
  const to = scratch.path('encrypted.pdf');
  execFileSync(
    'qpdf',
    [
      '--allow-weak-crypto',
      `--object-streams=${objectStreams}`,
      '--encrypt',
      userPassword,
      'owner',
      ...method,
      '--',
      from,
      to,
    ],
    { timeout: HANG_MS },
  );
  return to;
}

describe.skipIf(need.skip)('encrypted files', () => {
  const cases = Object.entries(METHODS).flatMap(([name, method]) =>
    ['disable', 'generate'].map((streams) => ({ name, method, streams })),
  );

  test.each(cases)('$name, object streams: $streams, open with the empty password', async ({ method, streams }) => {
    const pdf = await PdfFile.open(encrypt('', method, streams));
    try {
      expect(pdf.repaired).toBe(false);
      const info = await pdf.get(pdf.trailer, 'Info');
      const title = info instanceof PdfDict ? await pdf.get(info, 'Title') : null;
      expect(title instanceof PdfString && Buffer.from(title.bytes).toString('latin1')).toBe('Straße');
      const [content] = await pdf.contentsOf(await pdf.page(1));
      if (!content) throw new Error('no content');
      const { bytes } = await pdf.decodeStream(content, { maxBytes: 1000, stopAtImageFilter: false });
      expect(Buffer.from(bytes).toString('latin1').trim()).toBe('BT /F1 24 Tf 72 700 Td (Page 1) Tj ET');
    } finally {
      await pdf.close();
    }
  });

  test.each(Object.entries(METHODS))('%s with a password is PDF_ENCRYPTED', async (_, method) => {
    await expect(PdfFile.open(encrypt('secret', method, 'disable'))).rejects.toMatchObject({
      code: 'PDF_ENCRYPTED',
      family: 'DocumentError',
    });
  });
});

describe('RC4', () => {
  // Vectors of RFC 6229 are for long keystreams; these short ones are widely published.
  test.each([
    ['Key', 'Plaintext', 'bbf316e8d940af0ad3'],
    ['Wiki', 'pedia', '1021bf0420'],
  ])('key %s', (key, plain, cipher) => {
    expect(Buffer.from(rc4(Buffer.from(key), Buffer.from(plain))).toString('hex')).toBe(cipher);
  });
});
