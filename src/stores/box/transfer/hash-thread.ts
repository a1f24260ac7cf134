import { Worker } from 'node:worker_threads';

/**
 * Takes the SHA-1 of a file while it grows, on a thread of its own: beside TLS it would be half of a transfer's work.
 * Close it.
 */
export class HashThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #digest: Promise<string>;

  /** `sizeBytes` above 0. */
  constructor(file: string, sizeBytes: number) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = new URL(`./hash-worker.${extension}`, import.meta.url);
    const worker = new Worker(entry, { workerData: { file, sizeBytes } });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the hashing thread ended without a digest')));
    // Whoever gives up early does not look at it.
    promise.catch(() => undefined);
    this.#worker = worker;
    this.#digest = promise;
  }

  /** Says that all bytes before this one are in the file. Calls ascend; the last names the file's size. */
  advance(endByte: number): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(endByte);
  }

  /** Lower-case hex; settles after the last byte was told of. */
  digest(): Promise<string> {
    return this.#digest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
