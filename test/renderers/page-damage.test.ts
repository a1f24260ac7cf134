import { deflateSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { PageDamage } from '../../src/core/page.ts';
import { createPdfjsRenderer } from '../../src/renderers/pdfjs.ts';
import { isJbig2Cut, isJpxCut } from '../../src/renderers/stream-ends.ts';
import { samplePdf, withFile } from '../conformance/page-renderer-samples.ts';
import { requireCorpus } from '../support/requires.ts';

const CALM = new AbortController().signal;
const [WIDTH, HEIGHT] = [400, 300];
const corpus = requireCorpus('accuracy');

/** A grey picture with too much detail to compress away. */
const pixels = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (Math.imul(i, 2654435761) >>> 24) & 255);

function jpeg(progressive = false): Promise<Buffer> {
  const raw = { width: WIDTH, height: HEIGHT, channels: 1 } as const;
  return sharp(pixels, { raw }).toColourspace('b-w').jpeg({ progressive }).toBuffer();
}

/** Renders a page that shows an image, and says what of it is damaged. `extra` content makes it one that is drawn. */
function damageOf(filter: string, data: Uint8Array, extra = ''): Promise<readonly PageDamage[]> {
  const dict = `/Width ${WIDTH}/Height ${HEIGHT}/ColorSpace/DeviceGray/BitsPerComponent 8${filter}`;
  const content = `q ${WIDTH} 0 0 ${HEIGHT} 0 0 cm /Im Do Q ${extra}`;
  return withFile(samplePdf([{ mediaBox: [0, 0, WIDTH, HEIGHT], content, image: { dict, data } }]), (file) =>
    damageOfFile(file),
  );
}

async function damageOfFile(file: string): Promise<readonly PageDamage[]> {
  const document = await createPdfjsRenderer().open(file, { megapixels: 100 }, CALM);
  try {
    await document.readText(1, CALM);
    await document.render(1, 72, CALM).catch((error: unknown) => error);
    return document.damageOf(1);
  } finally {
    await document.close();
  }
}

function flipped(bytes: Uint8Array, at: number, count = 40): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = Math.floor(at); i < at + count; i++) copy[i] = ~(copy[i] as number);
  return copy;
}

function cut(bytes: Uint8Array, share: number): Uint8Array {
  return bytes.subarray(0, Math.floor(bytes.length * share));
}

/** Rows with the filter type `Up` before each, as PNG predictors want. */
function predicted(type = 2): Buffer {
  const rows = Array.from({ length: HEIGHT }, (_, row) =>
    Buffer.concat([Buffer.of(type), pixels.subarray(row * WIDTH, (row + 1) * WIDTH)]),
  );
  return deflateSync(Buffer.concat(rows));
}

const DCT = '/Filter/DCTDecode';
const FLATE = '/Filter/FlateDecode';
const PNG = `${FLATE}/DecodeParms<</Predictor 15/Columns ${WIDTH}>>`;
const image = (kind: PageDamage['kind'], filter?: string): PageDamage[] => [
  filter === undefined ? { part: 'image', kind } : { part: 'image', kind, filter },
];

describe.each([
  ['a scan taken as it is', ''],
  ['a drawn page', '0 g 5 5 20 20 re f'],
])('%s', (_, extra) => {
  it('is called damaged where its JPEG ends early or holds damaged data, and not where it is sound', async () => {
    for (const progressive of [false, true]) {
      const whole = await jpeg(progressive);
      expect(await damageOf(DCT, whole, extra)).toEqual([]);
      for (const share of [0.3, 0.6, 0.95]) {
        const [found] = await damageOf(DCT, cut(whole, share), extra);
        expect(found).toMatchObject({ part: 'image', filter: 'DCTDecode' });
      }
      expect(await damageOf(DCT, flipped(whole, whole.length / 2, 400), extra)).toHaveLength(1);
    }
  });

  it('is called damaged where its Flate data ends early, is damaged, or gives too little', async () => {
    const whole = deflateSync(pixels);
    expect(await damageOf(FLATE, whole, extra)).toEqual([]);
    expect(await damageOf(FLATE, whole.subarray(0, -4), extra)).toEqual([]);
    expect(await damageOf(FLATE, cut(whole, 0.5), extra)).toEqual(image('cut', 'FlateDecode'));
    expect(await damageOf(FLATE, flipped(whole, whole.length / 2), extra)).toEqual(image('corrupt', 'FlateDecode'));
    // The data is whole, but not what was compressed.
    expect(await damageOf(FLATE, flipped(whole, whole.length - 4, 1), extra)).toEqual(image('corrupt', 'FlateDecode'));
    const [short] = await damageOf(FLATE, deflateSync(pixels.subarray(0, 100 * WIDTH)), extra);
    expect(short).toMatchObject({ part: 'image', kind: 'cut' });
  });

  it('is called damaged where a predictor meets a row of no kind', async () => {
    expect(await damageOf(PNG, predicted(), extra)).toEqual([]);
    expect(await damageOf(PNG, predicted(77), extra)).toEqual(image('corrupt', 'FlateDecode'));
  });

  it('is called damaged where plain samples, run lengths or hexadecimal digits end early', async () => {
    expect(await damageOf('', pixels, extra)).toEqual([]);
    expect((await damageOf('', cut(pixels, 0.5), extra))[0]).toMatchObject({ part: 'image', kind: 'cut' });
    const runs = Buffer.concat(
      Array.from({ length: HEIGHT * 4 }, (_, i) =>
        Buffer.concat([Buffer.of(99), pixels.subarray(i * 100, i * 100 + 100)]),
      ),
    );
    expect(await damageOf('/Filter/RunLengthDecode', Buffer.concat([runs, Buffer.of(128)]), extra)).toEqual([]);
    expect(await damageOf('/Filter/RunLengthDecode', cut(runs, 0.4567), extra)).toEqual(
      image('cut', 'RunLengthDecode'),
    );
    const hex = Buffer.from(`${Buffer.from(pixels).toString('hex')}>`);
    expect(await damageOf('/Filter/ASCIIHexDecode', hex, extra)).toEqual([]);
    expect(await damageOf('/Filter/ASCIIHexDecode', flipped(hex, 5000), extra)).toEqual(
      image('corrupt', 'ASCIIHexDecode'),
    );
  });
});

describe('a page', () => {
  it('is called damaged where its content stream is', async () => {
    const content = deflateSync(Buffer.from('0 g 5 5 20 20 re f\n'.repeat(500)));
    const make = (data: Uint8Array): Uint8Array => {
      const sound = Buffer.from(samplePdf([{ mediaBox: [0, 0, 72, 72], content: 'Q'.repeat(data.length) }]));
      // The content stands uncompressed in the sample; the compressed data takes its place.
      const text = sound.toString('latin1').replace('Q'.repeat(data.length), Buffer.from(data).toString('latin1'));
      return Buffer.from(text.replace(`/Length ${data.length}`, `/Filter/FlateDecode/Length ${data.length}`), 'latin1');
    };
    expect(await withFile(make(content), damageOfFile)).toEqual([]);
    expect(await withFile(make(content.subarray(0, -12)), damageOfFile)).toEqual([
      { part: 'content', kind: 'cut', filter: 'FlateDecode' },
    ]);
  });
});

describe('the end of a JBIG2 image', () => {
  /** A segment with 20 bytes of data on page 1 that refers to nothing. */
  const segment = Buffer.concat([Buffer.of(0, 0, 0, 1, 6, 0, 1, 0, 0, 0, 20), Buffer.alloc(20)]);

  it('is where its last segment ends', () => {
    expect(isJbig2Cut(Buffer.concat([segment, segment]))).toBe(false);
    for (const missing of [1, 19, 25])
      expect(isJbig2Cut(Buffer.concat([segment, segment]).subarray(0, -missing))).toBe(true);
  });
});

describe.skipIf(corpus.skip)(`JPEG 2000${corpus.skip ? ` (${corpus.reason})` : ''}`, () => {
  it('is decoded by itself, whole, and a cut one is called so', async () => {
    const file = join(corpus.folder, 'dev-synth-jose.pdf');
    expect(await damageOfFile(file)).toEqual([]);
    const bytes = await readFile(file);
    const start = bytes.indexOf('ff4fff51', 0, 'hex');
    const stream = bytes.subarray(start, bytes.indexOf('endstream', start));
    expect(isJpxCut(stream)).toBe(false);
    expect(isJpxCut(cut(stream, 0.7))).toBe(true);
  });
});
