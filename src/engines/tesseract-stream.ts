import type { ChildProcess } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { childEnvironment } from '../core/child-environment.ts';
import type { PageImage } from '../core/page.ts';
import { startProgram } from '../files/start-program.ts';
import { PageDivisions } from './page-divisions.ts';
import { respoolBytes, spoolBytes } from './spool-bytes.ts';
import { writeTiff } from './write-tiff.ts';

/** Pages one process reads before it is replaced: what it keeps of memory stays bounded. */
const PAGES_A_PROCESS = 100;
/** Loading a large model from a slow disk takes seconds. */
const START_TIMEOUT_MS = 30_000;
/** Where the process finds the image: the file it was given at its start. */
const IMAGE_DESCRIPTOR = 3;
const IMAGE_PATH = `/dev/fd/${IMAGE_DESCRIPTOR}`;

/** White and too small for text: its answer, which is shorter than any buffer, shows that answers come at once. */
export const PROBE_IMAGE: PageImage = {
  widthPx: 40,
  heightPx: 40,
  dpi: 300,
  bitsPerPixel: 8,
  data: new Uint8Array(1600).fill(255),
  toPoints: [1, 0, 0, 1, 0, 0],
};

interface Reading {
  readonly settled: PromiseWithResolvers<string | undefined>;
  readonly chunks: Buffer[];
  readonly divisions: PageDivisions;
  bytes: number;
}

/**
 * A Tesseract process that reads one page after the other (`stream_filelist`): it is started, and its models are loaded,
 * once. It is told of the next page when the last one's text has come. Linux only.
 */
export class TesseractStream implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #image: FileHandle;
  readonly #maxBytes: number;
  readonly #gone: Promise<void>;
  #reading: Reading | undefined;
  #pages = 0;
  #ended = false;

  private constructor(child: ChildProcess, image: FileHandle, maxBytes: number) {
    this.#child = child;
    this.#image = image;
    this.#maxBytes = maxBytes;
    child.stdout?.on('data', (chunk: Buffer) => this.#hear(chunk));
    child.stderr?.resume();
    // A process that is gone closes its pipes: its end says so.
    child.stdin?.on('error', () => this.kill());
    this.#gone = new Promise((resolve) => {
      for (const event of ['error', 'exit'] as const) child.once(event, () => resolve(this.#end()));
    });
  }

  /**
   * Starts a process; `settings` are Tesseract's arguments after its input and output. Undefined where it does not work
   * as a stream, after a moment.
   */
  static async start(
    program: string,
    settings: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<TesseractStream | undefined> {
    const image = await spoolBytes([]);
    if (!image) return undefined;
    // Without a terminal its output is held back until there are some thousand bytes; stdbuf(1) lets lines out.
    const args = ['-oL', program, '-', 'stdout', ...settings, '-c', 'stream_filelist=1'];
    const stdio = ['pipe', 'pipe', 'pipe', image.fd] as const;
    const env = childEnvironment('engine', process.env);
    const child = await startProgram('stdbuf', args, { stdio: [...stdio], env }).catch(() => undefined);
    if (!child) {
      // Why is found out where the page is read alone.
      await image.close();
      return undefined;
    }
    const stream = new TesseractStream(child, image, maxBytes);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
    const answer = await stream.read(PROBE_IMAGE, patience).catch(() => undefined);
    if (answer !== undefined) return stream;
    await stream[Symbol.asyncDispose]();
    signal.throwIfAborted();
    return undefined;
  }

  /** It may be given another page. */
  get usable(): boolean {
    return !this.#ended && this.#pages < PAGES_A_PROCESS;
  }

  /**
   * The hOCR of one page, with what stands before it; undefined where the process ended over it.
   * @throws {PageError} `IMAGE_UNREADABLE`. Rejects with the signal's reason when it aborts; the process is gone then.
   */
  async read(image: PageImage, signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted();
    const bytes = writeTiff(image);
    try {
      await respoolBytes(this.#image, bytes);
    } catch {
      // No room for it: the other way says so, or does without.
      return undefined;
    }
    if (this.#ended) return undefined;
    const settled = Promise.withResolvers<string | undefined>();
    this.#reading = { settled, chunks: [], divisions: new PageDivisions(), bytes: 0 };
    const kill = (): void => this.kill();
    signal.addEventListener('abort', kill, { once: true });
    try {
      if (signal.aborted) kill();
      this.#child.stdin?.write(`${IMAGE_PATH}\n`);
      const hocr = await settled.promise;
      signal.throwIfAborted();
      this.#pages++;
      return hocr;
    } finally {
      signal.removeEventListener('abort', kill);
    }
  }

  #hear(chunk: Buffer): void {
    const reading = this.#reading;
    if (!reading) return;
    reading.bytes += chunk.length;
    if (reading.bytes > this.#maxBytes) {
      this.kill();
      return;
    }
    reading.chunks.push(chunk);
    if (!reading.divisions.take(chunk)) return;
    this.#reading = undefined;
    reading.settled.resolve(Buffer.concat(reading.chunks).toString('utf8'));
  }

  #end(): void {
    this.#ended = true;
    this.#reading?.settled.resolve(undefined);
    this.#reading = undefined;
  }

  /** Ends it at once; a page under way is lost. */
  kill(): void {
    this.#child.kill('SIGKILL');
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#end();
  }

  /** Ends it, and waits for its end: only then does the system count its time as this process's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#gone;
    await this.#image.close();
  }
}
