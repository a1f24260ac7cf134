import { Worker } from 'node:worker_threads';
import { asArtifactError } from './file-slice.ts';

/** A part of the file, as asked of the thread. */
export interface PartAsked {
  readonly startByte: number;
  readonly sizeBytes: number;
}

/** What the thread answers: the digest, or the errno of the disk. */
export interface PartAnswered {
  readonly startByte: number;
  readonly sha1?: Uint8Array | undefined;
  readonly code?: string | undefined;
}

/**
 * Takes the SHA-1 of a file's parts on a thread of its own, in the order they are asked for: Box wants it before the part,
 * and beside TLS it would be a third of an upload's work. Close it.
 */
export class PartDigests implements AsyncDisposable {
  readonly #file: string;
  readonly #worker: Worker;
  readonly #asked = new Map<number, PromiseWithResolvers<Buffer>>();

  constructor(file: string) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.#file = file;
    this.#worker = new Worker(new URL(`./part-digest-worker.${extension}`, import.meta.url), { workerData: file });
    this.#worker.on('message', (answer: PartAnswered) => this.#settle(answer));
    this.#worker.once('error', (error) => this.#failAll(error));
    this.#worker.once('exit', () => this.#failAll(new Error('the hashing thread ended')));
  }

  /** Asked for a part again it answers the same. @throws {OutputError} the file cannot be read, or is shorter. */
  digestOf({ startByte, sizeBytes }: PartAsked): Promise<Buffer> {
    const known = this.#asked.get(startByte);
    if (known) return known.promise;
    const asked = Promise.withResolvers<Buffer>();
    // Asked ahead: whoever gives up before does not look at it.
    asked.promise.catch(() => undefined);
    this.#asked.set(startByte, asked);
    const message: PartAsked = { startByte, sizeBytes };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(message);
    return asked.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #settle({ startByte, sha1, code }: PartAnswered): void {
    const asked = this.#asked.get(startByte);
    if (sha1) asked?.resolve(Buffer.from(sha1));
    else asked?.reject(asArtifactError(Object.assign(new Error(code ?? 'unknown reason'), { code }), this.#file));
  }

  #failAll(error: Error): void {
    for (const asked of this.#asked.values()) asked.reject(error);
  }
}
