/** An object of a PDF that is written from nothing: its number is its place in the list, from 1. */
export interface SmallPdfObject {
  /** The value, or the dictionary of a stream, one character a byte (Latin-1). */
  readonly head: string;
  readonly stream?: Uint8Array | undefined;
}

/** Writes a whole PDF in memory; the first object is its catalog. */
export function writeSmallPdf(objects: readonly SmallPdfObject[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const push = (part: string | Uint8Array): void => {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
    parts.push(bytes);
    length += bytes.length;
  };
  push('%PDF-1.7\n');
  const offsets = objects.map(({ head, stream }, i) => {
    const offset = length;
    push(`${i + 1} 0 obj\n${head}\n`);
    if (stream) {
      push('stream\n');
      push(stream);
      push('\nendstream\n');
    }
    push('endobj\n');
    return offset;
  });
  const size = objects.length + 1;
  const start = length;
  push(`xref\n0 ${size}\n0000000000 65535 f \n`);
  push(offsets.map((offset) => `${offset.toString().padStart(10, '0')} 00000 n \n`).join(''));
  push(`trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  // A copy of its own: pdf.js takes the buffer over.
  return Uint8Array.from(Buffer.concat(parts));
}
