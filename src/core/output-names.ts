import { OUTPUT_FORMATS, type OutputFormat } from './settings.ts';
import { compareNatural } from './natural-order.ts';

const EXTENSIONS: Readonly<Record<OutputFormat, string>> = {
  txt: '.txt',
  pdf: '.pdf',
  hocr: '.hocr',
  alto: '.alto.xml',
  tsv: '.tsv',
  jsonl: '.jsonl',
};

/** Longest file name on the file systems we meet, in bytes of UTF-8. Box allows 255 characters. */
const MAX_NAME_BYTES = 255;

/** Room for the longest extension, so that all outputs of a document share one stem. */
const MAX_STEM_BYTES = MAX_NAME_BYTES - Math.max(...Object.values(EXTENSIONS).map((extension) => extension.length));

/** The path of one output: a stem of {@link planOutputStems} and the format's extension. */
export function outputPath(stem: string, format: OutputFormat): string {
  return `${stem}${EXTENSIONS[format]}`;
}

/** The format that a file of this name would be, by its extension in any case; `undefined` where it is none of ours. */
export function formatOfName(name: string): OutputFormat | undefined {
  return OUTPUT_FORMATS.find((format) => name.toLowerCase().endsWith(EXTENSIONS[format]));
}

/** The stem that {@link outputPath} makes this name of. */
export function stemOfName(name: string, format: OutputFormat): string {
  return name.slice(0, name.length - EXTENSIONS[format].length);
}

/**
 * Gives each document path a stem for its outputs, unlike all others also where case and Unicode form do not count (as on
 * Box, macOS and Windows). `a.pdf` gets `a`; a second document that would get the same keeps its extension (`a.PDF`), a
 * third a number. Depends only on the set of paths, not on their order.
 * @param named the stem of the one document there is, where a person named it.
 */
export function planOutputStems(paths: Iterable<string>, named?: string): Map<string, string> {
  const stems = new Map<string, string>();
  const all = [...paths];
  if (named !== undefined && all[0] !== undefined && all.length === 1) return stems.set(all[0], named);
  const taken = new Set<string>();
  for (const path of all.sort(compareNatural)) {
    const candidates = [path.replace(/\.pdf$/i, ''), path];
    let stem: string | undefined;
    for (let n = 0; stem === undefined; n++) {
      const candidate = fitName(candidates[n] ?? `${path} (${n})`);
      const key = candidate.normalize('NFC').toLowerCase();
      if (taken.has(key) || isEmptyName(candidate)) continue;
      taken.add(key);
      stem = candidate;
    }
    stems.set(path, stem);
  }
  return stems;
}

function isEmptyName(path: string): boolean {
  return path === '' || path.endsWith('/');
}

/** Cuts the last part of a path at a character so that the longest extension still fits. */
function fitName(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  const folder = path.slice(0, slash);
  const number = /(?: \(\d+\))?$/.exec(path)?.[0] ?? '';
  let name = path.slice(slash, path.length - number.length);
  while (Buffer.byteLength(name + number) > MAX_STEM_BYTES) {
    // By code points, so that no surrogate pair is torn.
    name = Array.from(name).slice(0, -1).join('');
  }
  return folder + name + number;
}
