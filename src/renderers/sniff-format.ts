/** What a file is that is no PDF. */
export interface ForeignFormat {
  /** As a person would say it: `a JPEG picture`. */
  readonly name: string;
  /** May hold PDFs: it can be unpacked. */
  readonly isArchive: boolean;
}

const ENTRIES: readonly (readonly [magic: string, at: number, name: string, isArchive?: 'archive'])[] = [
  ['\xff\xd8\xff', 0, 'a JPEG picture'],
  ['\x89PNG', 0, 'a PNG picture'],
  ['GIF8', 0, 'a GIF picture'],
  ['II*\0', 0, 'a TIFF picture'],
  ['MM\0*', 0, 'a TIFF picture'],
  ['BM', 0, 'a BMP picture'],
  ['\0\0\0\x0cjP', 0, 'a JPEG 2000 picture'],
  ['ftypheic', 4, 'a HEIC picture'],
  ['AT&TFORM', 0, 'a DjVu document'],
  ['%!PS', 0, 'a PostScript document'],
  ['{\\rtf', 0, 'an RTF document'],
  ['PK\x03\x04', 0, 'a ZIP archive or an Office document', 'archive'],
  ['\xd0\xcf\x11\xe0', 0, 'an old Office document'],
  ['\x1f\x8b', 0, 'a gzip archive', 'archive'],
  ['Rar!', 0, 'a RAR archive', 'archive'],
  ['PK\x05\x06', 0, 'an empty ZIP archive', 'archive'],
  ['BZh', 0, 'a bzip2 archive', 'archive'],
  ['\xfd7zXZ', 0, 'an xz archive', 'archive'],
  ['\x28\xb5\x2f\xfd', 0, 'a zstd archive', 'archive'],
  ['ustar', 257, 'a tar archive', 'archive'],
  ['WEBP', 8, 'a WebP picture'],
  ['7z\xbc\xaf', 0, 'a 7z archive', 'archive'],
];

/** Formats of text, and magics that text may begin with: a PDF header near the beginning counts for more. */
const WEAK_MAGICS = new Set(['BM', '%!PS', '{\\rtf']);

/**
 * Says what a file is if it is no PDF, whatever stands further down in it: archives and pictures may hold PDFs, and still
 * are none. A PDF may begin with up to 1024 bytes of other things (ISO 32000-1, annex H).
 */
export function sniffForeignFormat(head: Uint8Array): ForeignFormat | undefined {
  const text = Buffer.from(head.subarray(0, 1024)).toString('latin1');
  const found = ENTRIES.find(([magic, at]) => text.startsWith(magic, at));
  if (found && !WEAK_MAGICS.has(found[0])) return formatOf(found);
  if (text.includes('%PDF-')) return undefined;
  return found ? formatOf(found) : sniffMarkup(text);
}

/** Says what a file is by its first bytes, as a person would: `a JPEG picture`; `undefined` where they tell nothing. */
export function sniffFormat(head: Uint8Array): ForeignFormat | undefined {
  const text = Buffer.from(head.subarray(0, 1024)).toString('latin1');
  const found = ENTRIES.find(([magic, at]) => text.startsWith(magic, at));
  if (found) return formatOf(found);
  const markup = sniffMarkup(text);
  if (markup !== undefined) return markup;
  if (text.length > 0 && /^\0+$/u.test(text)) return plain('zeros, as after a download that broke off');
  return text.length > 0 && /^[\t\n\r\f\x20-\x7e\x80-\xff]+$/u.test(text) ? plain('plain text') : undefined;
}

function formatOf([, , name, isArchive]: (typeof ENTRIES)[number]): ForeignFormat {
  return { name, isArchive: isArchive !== undefined };
}

function plain(name: string): ForeignFormat {
  return { name, isArchive: false };
}

function sniffMarkup(text: string): ForeignFormat | undefined {
  if (/^(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b/isu.test(text)) {
    return plain('a web page, perhaps a log-in or error page saved instead of the file');
  }
  if (/^(?:\xef\xbb\xbf)?\s*<\?xml/u.test(text)) return plain('an XML document');
  return undefined;
}
