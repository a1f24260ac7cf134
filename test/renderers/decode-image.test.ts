import { randomBytes } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { PdfFile } from '../../src/pdf/pdf-file.ts';
import { type PdfDict, PdfStream } from '../../src/pdf/pdf-value.ts';
import { decodeImage } from '../../src/renderers/decode-image.ts';
import { packBits, type Raster } from '../../src/renderers/raster.ts';
import { samplePdf, withFile } from '../conformance/page-renderer-samples.ts';

const CALM = new AbortController().signal;

function decode(dict: string, data: Uint8Array, pixels = 1e6): Promise<Raster | undefined> {
  const page = { mediaBox: [0, 0, 72, 72], content: '', image: { dict, data } };
  return withFile(samplePdf([page]), async (file) => {
    await using pdf = await PdfFile.open(file);
    const { resources } = await pdf.page(1);
    const objects = await pdf.get(resources, 'XObject');
    const image = await pdf.get(objects as PdfDict, 'Im');
    expect(image).toBeInstanceOf(PdfStream);
    return await decodeImage(pdf, image as PdfStream, { pixels, pageNumber: 1 }, CALM, () => undefined);
  });
}

/** A grey image of rings and dots. */
function drawing(widthPx: number, heightPx: number, isBilevel: boolean): Raster {
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    const level = 127 + 127 * Math.sin(Math.hypot(x - 20, y - 30) / 3);
    return isBilevel ? (level < 128 ? 0 : 255) : level;
  });
  return { widthPx, heightPx, bitsPerPixel: 8, data };
}

function toSharp({ widthPx, heightPx, data }: Raster): Sharp {
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 1 } });
}

/** The data of a TIFF's only strip. */
function stripOf(tiff: Buffer): Buffer {
  const at = tiff.readUInt32LE(4);
  const field = (tag: number): number => {
    for (let i = at + 2; i < at + 2 + tiff.readUInt16LE(at) * 12; i += 12) {
      if (tiff.readUInt16LE(i) === tag)
        return tiff.readUInt16LE(i + 2) === 3 ? tiff.readUInt16LE(i + 8) : tiff.readUInt32LE(i + 8);
    }
    throw new Error(`no TIFF tag ${tag}`);
  };
  return tiff.subarray(field(273), field(273) + field(279));
}

/** Rows in one strip: sharp writes some rows a strip, as many as a tile is high. */
async function faxOf(raster: Raster): Promise<Buffer> {
  const tiff = await toSharp(raster)
    .toColourspace('b-w')
    .tiff({ compression: 'ccittfax4', bitdepth: 1, tile: false, miniswhite: true })
    .toBuffer();
  return stripOf(tiff);
}

const DCT = '/Filter/DCTDecode/BitsPerComponent 8';

describe('JPEG', () => {
  it('gives grey pixels as they were compressed, with Decode arrays applied', async () => {
    const image = drawing(50, 40, false);
    const jpeg = await toSharp(image).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer();
    const dict = `/Width 50/Height 40/ColorSpace/DeviceGray${DCT}`;
    const decoded = await decode(dict, jpeg);
    expect(decoded).toMatchObject({ widthPx: 50, heightPx: 40, bitsPerPixel: 8 });
    expect(Math.max(...image.data.map((level, i) => Math.abs(level - (decoded?.data[i] ?? 999))))).toBeLessThan(6);
    const reversed = await decode(`${dict}/Decode[1 0]`, jpeg);
    expect(reversed?.data.every((level, i) => level === 255 - (decoded?.data[i] ?? 0))).toBe(true);
  });

  it('keeps colour, and makes colourless RGB grey', async () => {
    const dict = `/Width 8/Height 8/ColorSpace/DeviceRGB${DCT}`;
    const red = { create: { width: 8, height: 8, channels: 3, background: '#ff0000' } } as const;
    const decoded = await decode(dict, await sharp(red).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer());
    expect(decoded?.bitsPerPixel).toBe(24);
    expect([...(decoded?.data.subarray(0, 3) ?? [])].map((level) => Math.round(level / 50))).toEqual([5, 0, 0]);
    const grey = { create: { width: 8, height: 8, channels: 3, background: '#808080' } } as const;
    expect((await decode(dict, await sharp(grey).jpeg().toBuffer()))?.bitsPerPixel).toBe(8);
  });

  it('leaves CMYK, and what is no JPEG, to pdf.js', async () => {
    const colour = { create: { width: 8, height: 8, channels: 3, background: '#ff0000' } } as const;
    const cmyk = await sharp(colour).toColourspace('cmyk').jpeg().toBuffer();
    expect(await decode(`/Width 8/Height 8/ColorSpace/DeviceCMYK${DCT}`, cmyk)).toBeUndefined();
    expect(await decode(`/Width 8/Height 8/ColorSpace/DeviceGray${DCT}`, Buffer.from('no JPEG'))).toBeUndefined();
  });

  it('is decoded smaller when it is larger than allowed, and refused when it only claims to be so large', async () => {
    const noise = { widthPx: 300, heightPx: 200, bitsPerPixel: 8, data: randomBytes(60_000) } as const;
    const jpeg = await toSharp(noise).toColourspace('b-w').jpeg().toBuffer();
    const dict = `/Width 300/Height 200/ColorSpace/DeviceGray${DCT}`;
    expect(await decode(dict, jpeg, 20_000)).toMatchObject({ widthPx: 150, heightPx: 100 });
    await expect(decode(dict, jpeg, 900)).rejects.toMatchObject({ code: 'PAGE_TOO_LARGE' });
    const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
    jpeg.writeUInt16BE(65_500, frame + 5);
    jpeg.writeUInt16BE(65_500, frame + 7);
    await expect(decode(dict, jpeg, 1e8)).rejects.toThrow(/65500 x 65500/u);
  });
});

describe('Group 4 fax', () => {
  const image = drawing(61, 40, true);
  const packed = packBits(image).data;

  it('gives its bits, black as black', async () => {
    const parms = '/DecodeParms<</K -1/Columns 61/Rows 40>>';
    const dict = `/Width 61/Height 40/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode${parms}`;
    const decoded = await decode(dict, await faxOf(image));
    expect(decoded).toMatchObject({ widthPx: 61, heightPx: 40, bitsPerPixel: 1 });
    expect(Buffer.from(decoded?.data ?? []).equals(packed)).toBe(true);
  });

  it('follows BlackIs1, Decode and stencils', async () => {
    const fax = await faxOf(image);
    const reversed = packed.map((byte, i) => (i % 8 === 7 ? ~byte & 0b11111000 : ~byte));
    const start = '/Width 61/Height 40/BitsPerComponent 1/Filter/CCITTFaxDecode';
    const blackIsOne = await decode(
      `${start}/ColorSpace/DeviceGray/DecodeParms<</K -1/Columns 61/BlackIs1 true>>`,
      fax,
    );
    expect(Buffer.from(blackIsOne?.data ?? []).equals(reversed)).toBe(true);
    const both = await decode(
      `${start}/ColorSpace/DeviceGray/Decode[1 0]/DecodeParms<</K -1/Columns 61/BlackIs1 true>>`,
      fax,
    );
    expect(Buffer.from(both?.data ?? []).equals(packed)).toBe(true);
    const stencil = await decode(`${start}/ImageMask true/DecodeParms<</K -1/Columns 61>>`, fax);
    expect(Buffer.from(stencil?.data ?? []).equals(packed)).toBe(true);
  });

  it('is decoded by pdf.js alike', async () => {
    // A claim that rows start at bytes keeps it from the quick way; one row does so in any case.
    const row = drawing(61, 1, true);
    const parms = '/DecodeParms<</K -1/Columns 61/Rows 1/EncodedByteAlign true>>';
    const dict = `/Width 61/Height 1/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode${parms}`;
    const decoded = await decode(dict, await faxOf(row));
    expect(Buffer.from(decoded?.data ?? []).equals(packBits(row).data)).toBe(true);
  });
});

describe('plain samples', () => {
  it('are read through filters, with palettes and calibrated spaces', async () => {
    const hex = '/BitsPerComponent 8/Filter/ASCIIHexDecode';
    expect((await decode(`/Width 2/Height 1/ColorSpace[/CalGray<<>>]${hex}`, Buffer.from('07C8>')))?.data).toEqual(
      Uint8Array.of(7, 200),
    );
    const palette = '[/Indexed/DeviceRGB 1<0102030A0B0C>]';
    expect((await decode(`/Width 2/Height 1/ColorSpace${palette}${hex}`, Buffer.from('0001>')))?.data).toEqual(
      Uint8Array.of(1, 2, 3, 10, 11, 12),
    );
  });

  it('are left to pdf.js in other spaces, and refused when too many', async () => {
    const dict = '/Width 2/Height 1/BitsPerComponent 8';
    expect(await decode(`${dict}/ColorSpace[/Lab<</WhitePoint[1 1 1]>>]`, Buffer.alloc(6))).toBeUndefined();
    expect(await decode(`${dict}/ColorSpace/DeviceCMYK`, Buffer.alloc(8))).toBeUndefined();
    await expect(
      decode('/Width 5000/Height 5000/BitsPerComponent 1/ColorSpace/DeviceGray', Buffer.alloc(8)),
    ).rejects.toMatchObject({
      code: 'PAGE_TOO_LARGE',
    });
  });
});
