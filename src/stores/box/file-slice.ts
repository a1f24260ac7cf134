import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { OutputError } from '../../core/errors.ts';

const READ_BYTES = 256 * 1024;

/** What is to be read: `sizeBytes` bytes of a file from `startByte` on. */
export interface SliceOf {
  readonly file: string;
  readonly startByte: number;
  readonly sizeBytes: number;
}

/**
 * A part of a file as a stream that can be had again, so that a call whose body was half sent can be repeated without
 * holding the body in memory. Opens the file at the first read. Fails with an OutputError where the file is shorter.
 */
export class FileSlice extends Readable {
  readonly slice: SliceOf;
  #handle: FileHandle | undefined;
  #readBytes = 0;

  constructor(slice: SliceOf) {
    super({ highWaterMark: READ_BYTES });
    this.slice = slice;
  }

  /** The same bytes from the beginning. */
  again(): FileSlice {
    return new FileSlice(this.slice);
  }

  override _read(): void {
    this.#readNext().then(
      (bytes) => this.push(bytes),
      (error: unknown) => this.destroy(asArtifactError(error, this.slice.file)),
    );
  }

  override _destroy(error: Error | null, finish: (error?: Error | null) => void): void {
    void this.#closeFile(() => finish(error));
  }

  async #closeFile(then: () => void): Promise<void> {
    try {
      await this.#handle?.close();
    } catch {
      // Closed or gone already: all that was read has been read.
    } finally {
      then();
    }
  }

  async #readNext(): Promise<Buffer | null> {
    const left = this.slice.sizeBytes - this.#readBytes;
    if (left === 0) return null;
    this.#handle ??= await open(this.slice.file, 'r');
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, left));
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.slice.startByte + this.#readBytes);
    if (bytesRead === 0) throw artifactChanged(this.slice.file, 'it is shorter than it was');
    this.#readBytes += bytesRead;
    return buffer.subarray(0, bytesRead);
  }
}

/** Says that a file on this machine is no longer what was to be stored. */
export function artifactChanged(file: string, why: string): OutputError {
  return new OutputError('DIGEST_DIFFERS', `${file} changed before it was stored.`, {
    why: `While it was sent, ${why}.`,
    safe: 'Nothing half-written is left in Box.',
  });
}

/** Says that a file on this machine cannot be read. */
export function asArtifactError(error: unknown, file: string): Error {
  if (error instanceof OutputError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  return new OutputError('ARTIFACT_UNREADABLE', `${file} cannot be read to be stored (${code}).`, {
    safe: 'Nothing half-written is left in Box.',
  });
}
