import { createHash } from 'node:crypto';
import { stat, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type * as yauzlModule from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { DocumentError } from '../../../core/errors.ts';
import { asOutputError } from '../../../core/write-failure.ts';
import { placeFetched } from '../../../files/place-fetched.ts';
import { MAX_ZIP_ENTRIES, type ZipRecord } from './zip-entries.ts';

/** A file in an archive, and what reads it. */
export interface ZipEntry extends ZipRecord {
  readonly crc32: number;
  readonly entry: Entry;
}

/** An archive on this machine. Close it. */
export class ZipArchive implements Disposable {
  readonly #zip: ZipFile;
  readonly entries: readonly ZipEntry[];
  readonly sizeBytes: number;

  private constructor(zip: ZipFile, entries: readonly ZipEntry[], sizeBytes: number) {
    this.#zip = zip;
    this.entries = entries;
    this.sizeBytes = sizeBytes;
  }

  /** Opens an archive and reads its directory. @throws {DocumentError} `ZIP_DAMAGED`, `ZIP_BOMB`. */
  static async open(file: string, name: string): Promise<ZipArchive> {
    const yauzl = await import('yauzl');
    const { size } = await stat(file);
    try {
      // Names are decoded and judged by us: yauzl would refuse the whole archive for one bad name.
      const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true };
      const zip = await yauzl.openPromise(file, options);
      try {
        const entries = await readDirectory(zip, name, (entry) => nameOf(yauzl, entry));
        return new ZipArchive(zip, entries, size);
      } catch (error) {
        zip.close();
        throw error;
      }
    } catch (error) {
      throw error instanceof DocumentError ? error : damaged(name);
    }
  }

  /**
   * Unpacks one file: size and CRC-32 checked, then renamed into place.
   * @throws {DocumentError} `ZIP_DAMAGED`. @throws {OutputError} the disk.
   */
  async unpack(entry: ZipEntry, toFile: string, signal: AbortSignal): Promise<{ sizeBytes: number; sha1: string }> {
    let sha1 = '';
    try {
      await placeFetched(toFile, async (file) => {
        sha1 = await this.#unpackInto(entry, file, signal);
        return true;
      });
      return { sizeBytes: entry.sizeBytes, sha1 };
    } catch (error) {
      signal.throwIfAborted();
      throw asOutputError(error, toFile, { flag: '--work-dir' });
    }
  }

  /** Answers with the SHA-1. */
  async #unpackInto(entry: ZipEntry, file: FileHandle, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    let source: Readable | undefined;
    const stop = (): void => void source?.destroy(new Error('stopped'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      const hash = createHash('sha1');
      let sum = 0;
      let sizeBytes = 0;
      source = await this.#openEntry(entry);
      for await (const bytes of readChunks(source, entry.name)) {
        sizeBytes += bytes.length;
        if (sizeBytes > entry.sizeBytes) throw damaged(entry.name);
        hash.update(bytes);
        sum = crc32(bytes, sum);
        await file.writeFile(bytes);
      }
      if (sizeBytes !== entry.sizeBytes || sum >>> 0 !== entry.crc32) throw damaged(entry.name);
      return hash.digest('hex');
    } finally {
      signal.removeEventListener('abort', stop);
      source?.destroy();
    }
  }

  /** The last bytes of a file, unpacked and dropped on the way there. @throws {DocumentError} `ZIP_DAMAGED`. */
  async readEnd(entry: ZipEntry, sizeBytes: number, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted();
    let end = Buffer.alloc(0);
    for await (const bytes of readChunks(await this.#openEntry(entry), entry.name)) {
      signal.throwIfAborted();
      end = Buffer.concat([end, bytes.subarray(-sizeBytes)]).subarray(-sizeBytes);
    }
    return end;
  }

  async #openEntry(entry: ZipEntry): Promise<Readable> {
    try {
      return await this.#zip.openReadStreamPromise(entry.entry);
    } catch {
      throw damaged(entry.name);
    }
  }

  [Symbol.dispose](): void {
    this.#zip.close();
  }
}

/** Tells errors of the packed bytes from those of our disk. */
async function* readChunks(source: Readable, name: string): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const next = await chunks.next().catch(() => {
        throw damaged(name);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    source.destroy();
  }
}

async function readDirectory(zip: ZipFile, name: string, decode: (entry: Entry) => string): Promise<ZipEntry[]> {
  if (zip.entryCount > MAX_ZIP_ENTRIES)
    throw new DocumentError('ZIP_BOMB', `${name} holds ${zip.entryCount} files, more than any archive of scans.`);
  const entries: ZipEntry[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<ZipEntry[]>();
  zip.on('error', reject);
  zip.on('end', () => resolve(entries));
  zip.on('entry', (entry: Entry) => {
    const entryName = entries.length < MAX_ZIP_ENTRIES ? tryDecode(decode, entry) : undefined;
    if (entryName === undefined) return reject(damaged(name));
    entries.push({
      name: entryName,
      compressedBytes: entry.compressedSize,
      sizeBytes: entry.uncompressedSize,
      encrypted: entry.isEncrypted(),
      // Made on Unix (3) or macOS (19): the upper half of the attributes is its mode.
      mode: [3, 19].includes(entry.versionMadeBy >>> 8) ? entry.externalFileAttributes >>> 16 : 0,
      offset: entry.relativeOffsetOfLocalHeader,
      crc32: entry.crc32,
      entry,
    });
    zip.readEntry();
  });
  zip.readEntry();
  return promise;
}

type NameDecoder = Pick<typeof yauzlModule, 'getFileNameLowLevel' | 'parseExtraFields'>;

function tryDecode(decode: (entry: Entry) => string, entry: Entry): string | undefined {
  try {
    return decode(entry);
  } catch {
    return undefined;
  }
}

/** UTF-8 where the archive says so, code page 437 else (APPNOTE.TXT, 4.4.4), as most tools do; `\` of old Windows tools becomes `/`. */
function nameOf(yauzl: NameDecoder, entry: Entry): string {
  const fields = yauzl.parseExtraFields(entry.extraFieldRaw);
  return yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, fields, false);
}

function damaged(name: string): DocumentError {
  return new DocumentError('ZIP_DAMAGED', `${name} is damaged: it cannot be unpacked.`, {
    safe: 'The file itself was not touched.',
    remedy: 'Unpack it on your computer and put the PDFs in the folder.',
  });
}
