import sharp, { type JpegOptions } from 'sharp';
import { describe, expect, it } from 'vitest';
import { readJpegHeader, readJpxHeader } from '../../src/renderers/image-headers.ts';
import { sniffFormat } from '../../src/renderers/sniff-format.ts';

function jpeg(options: JpegOptions, width = 33, height = 21): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#123456' } })
    .jpeg(options)
    .toBuffer();
}

/** A JPEG 2000 code stream's first markers: 30 x 20 pixels from an origin of 10, 5. */
function codeStream(components: number, step = 1): Buffer {
  const size = Buffer.alloc(40 + components * 3);
  size.writeUInt32BE(0xff4fff51, 0);
  size.writeUInt16BE(38 + components * 3, 4);
  for (const [i, value] of [40, 25, 10, 5, 40, 25, 10, 5].entries()) size.writeUInt32BE(value, 8 + i * 4);
  const list = Buffer.concat([size.subarray(0, 40), Buffer.from([0, components])]);
  return Buffer.concat([
    list,
    ...Array.from({ length: components }, () => Buffer.from([7, step, step])),
    Buffer.alloc(16),
  ]);
}

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
}

const colour = (space: number): Buffer => box('colr', Buffer.from([1, 0, 0, 0, 0, 0, space]));
const IMAGE_BOX = box('ihdr', Buffer.alloc(14));

describe('readJpegHeader', () => {
  it('reads size, components and whether it is progressive', async () => {
    expect(readJpegHeader(await jpeg({}))).toMatchObject({
      widthPx: 33,
      heightPx: 21,
      components: 3,
      isProgressive: false,
    });
    expect(readJpegHeader(await jpeg({ progressive: true }))).toMatchObject({ isProgressive: true });
  });

  it('passes over junk before the image and fill bytes within', async () => {
    const image = await jpeg({});
    const filled = Buffer.concat([
      Buffer.from('\r\njunk'),
      image.subarray(0, 2),
      Buffer.of(0xff, 0xff),
      image.subarray(2),
    ]);
    expect(readJpegHeader(filled)).toMatchObject({ widthPx: 33, heightPx: 21 });
  });

  it('knows no header in what is cut or no JPEG', async () => {
    const image = await jpeg({});
    for (let length = 0; length < 60; length++) expect(readJpegHeader(image.subarray(0, length))).toBeUndefined();
    expect(readJpegHeader(Buffer.from('%PDF-1.7'))).toBeUndefined();
  });
});

describe('readJpxHeader', () => {
  it('reads a bare code stream and a file', () => {
    expect(readJpxHeader(codeStream(1))).toEqual({ widthPx: 30, heightPx: 20, components: 1, isPlain: true });
    const file = Buffer.concat([
      box('jP  ', Buffer.alloc(4)),
      box('jp2h', IMAGE_BOX, colour(16)),
      box('jp2c', codeStream(3)),
    ]);
    expect(readJpxHeader(file)).toEqual({ widthPx: 30, heightPx: 20, components: 3, isPlain: true });
  });

  it.each([
    ['a palette', Buffer.concat([box('jp2h', IMAGE_BOX, box('pclr', Buffer.alloc(9))), codeStream(1)])],
    ['opacity', Buffer.concat([box('jp2h', IMAGE_BOX, box('cdef', Buffer.alloc(9))), codeStream(1)])],
    ['luminance and chrominance', Buffer.concat([box('jp2h', IMAGE_BOX, colour(18)), codeStream(3)])],
    ['components of another size', codeStream(3, 2)],
  ])('says that an image with %s needs more than its samples', (_what, bytes) => {
    expect(readJpxHeader(bytes)).toMatchObject({ isPlain: false });
  });

  it('knows no header in what is cut', () => {
    for (let length = 0; length < 42; length++)
      expect(readJpxHeader(codeStream(1).subarray(0, length))).toBeUndefined();
  });
});

describe('sniffFormat', () => {
  it.each([
    ['<!-- a comment -->\n<HTML>', /web page/u],
    ['\xef\xbb\xbf  <!doctype html>', /web page/u],
    ['<?xml version="1.0"?>', /XML/u],
    ['\xff\xd8\xff\xe1', /JPEG/u],
    ['PK\x03\x04', /ZIP/u],
    ['\0'.repeat(50), /zeros/u],
    ['Dear reader,\n', /plain text/u],
  ])('names %j', (head, name) => {
    expect(sniffFormat(Buffer.from(head, 'latin1'))?.name).toMatch(name);
  });

  it('does not guess', () => {
    expect(sniffFormat(Buffer.from([1, 2, 3, 0x90]))).toBeUndefined();
    expect(sniffFormat(new Uint8Array(0))).toBeUndefined();
  });
});
