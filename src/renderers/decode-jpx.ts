import { readFile } from 'node:fs/promises';
import { canConvert, convertSamples } from './convert-samples.ts';
import type { ImageDescription } from './describe-image.ts';
import { readJpxHeader, type JpxHeader } from './image-headers.ts';
import { tooLarge, type ImageLimits } from './image-limits.ts';
import { pdfjsFolder } from './load-pdfjs.ts';
import type { Raster } from './raster.ts';

/** The part of pdf.js's stand-alone decoders that is used here; the package has no types for them. */
interface ImageDecoders {
  readonly JpxImage: {
    setOptions(options: {
      readonly useWasm: boolean;
      readonly useWorkerFetch: boolean;
      readonly wasmUrl: string;
      getHandler(): { sendWithPromise(action: string, file: { readonly filename: string }): Promise<Uint8Array> };
    }): void;
    readonly instance: {
      decode(
        bytes: Uint8Array,
        options: { readonly numComponents: number; readonly reducePower: number },
      ): Promise<Uint8Array | Uint8ClampedArray>;
    };
  };
  setVerbosityLevel(level: number): void;
}

/** OpenJPEG holds four bytes a sample, and one more of output. */
const BYTES_PER_SAMPLE = 5;
const MAX_DECODER_BYTES = 400e6;

/** The decoder itself, below the package's folder `wasm`. */
const DECODER_FILE = 'openjpeg.wasm';

/** A variable, as the compiler would look for types of a plain string. */
const DECODERS_MODULE: string = 'pdfjs-dist/image_decoders/pdf.image_decoders.mjs';

let loaded: Promise<ImageDecoders> | undefined;

/**
 * Decodes a JPEG 2000 image of one or three components. One too large is decoded at a half, a quarter ... of its size,
 * which the format provides for.
 * @returns `undefined` where only pdf.js knows what to do with it.
 * @throws {PageError} `PAGE_TOO_LARGE`
 */
export async function decodeJpx(
  bytes: Uint8Array,
  description: ImageDescription,
  limits: ImageLimits,
): Promise<Raster | undefined> {
  const header = readJpxHeader(bytes);
  if (!header?.isPlain || description.isStencil) return undefined;
  const space = description.space ?? (header.components === 1 ? { kind: 'grey' } : { kind: 'rgb' });
  const asGiven: ImageDescription = { ...description, space };
  if (!canConvert(asGiven, header.components) || asGiven.space.kind === 'indexed') return undefined;
  const reducePower = chooseReduction(header, limits);
  const { JpxImage } = await loadDecoders();
  const widthPx = Math.ceil(header.widthPx / 2 ** reducePower);
  const heightPx = Math.ceil(header.heightPx / 2 ** reducePower);
  const { components } = header;
  const data = await JpxImage.instance.decode(bytes, { numComponents: components, reducePower });
  if (data.length !== widthPx * heightPx * components) return undefined;
  const plain = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const samples = { widthPx, heightPx, components, bitsPerComponent: 8, data: plain } as const;
  return convertSamples(samples, asGiven.space, description.decode);
}

function chooseReduction(header: JpxHeader, limits: ImageLimits): number {
  const pixels = header.widthPx * header.heightPx;
  // Files have five reductions as a rule.
  for (let power = 0; power <= 5; power++) {
    const reduced = pixels / 4 ** power;
    if (reduced <= limits.pixels && reduced * header.components * BYTES_PER_SAMPLE <= MAX_DECODER_BYTES) return power;
  }
  throw tooLarge(header.widthPx, header.heightPx, limits);
}

function loadDecoders(): Promise<ImageDecoders> {
  loaded ??= load().catch((error: unknown) => {
    // What this machine refuses now it may grant for the next image.
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function load(): Promise<ImageDecoders> {
  const folder = pdfjsFolder();
  const decoders = (await import(DECODERS_MODULE)) as ImageDecoders;
  // Here, as pdf.js takes a file that cannot be read for an image that cannot be decoded.
  const decoder = await readFile(`${folder}wasm/${DECODER_FILE}`);
  decoders.setVerbosityLevel(0);
  decoders.JpxImage.setOptions({
    useWasm: true,
    useWorkerFetch: false,
    wasmUrl: `${folder}wasm/`,
    getHandler: () => ({
      sendWithPromise: (_action, { filename }) =>
        filename === DECODER_FILE ? Promise.resolve(decoder) : readFile(`${folder}wasm/${filename}`),
    }),
  });
  return decoders;
}
