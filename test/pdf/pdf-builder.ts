import { deflateSync } from 'node:zlib';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The text of an object, or its bytes; `<<..>>` of a stream without the Length. */
export interface SourceObject {
  readonly body: string;
  /** Makes it a stream; compressed if the body asks for FlateDecode. */
  readonly stream?: string | Uint8Array;
}

export interface BuildOptions {
  /** Further entries of the trailer. */
  readonly trailer?: string;
  /** Put before the header. */
  readonly prefix?: string;
  /** As a cross-reference stream, objects without streams in an object stream. */
  readonly packed?: boolean;
}

/** Builds a PDF of objects by number; number 1 is the catalog. */
export function buildPdf(objects: Readonly<Record<number, SourceObject | string>>, options: BuildOptions = {}): Buffer {
  const file = new Parts('%PDF-1.5\n%\u00e2\u00e3\u00cf\u00d3\n');
  const entries = Object.entries(objects).map(([num, value]) => {
    const object = typeof value === 'string' ? { body: value } : value;
    return { num: Number(num), ...object };
  });
  const bytes = options.packed ? packedPdf(file, entries, options) : plainPdf(file, entries, options);
  return Buffer.concat([Buffer.from(options.prefix ?? '', 'latin1'), bytes]);
}

type Numbered = SourceObject & { readonly num: number };

class Parts {
  readonly #parts: Buffer[] = [];
  length = 0;
  constructor(head: string) {
    this.add(head);
  }
  add(part: string | Uint8Array): void {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
  /** Writes an object and gives its offset. */
  object({ num, body, stream }: Numbered): number {
    const offset = this.length;
    this.add(`${num} 0 obj\n`);
    if (stream === undefined) this.add(body);
    else {
      const plain = typeof stream === 'string' ? Buffer.from(stream, 'latin1') : stream;
      const stored = body.includes('/FlateDecode') ? deflateSync(plain) : plain;
      this.add(`${body.replace(/>>\s*$/u, '')} /Length ${stored.length}>>\nstream\n`);
      this.add(stored);
      this.add('\nendstream');
    }
    this.add('\nendobj\n');
    return offset;
  }
  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function plainPdf(file: Parts, entries: readonly Numbered[], options: BuildOptions): Buffer {
  const offsets = new Map(entries.map((entry) => [entry.num, file.object(entry)]));
  const size = Math.max(...offsets.keys()) + 1;
  const start = file.length;
  file.add(`xref\n0 ${size}\n0000000000 65535 f \n`);
  for (let num = 1; num < size; num++) {
    const offset = offsets.get(num);
    file.add(offset === undefined ? '0000000000 00000 f \n' : `${String(offset).padStart(10, '0')} 00000 n \n`);
  }
  file.add(`trailer\n<</Size ${size} /Root 1 0 R ${options.trailer ?? ''}>>\nstartxref\n${start}\n%%EOF\n`);
  return file.whole();
}

function packedPdf(file: Parts, entries: readonly Numbered[], options: BuildOptions): Buffer {
  const inside = entries.filter((entry) => entry.stream === undefined);
  const container = Math.max(...entries.map(({ num }) => num)) + 1;
  const rows = new Map<number, readonly [number, number, number]>([[0, [0, 0, 255]]]);
  for (const entry of entries) if (entry.stream !== undefined) rows.set(entry.num, [1, file.object(entry), 0]);
  let head = '';
  let bodies = '';
  for (const [index, { num, body }] of inside.entries()) {
    head += `${num} ${bodies.length} `;
    bodies += `${body}\n`;
    rows.set(num, [2, container, index]);
  }
  const body = `<</Type /ObjStm /N ${inside.length} /First ${head.length} /Filter /FlateDecode>>`;
  rows.set(container, [1, file.object({ num: container, body, stream: head + bodies }), 0]);
  rows.set(container + 1, [1, file.length, 0]);
  const size = container + 2;
  const table = Buffer.alloc(size * 7);
  for (let num = 0; num < size; num++) {
    const [type, field, last] = rows.get(num) ?? [0, 0, 0];
    table.writeUInt8(type, num * 7);
    table.writeUInt32BE(field, num * 7 + 1);
    table.writeUInt16BE(last, num * 7 + 5);
  }
  const start = file.length;
  file.object({
    num: container + 1,
    body: `<</Type /XRef /W [1 4 2] /Size ${size} /Root 1 0 R /Filter /FlateDecode ${options.trailer ?? ''}>>`,
    stream: table,
  });
  file.add(`startxref\n${start}\n%%EOF\n`);
  return file.whole();
}

/** A document whose pages each say `Page n` visibly. Objects: 1 catalog, 2 page tree, 3 font, from 4 on two a page. */
export function textDocument(pageCount: number, options: BuildOptions = {}): Buffer {
  const objects: Record<number, SourceObject | string> = {
    1: '<</Type /Catalog /Pages 2 0 R>>',
    3: '<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>',
  };
  const kids: string[] = [];
  for (let n = 1; n <= pageCount; n++) {
    const page = 2 + 2 * n;
    kids.push(`${page} 0 R`);
    objects[page] = `<</Type /Page /Parent 2 0 R /Contents ${page + 1} 0 R>>`;
    objects[page + 1] = { body: '<<>>', stream: `BT /F1 24 Tf 72 700 Td (Page ${n}) Tj ET` };
  }
  objects[2] = `<</Type /Pages /Count ${pageCount} /Kids [${kids.join(' ')}] /MediaBox [0 0 612 792] /Resources <</Font <</F1 3 0 R>>>>>>`;
  return buildPdf(objects, options);
}

/** A folder of its own below the system's temporary one. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'ocr-pipeline-pdf-'));

  /** Writes a file and gives its path. */
  file(name: string, bytes: Uint8Array | string): string {
    const path = join(this.folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
