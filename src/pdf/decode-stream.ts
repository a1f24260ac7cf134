import { decodeFlate, type OnDamage, OutputLimitError } from './flate-decode.ts';
import { PdfSyntaxError } from './byte-cursor.ts';
import { isName, isPdfArray, PdfDict, type PdfValue } from './pdf-value.ts';
import { undoPredictor } from './predictor.ts';
import { decodeAscii85, decodeAsciiHex, decodeLzw, decodeRunLength } from './simple-decoders.ts';

/** One step of decoding; the values of `parms` are no references. */
export interface FilterStep {
  /** The long name: `FlateDecode`. */
  readonly name: string;
  readonly parms: PdfDict;
}

export type ImageFilter = 'DCTDecode' | 'CCITTFaxDecode' | 'JBIG2Decode' | 'JPXDecode';

export interface DecodedStream {
  readonly bytes: Uint8Array;
  /** The image format the bytes are still in; absent where all filters were undone. */
  readonly remainingFilter?: ImageFilter | undefined;
  /** Its parameters; direct values, but JBIG2Globals is left a reference. */
  readonly parms?: PdfDict | undefined;
  /** The first damage that was met: data that stops before its end, or makes no sense, and the filter that met it. */
  readonly damage?: StreamDamage | undefined;
}

export interface StreamDamage {
  readonly kind: 'cut' | 'corrupt';
  /** Absent where the stream itself is cut off at the end of the file. */
  readonly filter?: string | undefined;
}

const LONG_NAMES: Readonly<Record<string, string>> = {
  A85: 'ASCII85Decode',
  AHx: 'ASCIIHexDecode',
  CCF: 'CCITTFaxDecode',
  DCT: 'DCTDecode',
  Fl: 'FlateDecode',
  LZW: 'LZWDecode',
  RL: 'RunLengthDecode',
};
const IMAGE_FILTERS: ReadonlySet<string> = new Set(['DCTDecode', 'CCITTFaxDecode', 'JBIG2Decode', 'JPXDecode']);
/** Nobody needs as many; a hostile chain multiplies work. */
const MAX_FILTERS = 8;

/**
 * Lists a stream's filters from its `Filter` and `DecodeParms`, whose references are resolved.
 * @throws {PdfSyntaxError} there are too many.
 */
export function listFilters(filter: PdfValue | undefined, parms: PdfValue | undefined): readonly FilterStep[] {
  const names = isPdfArray(filter) ? filter : filter === undefined || filter === null ? [] : [filter];
  if (names.length > MAX_FILTERS) throw new PdfSyntaxError('too many filters');
  const allParms = isPdfArray(parms) ? parms : [parms];
  return names.map((value, i) => {
    const name = isName(value) ? value.name : '';
    const own = allParms[i];
    return { name: LONG_NAMES[name] ?? name, parms: own instanceof PdfDict ? own : new PdfDict() };
  });
}

/**
 * Undoes filters up to the first image format, or all of them.
 * @throws {OutputLimitError} more than `maxBytes` come out of a step.
 * @throws {PdfSyntaxError} a filter is unknown, or stands after an image format.
 */
export async function decodeBytes(
  raw: Uint8Array,
  filters: readonly FilterStep[],
  maxBytes: number,
): Promise<DecodedStream> {
  let bytes = raw;
  let damage: StreamDamage | undefined;
  for (const [i, filter] of filters.entries()) {
    if (IMAGE_FILTERS.has(filter.name)) {
      if (i < filters.length - 1) throw new PdfSyntaxError('an image format inside another filter');
      return { bytes, remainingFilter: filter.name as ImageFilter, parms: filter.parms, damage };
    }
    bytes = await decodeStep(bytes, filter, maxBytes, (kind) => (damage ??= { kind, filter: filter.name }));
    if (bytes.length > maxBytes) throw new OutputLimitError('limit');
  }
  return { bytes, damage };
}

async function decodeStep(
  bytes: Uint8Array,
  { name, parms }: FilterStep,
  maxBytes: number,
  onDamage: OnDamage,
): Promise<Uint8Array> {
  // Predicted rows carry a byte each that is not output: at worst every second one.
  const plainBytes = hasPredictor(parms) ? maxBytes * 2 : maxBytes;
  switch (name) {
    case 'FlateDecode':
      return undoPredictor(await decodeFlate(bytes, plainBytes, onDamage), predictorParms(parms), onDamage);
    case 'LZWDecode': {
      const plain = decodeLzw(bytes, numberOr(parms.get('EarlyChange'), 1), plainBytes, onDamage);
      return undoPredictor(plain, predictorParms(parms), onDamage);
    }
    case 'ASCII85Decode':
      return decodeAscii85(bytes, onDamage);
    case 'ASCIIHexDecode':
      return decodeAsciiHex(bytes, onDamage);
    case 'RunLengthDecode':
      return decodeRunLength(bytes, maxBytes, onDamage);
    case 'Crypt':
      return bytes;
    default:
      throw new PdfSyntaxError(`unknown filter ${name}`);
  }
}

function hasPredictor(parms: PdfDict): boolean {
  return numberOr(parms.get('Predictor'), 1) > 1;
}

function predictorParms(parms: PdfDict): Parameters<typeof undoPredictor>[1] {
  return {
    predictor: numberOr(parms.get('Predictor'), 1),
    colors: numberOr(parms.get('Colors'), 1),
    bitsPerComponent: numberOr(parms.get('BitsPerComponent'), 8),
    columns: numberOr(parms.get('Columns'), 1),
  };
}

function numberOr(value: PdfValue | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
