import type { FileHandle } from 'node:fs/promises';

/** TLS delivers 16 KiB at a time: a write for each would take longer than the network. */
const BATCH_BYTES = 1024 * 1024;

/** Writes a file from a place on, many pieces at once, while the next ones arrive. Holds two batches at most. */
export class BatchWriter {
  readonly #file: FileHandle;
  #position: number;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(file: FileHandle, position: number) {
    this.#file = file;
    this.#position = position;
  }

  /** True once the disk has refused a write. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Takes a piece. Gives something to wait for when a batch is full. */
  add(bytes: Uint8Array): Promise<void> | undefined {
    this.#batch.push(bytes);
    this.#batchBytes += bytes.length;
    return this.#batchBytes < BATCH_BYTES ? undefined : this.#begin();
  }

  /** Settles when all is written. @throws the disk's error. */
  async flush(): Promise<void> {
    await this.#begin();
    await this.#writing;
  }

  /** Settles when the batch before is written; this one is under way then. */
  async #begin(): Promise<void> {
    await this.#writing;
    const batch = this.#batch;
    const position = this.#position;
    this.#position += this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
    if (batch.length === 0) return;
    this.#writing = this.#write(batch, position);
    // Looked at by whoever waits next; until then it is not uncaught.
    this.#writing.catch(() => undefined);
  }

  async #write(batch: readonly Uint8Array[], position: number): Promise<void> {
    try {
      const sizeBytes = batch.reduce((sum, bytes) => sum + bytes.length, 0);
      let { bytesWritten } = await this.#file.writev(batch, position);
      if (bytesWritten === sizeBytes) return;
      // A disk that is nearly full takes a part; what it says to the rest is the error.
      const bytes = Buffer.concat(batch);
      while (bytesWritten < sizeBytes) {
        bytesWritten += (await this.#file.write(bytes, bytesWritten, sizeBytes - bytesWritten, position + bytesWritten))
          .bytesWritten;
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }
}
