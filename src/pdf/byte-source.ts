import { open, type FileHandle } from 'node:fs/promises';
import { asSourceError } from '../core/read-failure.ts';

const BLOCK_BYTES = 16 * 1024;
/** 4 MiB: page objects and cross-references near each other are read once. */
const MAX_BLOCKS = 256;

/** Bytes of a file by ranges, in bounded memory. Offsets count from `origin`, as those in a PDF do from its header. */
export class ByteSource {
  /** Bytes from `origin` to the end. */
  readonly sizeBytes: number;
  /** Of offset 0, in the file. */
  readonly origin: number;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #blocks = new Map<number, Promise<Uint8Array>>();

  private constructor(file: string, handle: FileHandle, fileBytes: number, origin: number) {
    this.#file = file;
    this.#handle = handle;
    this.sizeBytes = fileBytes - origin;
    this.origin = origin;
  }

  /** Opens a file; the caller closes it. @throws {DocumentError} `SOURCE_GONE`, `SOURCE_UNREADABLE`. */
  static async open(file: string): Promise<ByteSource> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(file, 'r');
      return new ByteSource(file, handle, (await handle.stat()).size, 0);
    } catch (error) {
      await handle?.close();
      throw asSourceError(error, file);
    }
  }

  /** The same open file with offsets counted from elsewhere; closing either closes both. */
  from(origin: number): ByteSource {
    return new ByteSource(this.#file, this.#handle, this.origin + this.sizeBytes, this.origin + origin);
  }

  /** The bytes of a range, fewer where the file ends or before its start. The answer may be shared: it is not to be changed. */
  async read(offset: number, lengthBytes: number): Promise<Uint8Array> {
    const start = Math.min(Math.max(0, offset), this.sizeBytes);
    const end = Math.min(Math.max(start, offset + lengthBytes), this.sizeBytes);
    if (end - start > 4 * BLOCK_BYTES) return this.#readDirect(start, end);
    const first = Math.floor(start / BLOCK_BYTES);
    const last = Math.floor(Math.max(start, end - 1) / BLOCK_BYTES);
    if (first === last) {
      const block = await this.#block(first);
      return block.subarray(start - first * BLOCK_BYTES, end - first * BLOCK_BYTES);
    }
    const out = new Uint8Array(end - start);
    for (let index = first; index <= last; index++) {
      const block = await this.#block(index);
      const blockStart = index * BLOCK_BYTES;
      const from = Math.max(start, blockStart);
      out.set(block.subarray(from - blockStart, end - blockStart), from - start);
    }
    return out;
  }

  async close(): Promise<void> {
    this.#blocks.clear();
    await this.#handle.close();
  }

  async #block(index: number): Promise<Uint8Array> {
    const known = this.#blocks.get(index);
    if (known) {
      // Move to the young end: a Map keeps the order of insertion.
      this.#blocks.delete(index);
      this.#blocks.set(index, known);
      return known;
    }
    const start = index * BLOCK_BYTES;
    const block = this.#readDirect(start, Math.min(start + BLOCK_BYTES, this.sizeBytes));
    this.#blocks.set(index, block);
    block.catch(() => this.#blocks.delete(index));
    if (this.#blocks.size > MAX_BLOCKS) {
      const [oldest] = this.#blocks.keys();
      if (oldest !== undefined) this.#blocks.delete(oldest);
    }
    return block;
  }

  async #readDirect(start: number, end: number): Promise<Uint8Array> {
    const out = Buffer.allocUnsafe(end - start);
    let filled = 0;
    while (filled < out.length) {
      const at = this.origin + start + filled;
      const { bytesRead } = await this.#handle.read(out, filled, out.length - filled, at).catch((error: unknown) => {
        throw asSourceError(error, this.#file);
      });
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return out.subarray(0, filled);
  }
}
