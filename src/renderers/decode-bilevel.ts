import type { PDFPageProxy } from 'pdfjs-dist';
import type { PdfDict } from '../pdf/pdf-value.ts';
import type { Samples } from './convert-samples.ts';
import { loadPdfjs, MAX_CANVAS_BYTES } from './load-pdfjs.ts';
import { writeSmallPdf } from './write-small-pdf.ts';

/** A 1-bit image as a PDF holds it. */
export interface BilevelImage {
  readonly filter: 'JBIG2Decode' | 'CCITTFaxDecode';
  readonly bytes: Uint8Array;
  /** Shared symbols of JBIG2 images. */
  readonly globals: Uint8Array | undefined;
  /** Of fax data. */
  readonly parms: PdfDict | undefined;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Decoding is done in this thread before the answer comes; later it will never come. */
const MAX_WAIT_MS = 20_000;

/**
 * Decodes JBIG2, or fax data of any kind, by pdf.js: in a PDF made of this image alone, so that neither the size of the
 * document nor its state plays a part.
 * @returns `undefined` where it cannot be decoded.
 */
export async function decodeBilevel(image: BilevelImage, signal: AbortSignal): Promise<Samples | undefined> {
  const { pdfjs, packageFolder } = await loadPdfjs();
  const { widthPx, heightPx } = image;
  const task = pdfjs.getDocument({
    data: makeCapsule(image),
    verbosity: pdfjs.VerbosityLevel.ERRORS,
    canvasMaxAreaInBytes: MAX_CANVAS_BYTES,
    wasmUrl: `${packageFolder}wasm/`,
  });
  try {
    const page = await (await task.promise).getPage(1);
    const { fnArray, argsArray } = await page.getOperatorList();
    const at = fnArray.indexOf(pdfjs.OPS.paintImageXObject);
    const [id] = (argsArray[at] ?? []) as readonly unknown[];
    signal.throwIfAborted();
    const decoded = typeof id === 'string' ? await waitForImage(page, id) : undefined;
    const rowBytes = Math.ceil(widthPx / 8);
    if (decoded?.kind !== pdfjs.ImageKind.GRAYSCALE_1BPP || decoded.data?.length !== rowBytes * heightPx)
      return undefined;
    return { widthPx, heightPx, components: 1, bitsPerComponent: 1, data: Uint8Array.from(decoded.data) };
  } finally {
    await task.destroy();
  }
}

interface DecodedImage {
  readonly kind?: number;
  readonly data?: Uint8Array | Uint8ClampedArray;
}

async function waitForImage(page: PDFPageProxy, id: string): Promise<DecodedImage | undefined> {
  const objects = (id.startsWith('g_') ? page.commonObjs : page.objs) as {
    get(id: string, callback: (image: DecodedImage | null) => void): unknown;
  };
  const { promise, resolve } = Promise.withResolvers<DecodedImage | undefined>();
  const timer = setTimeout(() => resolve(undefined), MAX_WAIT_MS);
  objects.get(id, (image) => resolve(image ?? undefined));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** A PDF of one page that is filled by the image. */
function makeCapsule(image: BilevelImage): Uint8Array {
  const { widthPx, heightPx, filter, bytes, globals } = image;
  const content = `${widthPx} 0 0 ${heightPx} 0 0 cm /I Do`;
  const parms = globals ? '<</JBIG2Globals 6 0 R>>' : `<<${writeFaxParms(image.parms)}>>`;
  return writeSmallPdf([
    { head: '<</Type/Catalog/Pages 2 0 R>>' },
    { head: '<</Type/Pages/Kids[3 0 R]/Count 1>>' },
    {
      head:
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${widthPx} ${heightPx}]/Contents 4 0 R` +
        '/Resources<</XObject<</I 5 0 R>>>>>>',
    },
    { head: `<</Length ${content.length}>>`, stream: Buffer.from(content) },
    {
      head:
        `<</Type/XObject/Subtype/Image/Width ${widthPx}/Height ${heightPx}/BitsPerComponent 1/ColorSpace/DeviceGray` +
        `/Filter/${filter}/DecodeParms ${parms}/Length ${bytes.length}>>`,
      stream: bytes,
    },
    ...(globals ? [{ head: `<</Length ${globals.length}>>`, stream: globals }] : []),
  ]);
}

const FAX_PARMS = ['K', 'Columns', 'Rows', 'BlackIs1', 'EncodedByteAlign', 'EndOfLine', 'EndOfBlock'] as const;

function writeFaxParms(parms: PdfDict | undefined): string {
  return FAX_PARMS.map((key) => {
    const value = parms?.get(key);
    return typeof value === 'number' || typeof value === 'boolean' ? `/${key} ${value}` : '';
  }).join('');
}
