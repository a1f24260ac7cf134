import { crc32, deflateRawSync } from 'node:zlib';

/** A file for an archive, with the lies it may tell. */
export interface ZipPart {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the directory says instead of the truth. */
  readonly claims?: {
    readonly sizeBytes?: number;
    readonly crc?: number;
    readonly offset?: number;
    readonly encrypted?: boolean;
    readonly mode?: number;
  };
  readonly stored?: boolean;
}

/** Writes a zip archive as small as the format allows (APPNOTE.TXT, 4.3), honest or not. */
export function writeZip(parts: readonly ZipPart[]): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, claims = {}, stored = false } of parts) {
    const raw = Buffer.from(name);
    const packed = stored ? Buffer.from(bytes) : deflateRawSync(bytes);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    // Bit 11: the name is UTF-8.
    fields.writeUInt16LE(0x800 | (claims.encrypted ? 1 : 0), 2);
    fields.writeUInt16LE(stored ? 0 : 8, 4);
    fields.writeUInt32LE(claims.crc ?? crc32(bytes), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(claims.sizeBytes ?? bytes.length, 18);
    fields.writeUInt16LE(raw.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), fields, raw, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((claims.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(claims.offset ?? offset, 10);
    // Made by Unix, so that the mode counts.
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002', 'latin1'), Buffer.from([20, 3]), fields, tail, raw]));
    pieces.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...pieces, central, end]);
}
